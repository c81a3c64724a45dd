// SPDX-License-Identifier: Apache-2.0
// What a made-up library says to people (AF): SIP2 gives reasons in no other form (reference: sip2, quirk 16).
import type { Refusal } from './circulation.ts';

export type Language = 'zh-CN' | 'en';

type Words = Readonly<Record<Language, string>>;

const say = (zh: string, en: string): Words => ({ 'zh-CN': zh, en });

const REFUSAL_WORDS: Readonly<Record<Refusal, Words>> = {
  'unknown-patron': say('没有这位读者', 'No such patron'),
  'inactive-patron': say('读者证已失效', 'This patron is no longer registered'),
  'wrong-pin': say('读者密码错误', 'Wrong password'),
  blocked: say('读者证已停用，请到服务台', 'Borrowing is blocked: please ask at the desk'),
  'too-many-loans': say('已达借书上限', 'As many books as allowed are lent already'),
  overdue: say('逾期图书过多，请先归还', 'Too many overdue books: please return them first'),
  'owes-fees': say('欠费超过限额，请先缴费', 'Fees are due: please pay first'),
  'unknown-item': say('没有这本书', 'No such item'),
  'not-for-loan': say('仅供馆内阅览', 'For use in the library only'),
  'not-at-hand': say('本书不在馆，请交给工作人员', 'Not available: please hand it to the staff'),
  'lent-to-another': say('本书已借给其他读者', 'Lent to another patron'),
  'held-for-another': say('本书已被其他读者预约', 'Held for another patron'),
  'not-lent-to-patron': say('本书不在该读者名下', 'Not lent to this patron'),
  'renewal-denied': say('该读者不能续借', 'Renewal is not allowed'),
  'renewed-too-often': say('续借次数已满', 'Renewed as often as allowed'),
  'wanted-by-another': say('其他读者已预约，不能续借', 'Wanted by another patron'),
  'already-lent': say('已借出，请用续借', 'Lent already: please renew'),
  'fee-not-accepted': say('借阅本书需付费，请确认', 'A fee is due for this: please accept it'),
  'nothing-to-undo': say('没有可撤销的操作', 'Nothing to undo'),
  'hold-limit': say('已达预约上限', 'As many holds as allowed'),
  'already-held': say('已预约过', 'Held already'),
  'no-such-hold': say('没有这条预约', 'No such hold'),
  'bad-amount': say('金额有误', 'The amount is not a sum of money'),
  'owes-less': say('金额超过欠费', 'More than is owed'),
};

const NOTES = {
  lent: say('借书成功', 'Lent'),
  renewed: say('续借成功', 'Renewed'),
  returned: say('还书成功', 'Returned'),
  'not-lent': say('本书未借出，已登记归还', 'Was not lent; noted as returned'),
  'held-for-someone': say('有读者预约，请放到预约架', 'Held for a patron: put it on the hold shelf'),
  elsewhere: say('请送回所属馆', 'Belongs to another branch'),
  undone: say('已撤销', 'Undone'),
  held: say('预约成功', 'Held'),
  'hold-cancelled': say('预约已取消', 'Hold cancelled'),
  blocked: say('读者证已停用', 'This card is blocked'),
  'please-return': say('请尽快归还逾期图书', 'Please return your overdue books'),
  paid: say('缴费成功', 'Paid'),
  goodbye: say('谢谢，再见', 'Thank you, goodbye'),
  'off-line': say('系统维护中', 'Closed for maintenance'),
} as const satisfies Readonly<Record<string, Words>>;
export type Note = keyof typeof NOTES;

export const refusalText = (refusal: Refusal, language: Language): string => REFUSAL_WORDS[refusal][language];
export const noteText = (note: Note, language: Language): string => NOTES[note][language];

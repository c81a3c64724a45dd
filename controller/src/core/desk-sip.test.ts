// SPDX-License-Identifier: Apache-2.0
// Between a desk's words and SIP2's: what is asked, and what an answer means.
import { type SipMessage, STANDARD_OPTIONS } from '@latchkey/protocols/sip2/message';
import { readMessage } from '@latchkey/protocols/sip2/read-message';
import { writeMessage } from '@latchkey/protocols/sip2/write-message';
import { describe, expect, it } from 'vitest';
import { holderOf, loanAnswer, patronAnswer, renewAllAnswer, returnAnswer } from './desk-sip-answers.ts';
import { actRequest, feeRequest, patronRequest, type SipContext } from './desk-sip-requests.ts';

const OPTIONS = { ...STANDARD_OPTIONS, charset: 'utf-8', checksum: 'off' } as const;
const ZONE = 'Asia/Shanghai';
const AT = Date.parse('2026-11-22T14:03:09+08:00');
const CONTEXT: SipContext = {
  institution: 'LIB',
  location: 'Desk 1',
  terminalPassword: 'tp',
  language: '019',
  timeZone: ZONE,
  nowMs: AT,
};
const asked = { line: '1', item: 'b1', patron: '2026001', ref: null };

function read<C extends SipMessage['code']>(text: string): SipMessage<C> {
  const message = readMessage(new TextEncoder().encode(text), OPTIONS);
  if (!message.ok) throw new Error(message.code);
  return message.value as SipMessage<C>;
}
function written({ code, fixed, fields }: ReturnType<typeof actRequest> | ReturnType<typeof feeRequest>): string {
  const bytes = writeMessage(code, fixed as never, fields as never, 0, OPTIONS);
  if (!bytes.ok) throw new Error(bytes.detail);
  return new TextDecoder().decode(bytes.value).trimEnd();
}
const LOANED = '20261122    140309AOLIB|AA2026001|ABb1|AJTitle|';

describe('what a desk asks', () => {
  it('is a loan of now, with blanks where no due date is forced', () => {
    expect(written(actRequest(CONTEXT, { ...asked, act: 'loan' }, false, undefined))).toBe(
      '11YN20261122    140309                  AOLIB|ABb1|ACtp|AA2026001|BON|',
    );
  });

  it('is, of what has happened, not to be blocked, with its own time and due date', () => {
    const stored = { atMs: AT - 3_600_000, dueMs: AT + 86_400_000 };
    expect(written(actRequest(CONTEXT, { ...asked, act: 'loan' }, true, stored))).toMatch(
      /^11YY20261122 {4}13030920261123 {4}140309.*BOY\|$/,
    );
    expect(
      written(actRequest(CONTEXT, { ...asked, act: 'return', patron: null }, true, { ...stored, dueMs: null })),
    ).toMatch(/^09Y20261122 {4}13030920261122 {4}130309/);
  });

  it('is the list of holds that wait, in the language of the desk', () => {
    expect(patronRequest(CONTEXT, '2026001', 'holds').fixed).toMatchObject({ language: '019', summary: 'Y         ' });
  });

  it('is money in a currency', () => {
    const fee = { number: '2026001', amount: '2.50', currency: null, payment: 'cash' } as const;
    expect(written(feeRequest(CONTEXT, fee))).toMatch(/^3720261122 {4}1403090100CNYBV2\.50\|/);
  });
});

describe('what a loan became', () => {
  it('is due as the library writes it, and as an instant where that can be read', () => {
    const answer = loanAnswer(read(`121NUN${LOANED}AH20261224    235959|`), false, ZONE);
    expect(answer).toMatchObject({
      outcome: 'ok',
      renewed: false,
      title: 'Title',
      due: { text: '20261224    235959' },
    });
    expect(answer.due?.at).toBe(Date.parse('2026-12-24T23:59:59+08:00'));
    expect(loanAnswer(read(`121NUN${LOANED}AHnext term|`), false, ZONE).due).toEqual({ text: 'next term', at: null });
  });

  it('is a renewal where the patron had it', () => {
    expect(loanAnswer(read(`121YUN${LOANED}AH|`), false, ZONE)).toMatchObject({ renewed: true, due: null });
  });

  it('is a fee first, and a refusal where the fee was accepted already', () => {
    const refused = read<'12'>(`120NUN${LOANED}AH|BV1.00|BHCNY|AFFee`);
    expect(loanAnswer(refused, false, ZONE)).toMatchObject({
      outcome: 'fee',
      fee: { amount: '1.00', currency: 'CNY' },
    });
    expect(loanAnswer(refused, true, ZONE)).toMatchObject({ outcome: 'refused', detail: 'Fee' });
    expect(loanAnswer(read(`120NUN${LOANED}AH|BV0.00|AFone|AFtwo|`), false, ZONE)).toMatchObject({
      outcome: 'refused',
      detail: 'one\ntwo',
    });
  });
});

describe('what a return became', () => {
  it.each([
    ['CV01|', 'hold'],
    ['CY2026009|', 'hold'],
    ['CV04|', 'elsewhere'],
    ['', 'other'],
  ])('with an alert %s is %s', (fields, alert) => {
    expect(returnAnswer(read(`101YUY20261122    140309AOLIB|ABb1|AQmain|${fields}`))).toMatchObject({
      outcome: 'ok',
      alert,
    });
  });

  it('without one says who had it', () => {
    expect(returnAnswer(read('101YUN20261122    140309AOLIB|ABb1|AQmain|AA2026001|CL3|'))).toMatchObject({
      alert: null,
      patron: '2026001',
      sortBin: '3',
    });
  });
});

const PATRON = (flags: string, fields: string) =>
  read<'64'>(`64${flags}01920261122    140309000100020003        0005${fields}`);
const OPEN = ' '.repeat(14);

describe('what is said of a patron', () => {
  it('has blocks by position, counts, and blanks for what is not known', () => {
    const answer = patronAnswer(
      PATRON(
        `${'Y'.padEnd(9)}    `.padEnd(13).concat(' '),
        'AOLIB|AA1|AELi Hua|BLY|CB0010|BV3.20|BHCNY|CC20|AShold one|',
      ),
    );
    expect(answer).toMatchObject({
      outcome: 'found',
      patron: {
        name: 'Li Hua',
        conditions: ['chargeDenied'],
        charged: { count: 3, limit: 10 },
        fines: null,
        fees: { amount: '3.20', limit: '20' },
        holdsWaiting: ['hold one'],
      },
    });
  });

  it('is nobody without name and validity, and somebody who may not where there is a name', () => {
    expect(patronAnswer(PATRON(OPEN, 'AOLIB|AA1|AE|BLN|AFwho?|'))).toEqual({ outcome: 'unknown', message: 'who?' });
    expect(patronAnswer(PATRON(OPEN, 'AOLIB|AA1|AELi|BLN|'))).toMatchObject({ outcome: 'inactive' });
    expect(patronAnswer(PATRON(OPEN, 'AOLIB|AA1|AELi|'))).toMatchObject({ outcome: 'found' });
  });
});

describe('who has an item', () => {
  const item = (status: string) => read<'18'>(`18${status}000120261122    140309ABb1|AJT|`);
  it.each([
    ['04', 'AUb1|', 'this-patron'],
    ['04', 'AUb1 Some title|', 'this-patron'],
    ['04', 'AUother|', 'another-patron'],
    ['04', '', 'unknown'],
    ['03', '', 'nobody'],
    ['12', 'AUother|', 'unknown'],
  ])('by status %s and list "%s" is %s', (status, list, holder) => {
    expect(holderOf(item(status), PATRON(OPEN, `AOLIB|AA1|AELi|${list}`), 'b1')).toBe(holder);
  });
});

describe('renewing all', () => {
  it('says which were and which were not', () => {
    expect(renewAllAnswer(read('6610001000120261122    140309AOLIB|BMa|BNb|'))).toMatchObject({
      outcome: 'ok',
      renewed: ['a'],
      unrenewed: ['b'],
    });
  });
});

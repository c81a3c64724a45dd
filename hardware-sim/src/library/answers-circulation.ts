// SPDX-License-Identifier: Apache-2.0
// Loans, returns and renewals asked for over SIP2 (11, 09, 29, 65) and their answers.
import type { Result } from '@latchkey/protocols/result';
import type { FixedOf } from '@latchkey/protocols/sip2/message';
import type { SipAnswer } from './answer-message.ts';
import {
  type Answering,
  type AnswerTo,
  actTime,
  barcodeText,
  dateNow,
  dueText,
  isStored,
  moneyText,
  noteLine,
  type Request,
  refusalLine,
  textOf,
} from './answering.ts';
import { type Act, type Lent, lend, type Refusal, renew, takeBack, undo, written } from './circulation.ts';
import { itemOf, loansOf } from './library-state.ts';

type LoanRequest = Request<'11'> | Request<'29'>;

function actOf(answering: Answering, request: LoanRequest): Act {
  const { noBlock, transactionDate, noBlockDueDate } = request.fixed;
  const stored = isStored(answering, noBlock);
  return {
    patron: textOf(request, 'AA'),
    item: textOf(request, 'AB') || textOf(request, 'AJ'),
    pin: textOf(request, 'AD'),
    atMs: actTime(answering, stored, transactionDate),
    noBlock: stored,
    unchecked: stored && answering.quirks.has('no-block-unchecked'),
    feeAccepted: textOf(request, 'BO') === 'Y',
    mayRenew: request.code === '29' || request.fixed.renewalPolicy === true,
    dueMs: stored && noBlockDueDate ? answering.calendar.instantOf(noBlockDueDate) : null,
    written: written(transactionDate, null, noBlockDueDate),
  };
}

export const loanAnswer: AnswerTo<'11'> = (answering, request) => {
  const act = actOf(answering, request);
  if (textOf(request, 'BI') !== 'Y') return lentAnswer('12', answering, act, lend(answering, act));
  const undone = undo(answering, act, 'return');
  const note = undone.ok ? noteLine(answering, 'undone') : refusalLine(answering, undone.code);
  return {
    code: '12',
    fixed: loanFixed(answering, undone.ok, false),
    fields: { ...namesOf(answering, act), AF: note },
  };
};

export const renewalAnswer: AnswerTo<'29'> = (answering, request) => {
  const act = actOf(answering, request);
  return lentAnswer('30', answering, act, renew(answering, act));
};

const loanFixed = (answering: Answering, ok: boolean, renewalOk: boolean): FixedOf<'12'> => ({
  ok,
  renewalOk,
  magneticMedia: 'U',
  desensitize: ok && !renewalOk,
  transactionDate: dateNow(answering),
});

const namesOf = ({ policy, state }: Answering, { patron, item }: Pick<Act, 'patron' | 'item'>) => ({
  AO: policy.institution,
  AA: patron,
  AB: item,
  AJ: state.items.get(item)?.title ?? '',
  AH: '',
});

function lentAnswer(code: '12' | '30', answering: Answering, act: Act, lent: Result<Lent, Refusal>): SipAnswer {
  const fixed = loanFixed(answering, lent.ok, lent.ok && lent.value.isRenewal);
  const names = namesOf(answering, act);
  const item = itemOf(answering.state, act.item, answering.policy);
  const fee =
    (item?.feeCents ?? 0) > 0 ? { BT: '06', BH: answering.policy.currency, BV: moneyText(item?.feeCents ?? 0) } : {};
  if (!lent.ok) {
    const owed = lent.code === 'fee-not-accepted' ? fee : {};
    return { code, fixed, fields: { ...names, ...owed, AF: refusalLine(answering, lent.code) } };
  }
  const note = noteLine(answering, lent.value.isRenewal ? 'renewed' : 'lent');
  const AH = dueText(answering, lent.value.loan.dueMs);
  return { code, fixed, fields: { ...names, AH, ...fee, CK: lent.value.item.mediaType ?? '001', AF: note } };
}

export const returnAnswer: AnswerTo<'09'> = (answering, request) => {
  const { noBlock, transactionDate, returnDate } = request.fixed;
  const stored = isStored(answering, noBlock);
  const act = {
    item: textOf(request, 'AB'),
    atMs: actTime(answering, stored, returnDate ?? transactionDate),
    noBlock: stored,
    written: written(transactionDate, returnDate),
  };
  if (textOf(request, 'BI') === 'Y') return undoneAnswer(answering, act);
  return returnedAnswer(answering, act, textOf(request, 'AP'));
};

type ReturnAct = Omit<Act, 'patron'>;

function undoneAnswer(answering: Answering, act: ReturnAct): SipAnswer {
  const undone = undo(answering, act, 'loan');
  const AF = undone.ok ? noteLine(answering, 'undone') : refusalLine(answering, undone.code);
  const fields = { AO: answering.policy.institution, AB: act.item, AQ: '', AF };
  return { code: '10', fixed: returnFixed(answering, undone.ok, false), fields };
}

const returnFixed = (answering: Answering, ok: boolean, alert: boolean): FixedOf<'10'> => ({
  ok,
  resensitize: ok,
  magneticMedia: 'U',
  alert,
  transactionDate: dateNow(answering),
});

function returnedAnswer(answering: Answering, act: ReturnAct, place: string): SipAnswer {
  const { policy, quirks, state } = answering;
  const back = takeBack(answering, act, place);
  if (!back.ok) {
    const fields = { AO: policy.institution, AB: act.item, AQ: '', AF: refusalLine(answering, back.code) };
    return { code: '10', fixed: returnFixed(answering, false, true), fields };
  }
  const { item, loan, heldFor, isElsewhere } = back.value;
  const note = heldFor ? 'held-for-someone' : isElsewhere ? 'elsewhere' : loan ? 'returned' : 'not-lent';
  const extra: (readonly [string, string])[] = [];
  if (heldFor) extra.push(['CV', '01'], ['CY', heldFor], ['DA', state.patrons.get(heldFor)?.name ?? '']);
  else if (isElsewhere) extra.push(['CV', '04'], ['CT', item.location ?? '']);
  return {
    code: '10',
    fixed: returnFixed(answering, true, heldFor !== undefined || isElsewhere),
    fields: {
      AO: policy.institution,
      AB: item.barcode,
      AQ: item.location ?? '',
      AJ: item.title,
      CL: item.sortBin,
      AA: loan?.patron,
      CK: item.mediaType ?? '001',
      CH: item.properties,
      AF: noteLine(answering, note),
    },
    extra: quirks.has('extensions') ? extra : [],
  };
}

export const renewAllAnswer: AnswerTo<'65'> = (answering, request) => {
  const { policy, state, nowMs } = answering;
  const patron = textOf(request, 'AA');
  const common = { patron, pin: textOf(request, 'AD'), atMs: nowMs, noBlock: false };
  const feeAccepted = textOf(request, 'BO') === 'Y';
  const renewed: string[] = [];
  const unrenewed: string[] = [];
  for (const [item] of loansOf(state, patron)) {
    const act = { ...common, item, feeAccepted, written: written(request.fixed.transactionDate) };
    const done = renew(answering, act);
    if (done.ok) renewed.push(barcodeText(answering, item));
    else unrenewed.push(`${barcodeText(answering, item)} ${refusalLine(answering, done.code)}`);
  }
  return {
    code: '66',
    fixed: {
      ok: renewed.length > 0 || (unrenewed.length === 0 && state.patrons.has(patron)),
      renewedCount: renewed.length,
      unrenewedCount: unrenewed.length,
      transactionDate: dateNow(answering),
    },
    fields: { AO: policy.institution, BM: renewed, BN: unrenewed },
  };
};

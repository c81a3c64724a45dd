// SPDX-License-Identifier: Apache-2.0
// Patrons asked for over SIP2 (23, 63, 01, 25, 35, 37) and their answers.
import {
  PATRON_CONDITIONS,
  SUMMARY_FIELDS,
  SUMMARY_LISTS,
  type SummaryList,
} from '@latchkey/protocols/sip2/enumerations';
import type { FixedOf } from '@latchkey/protocols/sip2/message';
import type { SipAnswer } from './answer-message.ts';
import {
  type Answering,
  type AnswerTo,
  barcodeText,
  dateNow,
  languageOf,
  moneyText,
  noteLine,
  type Request,
  refusalLine,
  textOf,
} from './answering.ts';
import { findPatron, record, written } from './circulation.ts';
import { blockPatron, enablePatron, pay } from './holds-and-debts.ts';
import { conditionsNow, debtsOf, holdsOf, loansOf, type Patron, patronOf, standingOf } from './library-state.ts';

/** Fourteen positions; somebody nobody knows may do nothing. */
function statusFlags(answering: Answering, patron: Patron | undefined): string {
  const { state, policy, nowMs, quirks } = answering;
  const isHarmless = (name: string) => name === 'recallDenied' || name === 'holdDenied';
  const denied = (name: string) => name.endsWith('Denied');
  const found = patron && !patron.expired ? conditionsNow(state, patron, policy, nowMs) : undefined;
  return PATRON_CONDITIONS.map((name) => {
    if (quirks.has('harmless-denials') && isHarmless(name)) return 'Y';
    return (found ? found.includes(name) : denied(name)) ? 'Y' : ' ';
  }).join('');
}

const patronFixed = (answering: Answering, patron: Patron | undefined, language: string): FixedOf<'24'> => ({
  patronStatus: statusFlags(answering, patron),
  language: /^\d{3}$/.test(language) ? language : '000',
  transactionDate: dateNow(answering),
});

/** BL, CQ and what is owed; blanks where the quirk leaves them out. */
function validity({ policy, quirks, state, nowMs }: Answering, patron: Patron | undefined, pin: string) {
  const isPinRight = patron?.pin === undefined || patron.pin === pin;
  const { owedCents } = patron ? standingOf(state, patron.number, nowMs) : { owedCents: 0 };
  return {
    ...(quirks.has('no-valid-patron') ? {} : { BL: patron && !patron.expired ? 'Y' : 'N' }),
    ...(pin === '' ? {} : { CQ: patron && isPinRight ? 'Y' : 'N' }),
    ...(owedCents > 0 ? { BH: policy.currency, BV: moneyText(owedCents) } : {}),
  };
}

function screenOf(answering: Answering, patron: Patron | undefined, code: string): string | undefined {
  const language = languageOf(answering, code);
  if (!patron) return refusalLine(answering, 'unknown-patron', language);
  if (patron.expired) return refusalLine(answering, 'inactive-patron', language);
  const { overdue } = standingOf(answering.state, patron.number, answering.nowMs);
  if ((patron.conditions ?? []).includes('chargeDenied')) return noteLine(answering, 'blocked', language);
  return overdue > 0 ? noteLine(answering, 'please-return', language) : undefined;
}

const whoOf = ({ policy }: Answering, number: string, patron: Patron | undefined) => ({
  AO: policy.institution,
  AA: number,
  AE: patron?.name ?? '',
});

function status(answering: Answering, request: Request<'23' | '01'>, patron: Patron | undefined): SipAnswer {
  const language = request.code === '23' ? request.fixed.language : '';
  return {
    code: '24',
    fixed: patronFixed(answering, patron, language),
    fields: {
      ...whoOf(answering, textOf(request, 'AA'), patron),
      ...validity(answering, patron, textOf(request, 'AD')),
      AF: screenOf(answering, patron, language),
    },
  };
}

const known = (answering: Answering, request: Request) =>
  patronOf(answering.state, textOf(request, 'AA'), answering.policy);

export const statusAnswer: AnswerTo<'23'> = (answering, request) =>
  status(answering, request, known(answering, request));

export const blockAnswer: AnswerTo<'01'> = (answering, request) => {
  const patron = known(answering, request);
  if (!patron) return status(answering, request, undefined);
  const blocked = blockPatron(answering.state, patron, request.fixed.cardRetained === true);
  const act = { patron: patron.number, item: null, written: written(request.fixed.transactionDate) };
  record(answering, 'patron-blocked', act);
  return status(answering, request, blocked);
};

export const enableAnswer: AnswerTo<'25'> = (answering, request) => {
  const patron = known(answering, request);
  const enabled = patron && enablePatron(answering.state, patron);
  const act = { patron: textOf(request, 'AA'), item: null, written: written(request.fixed.transactionDate) };
  if (enabled) record(answering, 'patron-enabled', act);
  const { BL, CQ }: { BL?: string; CQ?: string } = validity(answering, enabled, textOf(request, 'AD'));
  return {
    code: '26',
    fixed: patronFixed(answering, enabled, ''),
    fields: { ...whoOf(answering, act.patron, enabled), BL, CQ, AF: screenOf(answering, enabled, '') },
  };
};

/** Every list that 63 can ask for, as it is now. */
function listsOf(answering: Answering, patron: string): Readonly<Record<SummaryList, readonly string[]>> {
  const { state, nowMs } = answering;
  const loans = loansOf(state, patron);
  const { ready, waiting } = holdsOf(state, patron);
  const name = (barcode: string) => barcodeText(answering, barcode);
  return {
    holds: ready.map(name),
    overdue: loans.filter(([, { dueMs }]) => dueMs < nowMs).map(([item]) => name(item)),
    charged: loans.map(([item]) => name(item)),
    fines: debtsOf(state, patron).map(({ id, item, cents }) => [id, moneyText(cents), item ?? ''].join(' ').trim()),
    recalls: loans.filter(([item]) => (state.holds.get(item) ?? []).length > 0).map(([item]) => name(item)),
    unavailableHolds: waiting.map(name),
  };
}

/** One list a request, BP to BQ of it: both count from 1 and both are in it. */
function askedList(request: Request<'63'>, lists: Readonly<Record<SummaryList, readonly string[]>>) {
  const names = Object.keys(SUMMARY_LISTS) as SummaryList[];
  const asked = names.find((name) => request.fixed.summary[SUMMARY_LISTS[name]] === 'Y');
  if (asked === undefined) return {};
  const first = Math.max(1, Number.parseInt(textOf(request, 'BP'), 10) || 1);
  const last = Number.parseInt(textOf(request, 'BQ'), 10) || Number.POSITIVE_INFINITY;
  return { [SUMMARY_FIELDS[asked]]: lists[asked].slice(first - 1, last) };
}

export const informationAnswer: AnswerTo<'63'> = (answering, request) => {
  const { policy, quirks } = answering;
  const patron = known(answering, request);
  const lists = listsOf(answering, textOf(request, 'AA'));
  const count = (list: SummaryList) => (quirks.has('blank-counts') ? null : lists[list].length);
  const { language } = request.fixed;
  return {
    code: '64',
    fixed: {
      ...patronFixed(answering, patron, language),
      holdItems: count('holds'),
      overdueItems: count('overdue'),
      chargedItems: count('charged'),
      fineItems: count('fines'),
      recallItems: count('recalls'),
      unavailableHolds: count('unavailableHolds'),
    },
    fields: {
      ...whoOf(answering, textOf(request, 'AA'), patron),
      BZ: limit(policy.holdLimit),
      CA: limit(policy.overdueLimit),
      CB: limit(policy.loanLimit),
      CC: moneyText(policy.feeLimitCents),
      ...validity(answering, patron, textOf(request, 'AD')),
      ...(quirks.has('no-lists') ? {} : askedList(request, lists)),
      AF: screenOf(answering, patron, language),
    },
    extra: quirks.has('extensions') && patron?.group !== undefined ? [['PC', patron.group]] : [],
  };
};

const limit = (count: number): string => String(Math.min(count, 9_999)).padStart(4, '0');

export const endAnswer: AnswerTo<'35'> = (answering, request) => ({
  code: '36',
  fixed: { endSession: true, transactionDate: dateNow(answering) },
  fields: { AO: answering.policy.institution, AA: textOf(request, 'AA'), AF: noteLine(answering, 'goodbye') },
});

export const feeAnswer: AnswerTo<'37'> = (answering, request) => {
  const payment = {
    patron: textOf(request, 'AA'),
    pin: textOf(request, 'AD'),
    amount: textOf(request, 'BV'),
    debt: textOf(request, 'CG') || undefined,
    written: written(request.fixed.transactionDate),
  };
  const paid = findPatron(answering, payment.patron, payment.pin).ok ? pay(answering, payment) : undefined;
  const refusal = paid === undefined ? 'unknown-patron' : paid.ok ? undefined : paid.code;
  return {
    code: '38',
    fixed: { paymentAccepted: refusal === undefined, transactionDate: dateNow(answering) },
    fields: {
      AO: answering.policy.institution,
      AA: payment.patron,
      BK: textOf(request, 'BK') || undefined,
      AF: refusal === undefined ? noteLine(answering, 'paid') : refusalLine(answering, refusal),
      AG: refusal === undefined ? `${noteLine(answering, 'paid')} ${payment.amount}` : undefined,
    },
  };
};

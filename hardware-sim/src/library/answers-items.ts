// SPDX-License-Identifier: Apache-2.0
// Books asked for over SIP2 (17, 19, 15) and their answers.
import { readSipDate, writeSipDate } from '@latchkey/protocols/sip2/sip-date';
import {
  type Answering,
  type AnswerTo,
  dateNow,
  dueText,
  moneyText,
  noteLine,
  refusalLine,
  textOf,
} from './answering.ts';
import { record, written } from './circulation.ts';
import { changeHold } from './holds-and-debts.ts';
import { circulationStatus, itemOf } from './library-state.ts';

const UNKNOWN_ITEM = '01';

export const itemAnswer: AnswerTo<'17'> = (answering, request) => {
  const { state, policy } = answering;
  const barcode = textOf(request, 'AB');
  const item = itemOf(state, barcode, policy);
  const fixed = {
    securityMarker: '02',
    feeType: (item?.feeCents ?? 0) > 0 ? '06' : '01',
    transactionDate: dateNow(answering),
  };
  if (!item) {
    const fields = { AB: barcode, AJ: '', AF: refusalLine(answering, 'unknown-item') };
    return { code: '18', fixed: { ...fixed, circulationStatus: UNKNOWN_ITEM }, fields };
  }
  const loan = state.loans.get(barcode);
  const queue = state.holds.get(barcode) ?? [];
  const isReady = state.awaited.has(barcode) && queue.length > 0;
  return {
    code: '18',
    fixed: { ...fixed, circulationStatus: circulationStatus(state, item) },
    fields: {
      AB: barcode,
      AJ: item.title,
      CF: queue.length > 0 ? String(queue.length) : undefined,
      AH: loan && dueText(answering, loan.dueMs),
      CM: isReady ? pickupBy(answering, queue[0]?.untilMs ?? null) : undefined,
      BH: (item.feeCents ?? 0) > 0 ? policy.currency : undefined,
      BV: (item.feeCents ?? 0) > 0 ? moneyText(item.feeCents ?? 0) : undefined,
      CK: item.mediaType ?? '001',
      AQ: item.location,
      AP: loan ? undefined : item.location,
      CH: item.properties,
    },
  };
};

function pickupBy({ calendar }: Answering, untilMs: number | null): string | undefined {
  const date = untilMs === null ? undefined : writeSipDate(calendar.dateAt(untilMs));
  return date?.ok ? date.value : undefined;
}

export const propertiesAnswer: AnswerTo<'19'> = (answering, request) => {
  const { state, policy } = answering;
  const barcode = textOf(request, 'AB');
  const item = itemOf(state, barcode, policy);
  const changed = item && { ...item, properties: textOf(request, 'CH') };
  if (changed) {
    state.items.set(barcode, changed);
    record(answering, 'item-updated', { patron: null, item: barcode, written: written(request.fixed.transactionDate) });
  }
  return {
    code: '20',
    fixed: { itemPropertiesOk: changed !== undefined, transactionDate: dateNow(answering) },
    fields: {
      AB: barcode,
      AJ: item?.title,
      CH: changed?.properties,
      AF: changed ? undefined : refusalLine(answering, 'unknown-item'),
    },
  };
};

export const holdAnswer: AnswerTo<'15'> = (answering, request) => {
  const { policy, calendar } = answering;
  const until = readSipDate(textOf(request, 'BW'));
  const patron = textOf(request, 'AA');
  const barcode = textOf(request, 'AB') || textOf(request, 'AJ');
  const done = changeHold(answering, request.fixed.holdMode, {
    patron,
    item: barcode,
    pin: textOf(request, 'AD'),
    pickup: textOf(request, 'BS'),
    untilMs: until && calendar.instantOf(until),
    written: written(request.fixed.transactionDate),
  });
  const names = { AO: policy.institution, AA: patron, AB: barcode };
  const transactionDate = dateNow(answering);
  if (!done.ok) {
    const AF = refusalLine(answering, done.code);
    return { code: '16', fixed: { ok: false, available: false, transactionDate }, fields: { ...names, AF } };
  }
  const { item, hold, position, isAvailable } = done.value;
  return {
    code: '16',
    fixed: { ok: true, available: isAvailable, transactionDate },
    fields: {
      ...names,
      BW: hold && pickupBy(answering, hold.untilMs),
      BR: hold && String(position),
      BS: hold?.pickup || undefined,
      AJ: item.title,
      AF: noteLine(answering, hold ? 'held' : 'hold-cancelled'),
    },
  };
};

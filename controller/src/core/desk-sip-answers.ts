// SPDX-License-Identifier: Apache-2.0
// What a library answered, as a desk shows it (reference: sip2, 4 to 8). Reasons are free text and stay what they are; blocks come
// from the fourteen positions of the patron status; due dates are guessed at for sorting and shown as written.
import type { ConflictHolder } from '@latchkey/protocols/api/desk-terms';
import { patronConditions } from '@latchkey/protocols/sip2/enumerations';
import { fieldOf, fieldsOf, type SipMessage } from '@latchkey/protocols/sip2/message';
import { guessDueDate, sipDateAt } from '@latchkey/protocols/sip2/sip-date';
import type { ActAnswer, PatronOutcome } from './desk-state.ts';

const MOST_TEXT = 2_000;

/** Several lines are consecutive lines of one screen. */
function screenText(message: SipMessage): string | null {
  const text = fieldsOf(message, 'AF').join('\n').trim();
  return text === '' ? null : text.slice(0, MOST_TEXT);
}

const NO_COUNTS = { chargedItems: null, overdueItems: null, holdItems: null, fineItems: null } as const;

const text = (message: SipMessage, id: string): string | null => fieldOf(message, id)?.slice(0, 255) ?? null;

export function dueOf(message: SipMessage, timeZone: string): NonNullable<ActAnswer['due']> | null {
  const due = text(message, 'AH');
  if (due === null) return null;
  const local = guessDueDate(due);
  return { text: due, at: local === undefined ? null : instantOf(local, timeZone) };
}

/** Wall clock → instant: by the zone's offset at about that time. */
function instantOf(local: string, timeZone: string): number {
  const asUtc = Date.parse(`${local}Z`);
  const offset = Date.parse(`${sipDateAt(asUtc, timeZone).local}Z`) - asUtc;
  return Math.max(0, asUtc - offset);
}

function feeOf(message: SipMessage): NonNullable<ActAnswer['fee']> | null {
  const amount = fieldOf(message, 'BV');
  if (amount === undefined || !(Number(amount) > 0)) return null;
  return { amount: amount.slice(0, 40), currency: fieldOf(message, 'BH')?.slice(0, 3) ?? null };
}

export function loanAnswer(message: SipMessage<'12' | '30'>, feeAccepted: boolean, timeZone: string): ActAnswer {
  const fee = feeOf(message);
  const common = { title: text(message, 'AJ'), detail: screenText(message), fee, print: fieldsOf(message, 'AG') };
  if (message.fixed.ok)
    return { outcome: 'ok', ...common, renewed: message.fixed.renewalOk === true, due: dueOf(message, timeZone) };
  return { outcome: fee !== null && !feeAccepted ? 'fee' : 'refused', ...common };
}

/** Alert types of 3M's extensions (CV): holds here and elsewhere, then transfers to other branches. */
const HOLD_ALERTS = ['01', '02'];
const TRANSFER_ALERTS = ['03', '04'];

export function returnAnswer(message: SipMessage<'10'>): ActAnswer {
  const { ok, alert } = message.fixed;
  const type = fieldOf(message, 'CV');
  const holdFor = fieldOf(message, 'CY') ?? null;
  const isHold = holdFor !== null || (type !== undefined && HOLD_ALERTS.includes(type));
  const isTransfer = type !== undefined && TRANSFER_ALERTS.includes(type);
  return {
    outcome: ok ? 'ok' : 'refused',
    title: text(message, 'AJ'),
    detail: screenText(message),
    sortBin: text(message, 'CL'),
    alert: isHold ? 'hold' : isTransfer ? 'elsewhere' : alert === true ? 'other' : null,
    holdFor: holdFor === null ? null : holdFor.slice(-4),
    patron: fieldOf(message, 'AA') ?? null,
    print: fieldsOf(message, 'AG'),
  };
}

function limitOf(message: SipMessage, id: string): number | null {
  const value = fieldOf(message, id)?.trim();
  return value !== undefined && /^\d{1,4}$/.test(value) ? Number(value) : null;
}

/** 24 has the name and the fourteen positions only. */
export function patronAnswer(message: SipMessage<'24' | '64'>): PatronOutcome {
  const fixed = { ...NO_COUNTS, ...message.fixed };
  const name = fieldOf(message, 'AE') ?? null;
  // Old servers leave BL out: whoever has a name is somebody.
  const valid = fieldOf(message, 'BL') ?? (name === null ? 'N' : 'Y');
  if (valid !== 'Y') return { outcome: name === null ? 'unknown' : 'inactive', message: screenText(message) };
  const fee = feeOf(message);
  return {
    outcome: 'found',
    patron: {
      name,
      conditions: patronConditions(fixed.patronStatus),
      charged: { count: fixed.chargedItems, limit: limitOf(message, 'CB') },
      overdue: { count: fixed.overdueItems, limit: limitOf(message, 'CA') },
      holds: { count: fixed.holdItems, limit: limitOf(message, 'BZ') },
      fines: fixed.fineItems,
      fees: fee && { ...fee, limit: text(message, 'CC') },
      holdsWaiting: fieldsOf(message, 'AS').map((each) => each.slice(0, 255)),
      message: screenText(message),
    },
  };
}

/** Lists of items are barcodes with some servers, barcodes and titles with others. */
export const listsItem = (message: SipMessage<'64'>, item: string): boolean =>
  fieldsOf(message, 'AU').some((each) => each === item || each.split(/[\s|,;]+/).includes(item));

const CHARGED = ['04', '05', '07', '11'];
const AT_HAND = ['03', '06', '08', '09', '10'];

/** Who has an item, as far as it and its would-be patron tell; `patron` absent: they were not asked. */
export function holderOf(
  item: SipMessage<'18'> | undefined,
  patron: SipMessage<'64'> | undefined,
  barcode: string,
): ConflictHolder {
  if (patron && listsItem(patron, barcode)) return 'this-patron';
  const status = item?.fixed.circulationStatus ?? '';
  if (AT_HAND.includes(status)) return 'nobody';
  if (!CHARGED.includes(status) || !patron) return 'unknown';
  // A list that is left out though there are items says nothing.
  const isListed = fieldsOf(patron, 'AU').length > 0 || patron.fixed.chargedItems === 0;
  return isListed ? 'another-patron' : 'unknown';
}

export function renewAllAnswer(message: SipMessage<'66'>) {
  const renewed = fieldsOf(message, 'BM').map((each) => each.slice(0, 255));
  const unrenewed = fieldsOf(message, 'BN').map((each) => each.slice(0, 255));
  return {
    outcome: message.fixed.ok ? ('ok' as const) : ('refused' as const),
    renewed,
    unrenewed,
    detail: screenText(message),
  };
}

export const feeAnswer = (message: SipMessage<'38'>) => ({
  paid: message.fixed.paymentAccepted === true,
  detail: screenText(message),
});

// SPDX-License-Identifier: Apache-2.0
// Loans, returns and renewals of a made-up library. What is sent with no block has happened already, so only what cannot be is
// refused of it (reference: sip2, 7): an unknown patron or book, or a book in another's hands.
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { PatronCondition } from '@latchkey/protocols/sip2/enumerations';
import { blocksLoans } from '@latchkey/protocols/sip2/enumerations';
import type { SipDate } from '@latchkey/protocols/sip2/sip-date';
import { type Calendar, daysLate } from './calendar.ts';
import type { LibraryPolicy } from './library-policy.ts';
import {
  conditionsNow,
  type Item,
  itemOf,
  type LibraryState,
  type Loan,
  type Patron,
  patronOf,
  type Transaction,
  type TransactionKind,
} from './library-state.ts';

export const REFUSALS = [
  'unknown-patron',
  'inactive-patron',
  'wrong-pin',
  'blocked',
  'too-many-loans',
  'overdue',
  'owes-fees',
  'unknown-item',
  'not-for-loan',
  'not-at-hand',
  'lent-to-another',
  'held-for-another',
  'not-lent-to-patron',
  'renewal-denied',
  'renewed-too-often',
  'wanted-by-another',
  'already-lent',
  'fee-not-accepted',
  'nothing-to-undo',
  'hold-limit',
  'already-held',
  'no-such-hold',
  'bad-amount',
  'owes-less',
] as const;
export type Refusal = (typeof REFUSALS)[number];

export interface Acting {
  readonly state: LibraryState;
  readonly policy: LibraryPolicy;
  readonly calendar: Calendar;
  readonly nowMs: number;
}

/** What every request for an act says about itself. */
export interface Act {
  readonly patron: string;
  readonly item: string;
  readonly pin?: string | undefined;
  /** When it counts as done: now, or when the desk says that it was. */
  readonly atMs: number;
  readonly noBlock: boolean;
  /** Takes a book out of another's hands where the rules would not. */
  readonly unchecked?: boolean;
  readonly feeAccepted?: boolean;
  readonly mayRenew?: boolean;
  /** The desk's, with no block. */
  readonly dueMs?: number | null;
  readonly written: Pick<Transaction, 'transactionDate' | 'returnDate' | 'noBlockDueDate'>;
}

export const written = (
  transactionDate: SipDate | null,
  returnDate: SipDate | null = null,
  noBlockDueDate: SipDate | null = null,
) => ({ transactionDate, returnDate, noBlockDueDate });

export interface Lent {
  readonly loan: Loan;
  readonly item: Item;
  readonly isRenewal: boolean;
}

export function record(
  { state, nowMs }: Acting,
  kind: TransactionKind,
  act: Pick<Act, 'written'> & { patron: string | null; item: string | null; noBlock?: boolean },
  more: { dueMs?: number; cents?: number } = {},
): void {
  const { patron, item, noBlock = false } = act;
  const { dueMs = null, cents = null } = more;
  state.transactions.push({ atMs: nowMs, kind, patron, item, noBlock, ...act.written, dueMs, cents });
}

/** Who they are, and that they are who they say. */
export function findPatron({ state, policy }: Acting, number: string, pin?: string): Result<Patron, Refusal> {
  const patron = patronOf(state, number, policy);
  if (!patron) return err('unknown-patron');
  if (patron.expired) return err('inactive-patron');
  const isAsked = policy.needsPin || (pin !== undefined && pin !== '');
  if (patron.pin !== undefined && isAsked && pin !== patron.pin) return err('wrong-pin');
  return ok(patron);
}

const WHY: readonly (readonly [PatronCondition, Refusal])[] = [
  ['tooManyCharged', 'too-many-loans'],
  ['tooManyOverdue', 'overdue'],
  ['excessiveFines', 'owes-fees'],
];

function mayBorrow(acting: Acting, patron: Patron): Refusal | undefined {
  const blocks = conditionsNow(acting.state, patron, acting.policy, acting.nowMs).filter(blocksLoans);
  if (blocks.length === 0) return undefined;
  return WHY.find(([condition]) => blocks.includes(condition))?.[1] ?? 'blocked';
}

function mayBeLent({ state }: Acting, item: Item, patron: string): Refusal | undefined {
  if (item.forReferenceOnly) return 'not-for-loan';
  if (item.status !== undefined && item.status !== '03') return 'not-at-hand';
  const awaited = state.awaited.get(item.barcode);
  if (awaited !== undefined && awaited !== patron) return 'held-for-another';
  return undefined;
}

export function lend(acting: Acting, act: Act): Result<Lent, Refusal> {
  const patron = findPatron(acting, act.patron, act.pin);
  if (!patron.ok) return patron;
  const item = itemOf(acting.state, act.item, acting.policy);
  if (!item) return err('unknown-item');
  const before = acting.state.loans.get(act.item);
  if (before?.patron === act.patron) {
    if (act.noBlock || (acting.policy.loanRenews && act.mayRenew)) return prolong(acting, act, item, before);
    return err('already-lent');
  }
  const takesOver = act.unchecked === true || (act.noBlock && acting.policy.reissues);
  if (before && !takesOver) return err('lent-to-another');
  const refusal = act.noBlock ? undefined : (mayBorrow(acting, patron.value) ?? mayBeLent(acting, item, act.patron));
  if (refusal) return err(refusal);
  if ((item.feeCents ?? 0) > 0 && act.feeAccepted !== true && !act.noBlock) return err('fee-not-accepted');
  return ok(begin(acting, act, item, before));
}

function begin(acting: Acting, act: Act, item: Item, before: Loan | undefined): Lent {
  const { state, policy, calendar } = acting;
  const dueMs = act.dueMs ?? calendar.endOfDay(act.atMs, policy.loanDays);
  const loan: Loan = { patron: act.patron, sinceMs: act.atMs, dueMs, renewals: 0 };
  state.loans.set(act.item, loan);
  state.undoable.set(act.item, { kind: 'loan', before });
  removeHold(state, act.item, act.patron);
  if ((item.feeCents ?? 0) > 0) owe(state, act.patron, { item: act.item, type: '06', cents: item.feeCents ?? 0 });
  record(acting, 'loan', act, { dueMs });
  return { loan, item, isRenewal: false };
}

/** A renewal, by 29 or 65, or by a loan of what the patron has already. */
export function renew(acting: Acting, act: Act): Result<Lent, Refusal> {
  const patron = findPatron(acting, act.patron, act.pin);
  if (!patron.ok) return patron;
  const item = itemOf(acting.state, act.item, acting.policy);
  if (!item) return err('unknown-item');
  const before = acting.state.loans.get(act.item);
  if (before?.patron !== act.patron) return err('not-lent-to-patron');
  return prolong(acting, act, item, before);
}

function prolong(acting: Acting, act: Act, item: Item, before: Loan): Result<Lent, Refusal> {
  const { state, policy, calendar } = acting;
  if (!act.noBlock) {
    const refusal = mayRenew(acting, act.item, before);
    if (refusal) return err(refusal);
    if ((item.feeCents ?? 0) > 0 && act.feeAccepted !== true) return err('fee-not-accepted');
  }
  const dueMs = act.dueMs ?? calendar.endOfDay(act.atMs, policy.loanDays);
  const loan: Loan = { ...before, dueMs, renewals: before.renewals + 1 };
  state.loans.set(act.item, loan);
  state.undoable.set(act.item, { kind: 'loan', before });
  record(acting, 'renewal', act, { dueMs });
  return ok({ loan, item, isRenewal: true });
}

function mayRenew({ state, policy, nowMs }: Acting, barcode: string, { patron, renewals }: Loan): Refusal | undefined {
  const known = patronOf(state, patron, policy);
  if (known && conditionsNow(state, known, policy, nowMs).includes('renewalDenied')) return 'renewal-denied';
  if (renewals >= policy.renewals) return 'renewed-too-often';
  return (state.holds.get(barcode) ?? []).length > 0 ? 'wanted-by-another' : undefined;
}

export interface Returned {
  readonly item: Item;
  /** Who had it. */
  readonly loan: Loan | undefined;
  /** For whom it is put aside now. */
  readonly heldFor: string | undefined;
  readonly isElsewhere: boolean;
}

/** `place`: where it came back. */
export function takeBack(acting: Acting, act: Omit<Act, 'patron'>, place: string): Result<Returned, Refusal> {
  const { state, policy } = acting;
  const item = itemOf(state, act.item, policy);
  if (!item) return err('unknown-item');
  const loan = state.loans.get(act.item);
  if (loan) {
    state.loans.delete(act.item);
    state.undoable.set(act.item, { kind: 'return', before: loan });
    const cents = daysLate(loan.dueMs, act.atMs) * policy.finePerDayCents;
    if (cents > 0) owe(state, loan.patron, { item: act.item, type: '04', cents });
    record(acting, 'return', { ...act, patron: loan.patron });
  }
  const heldFor = state.holds.get(act.item)?.[0]?.patron;
  if (heldFor !== undefined) state.awaited.set(act.item, heldFor);
  const isElsewhere = item.location !== undefined && place !== '' && place !== item.location;
  return ok({ item, loan, heldFor, isElsewhere });
}

/** BI: takes back the loan or the return that went wrong after the library had said yes. */
export function undo(acting: Acting, act: Omit<Act, 'patron'>, kind: 'loan' | 'return'): Result<Item, Refusal> {
  const { state } = acting;
  const item = state.items.get(act.item);
  const last = state.undoable.get(act.item);
  if (!item || last?.kind !== kind) return err('nothing-to-undo');
  const undone = state.loans.get(act.item) ?? last.before;
  if (last.before) state.loans.set(act.item, last.before);
  else state.loans.delete(act.item);
  state.undoable.delete(act.item);
  record(acting, kind === 'loan' ? 'loan-undone' : 'return-undone', { ...act, patron: undone?.patron ?? null });
  return ok(item);
}

export function owe(state: LibraryState, patron: string, debt: { item: string | null; type: string; cents: number }) {
  const debts = state.debts.get(patron) ?? [];
  const number = debts.reduce((most, { id }) => Math.max(most, Number(id)), 0) + 1;
  state.debts.set(patron, [...debts, { id: String(number).padStart(4, '0'), ...debt }]);
}

export function removeHold(state: LibraryState, item: string, patron: string): boolean {
  const queue = state.holds.get(item) ?? [];
  const rest = queue.filter((hold) => hold.patron !== patron);
  state.holds.set(item, rest);
  if (state.awaited.get(item) === patron) state.awaited.delete(item);
  return rest.length < queue.length;
}

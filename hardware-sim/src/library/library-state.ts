// SPDX-License-Identifier: Apache-2.0
// What a made-up library knows: patrons, books, loans, holds, debts, and every transaction that it carried out. One writer, no
// clock: whoever acts says when.
import type { PatronCondition } from '@latchkey/protocols/sip2/enumerations';
import type { SipDate } from '@latchkey/protocols/sip2/sip-date';
import { conditionsOf, type LibraryPolicy, type Standing } from './library-policy.ts';

export interface Patron {
  /** What their card says to the library: a student number, here. */
  readonly number: string;
  readonly name: string;
  readonly pin?: string;
  readonly group?: string;
  /** Set by people, not by rules. */
  readonly conditions?: readonly PatronCondition[];
  /** No longer a patron: BL is N. */
  readonly expired?: boolean;
}

export interface Item {
  readonly barcode: string;
  readonly title: string;
  readonly callNumber?: string;
  /** Where it belongs; elsewhere it sets off the alert when it comes back. */
  readonly location?: string;
  readonly sortBin?: string;
  /** SIP2's three digits; 001 is a book. */
  readonly mediaType?: string;
  /** SIP2's two digits where the book is neither lent nor at hand: 02 on order, 06 in process, 12 lost, 13 missing. */
  readonly status?: string;
  readonly forReferenceOnly?: boolean;
  /** To be agreed to before it is lent. */
  readonly feeCents?: number;
  /** CH, as 19 sets it. */
  readonly properties?: string;
}

export interface Loan {
  readonly patron: string;
  readonly sinceMs: number;
  readonly dueMs: number;
  readonly renewals: number;
}

export interface Hold {
  readonly patron: string;
  readonly placedMs: number;
  readonly pickup: string;
  readonly untilMs: number | null;
}

export interface Debt {
  readonly id: string;
  readonly item: string | null;
  /** SIP2's two digits. */
  readonly type: string;
  readonly cents: number;
}

export const TRANSACTION_KINDS = [
  'loan',
  'renewal',
  'return',
  'loan-undone',
  'return-undone',
  'hold',
  'hold-cancelled',
  'payment',
  'patron-blocked',
  'patron-enabled',
  'item-updated',
] as const;
export type TransactionKind = (typeof TRANSACTION_KINDS)[number];

/** Carried out; what was refused is not here. */
export interface Transaction {
  /** The library's own clock. */
  readonly atMs: number;
  readonly kind: TransactionKind;
  readonly patron: string | null;
  readonly item: string | null;
  readonly noBlock: boolean;
  /** As the desk wrote them. */
  readonly transactionDate: SipDate | null;
  readonly returnDate: SipDate | null;
  readonly noBlockDueDate: SipDate | null;
  /** When the book is due back by this. */
  readonly dueMs: number | null;
  readonly cents: number | null;
}

/** What may be taken back with BI. */
export interface Undoable {
  readonly kind: 'loan' | 'return';
  readonly before: Loan | undefined;
}

export interface LibraryState {
  readonly patrons: Map<string, Patron>;
  readonly items: Map<string, Item>;
  /** By barcode, as are holds, who is awaited on the hold shelf, and what can be undone. */
  readonly loans: Map<string, Loan>;
  readonly holds: Map<string, readonly Hold[]>;
  readonly awaited: Map<string, string>;
  readonly undoable: Map<string, Undoable>;
  readonly debts: Map<string, readonly Debt[]>;
  readonly transactions: Transaction[];
}

export function newState(patrons: Iterable<Patron>, items: Iterable<Item>): LibraryState {
  return {
    patrons: new Map([...patrons].map((patron) => [patron.number, patron])),
    items: new Map([...items].map((item) => [item.barcode, item])),
    loans: new Map(),
    holds: new Map(),
    awaited: new Map(),
    undoable: new Map(),
    debts: new Map(),
    transactions: [],
  };
}

export function patronOf({ patrons }: LibraryState, number: string, { takesAnything }: LibraryPolicy) {
  const known = patrons.get(number);
  if (known || !takesAnything || number === '') return known;
  const made: Patron = { number, name: 'Reader' };
  patrons.set(number, made);
  return made;
}

export function itemOf({ items }: LibraryState, barcode: string, { takesAnything }: LibraryPolicy) {
  const known = items.get(barcode);
  if (known || !takesAnything || barcode === '') return known;
  const made: Item = { barcode, title: `Book ${barcode}` };
  items.set(barcode, made);
  return made;
}

export const loansOf = ({ loans }: Pick<LibraryState, 'loans'>, patron: string): [string, Loan][] =>
  [...loans].filter(([, loan]) => loan.patron === patron);

export const debtsOf = ({ debts }: Pick<LibraryState, 'debts'>, patron: string): readonly Debt[] =>
  debts.get(patron) ?? [];

type Accounts = Pick<LibraryState, 'loans' | 'debts'>;

export function standingOf(state: Accounts, patron: string, nowMs: number): Standing {
  const loans = loansOf(state, patron);
  return {
    charged: loans.length,
    overdue: loans.filter(([, { dueMs }]) => dueMs < nowMs).length,
    owedCents: debtsOf(state, patron).reduce((sum, { cents }) => sum + cents, 0),
  };
}

export const conditionsNow = (state: Accounts, patron: Patron, policy: LibraryPolicy, nowMs: number) =>
  conditionsOf(patron.conditions ?? [], standingOf(state, patron.number, nowMs), policy);

/** Holds of a patron: those whose book waits for them, and those that wait for a book. */
export function holdsOf(
  { holds, awaited }: Pick<LibraryState, 'holds' | 'awaited'>,
  patron: string,
): { ready: string[]; waiting: string[] } {
  const theirs = [...holds].filter(([, queue]) => queue.some((hold) => hold.patron === patron)).map(([item]) => item);
  return {
    ready: theirs.filter((item) => awaited.get(item) === patron),
    waiting: theirs.filter((item) => awaited.get(item) !== patron),
  };
}

/** SIP2's two digits. */
export function circulationStatus({ loans, awaited, holds }: LibraryState, item: Item): string {
  if (item.status !== undefined) return item.status;
  if (loans.has(item.barcode)) return (holds.get(item.barcode)?.length ?? 0) > 0 ? '07' : '04';
  return awaited.has(item.barcode) ? '08' : '03';
}

/** How often something was done with each book. */
export function timesOf(transactions: readonly Transaction[], kind: TransactionKind): Map<string, number> {
  const times = new Map<string, number>();
  for (const { kind: was, item } of transactions)
    if (was === kind && item !== null) times.set(item, (times.get(item) ?? 0) + 1);
  return times;
}

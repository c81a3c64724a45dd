// SPDX-License-Identifier: Apache-2.0
// What a counter session of the library desk knows, what happens to it and what it asks for (DESIGN 2, desk). The screen's own
// forms are those of the contract with the page (protocols/api/desk).
import type { DeskAction, DeskAnswer, DeskItem, DeskPatron } from '@latchkey/protocols/api/desk';
import type {
  DeskAct,
  DeskColour,
  DeskNotice,
  DeskSound,
  LibraryState,
  ListBlock,
} from '@latchkey/protocols/api/desk-terms';
import type { LoanTerms } from '@latchkey/protocols/authorization/policy-document';
import type { PatronCondition } from '@latchkey/protocols/sip2/enumerations';

/** Whoever a card, a code or a librarian named. */
export interface DeskPerson {
  /** As the library knows the patron. */
  readonly number: string;
  /** Of the credential, for events; null where a librarian typed the number. */
  readonly ref: string | null;
  /** From the signed list; null: it says nothing of this person. */
  readonly terms: LoanTerms | null;
  readonly blocks: readonly ListBlock[];
}

/** What the library says of a patron. */
export interface PatronAnswer {
  readonly name: string | null;
  readonly conditions: readonly PatronCondition[];
  readonly charged: DeskPatron['charged'];
  readonly overdue: DeskPatron['overdue'];
  readonly holds: DeskPatron['holds'];
  readonly fines: number | null;
  readonly fees: DeskPatron['fees'];
  readonly holdsWaiting: readonly string[];
  readonly message: string | null;
}
export type PatronOutcome =
  | { readonly outcome: 'found'; readonly patron: PatronAnswer }
  /** Not known there, or known and not valid. */
  | { readonly outcome: 'unknown' | 'inactive'; readonly message: string | null }
  | { readonly outcome: 'no-answer' };

/**
 * - `fee`: refused until a fee is accepted.
 * - `not-sent`: the library was not asked. `unknown`: it was, and what it did is not known.
 */
export interface ActAnswer {
  readonly outcome: 'ok' | 'refused' | 'fee' | 'not-sent' | 'unknown';
  /** A loan that turned out to be a renewal. */
  readonly renewed?: boolean;
  readonly title?: string | null;
  readonly due?: DeskItem['due'];
  readonly fee?: DeskItem['fee'];
  readonly detail?: string | null;
  readonly sortBin?: string | null;
  readonly alert?: 'hold' | 'elsewhere' | 'other' | null;
  readonly holdFor?: string | null;
  /** Who had it, of a return. */
  readonly patron?: string | null;
  readonly print?: readonly string[];
}

/** What is pressed about whoever stands here; the rest is read as a scan, or is about the ledger. */
export type SessionAction = Exclude<DeskAction, { kind: 'scan' } | { kind: 'decide' } | { kind: 'imported' }>;

export type DeskEvent =
  | { readonly kind: 'identified'; readonly person: DeskPerson }
  | { readonly kind: 'not-identified'; readonly notice: DeskNotice; readonly detail?: string }
  | { readonly kind: 'item'; readonly item: string }
  | { readonly kind: 'not-an-item' }
  | { readonly kind: 'action'; readonly action: SessionAction }
  | { readonly kind: 'patron'; readonly session: string; readonly answer: PatronOutcome }
  | { readonly kind: 'answered'; readonly line: string; readonly answer: ActAnswer }
  /** Durable here. */
  | { readonly kind: 'kept'; readonly line: string }
  | { readonly kind: 'not-written'; readonly line: string }
  /** What became of a line whose answer had not come; `line` undefined: an earlier run's. `answer`: where the library gave one. */
  | {
      readonly kind: 'resolved';
      readonly line: string | undefined;
      readonly item: string;
      readonly act: DeskAct;
      readonly done: boolean;
      readonly answer?: ActAnswer;
    }
  | {
      readonly kind: 'renewed-all';
      readonly session: string;
      readonly outcome: 'ok' | 'refused' | 'no-answer';
      readonly renewed: readonly string[];
      readonly unrenewed: readonly string[];
      readonly detail: string | null;
    }
  /** `paid` null: told, and not answered. */
  | {
      readonly kind: 'fee-answered';
      readonly session: string;
      readonly paid: boolean | null;
      readonly detail: string | null;
    }
  | { readonly kind: 'notice'; readonly notice: DeskNotice; readonly detail?: string }
  /** It answers (again). */
  | { readonly kind: 'library-up' }
  /** Somebody with the station's token opened the page. */
  | { readonly kind: 'opened'; readonly mode: DeskSession['mode'] }
  | { readonly kind: 'timer' };

export interface AskedAct {
  readonly line: string;
  readonly act: DeskAct;
  readonly item: string;
  /** Null for a return. */
  readonly patron: string | null;
  readonly ref: string | null;
}

export type DeskEffect =
  | { readonly kind: 'ask-patron'; readonly session: string; readonly number: string }
  /** Write it down, then ask the library. */
  | ({ readonly kind: 'ask'; readonly feeAccepted: boolean } & AskedAct)
  /** Write it down and let it wait for the library. `asked`: the line is written already, and the library may have it. */
  | ({ readonly kind: 'keep'; readonly due: number | null; readonly asked: 'no' | 'not-sent' | 'unknown' } & AskedAct)
  /** The line is written, was never sent, and will not be. */
  | { readonly kind: 'drop'; readonly line: string }
  | { readonly kind: 'renew-all'; readonly session: string; readonly number: string }
  | {
      readonly kind: 'pay';
      readonly session: string;
      readonly number: string;
      readonly amount: string;
      readonly currency: string | null;
      readonly payment: 'cash' | 'visa' | 'creditCard';
    }
  | { readonly kind: 'end-session'; readonly number: string }
  | { readonly kind: 'timer'; readonly afterMs: number };

/** What the machine is told of the world at each step. */
export interface DeskContext {
  readonly nowMs: number;
  readonly library: LibraryState;
  /** Books somebody holds and the library does not know of. */
  readonly keptLoans: (patron: string) => number;
  /** The library has still to be told something about this item. */
  readonly isWaiting: (item: string) => boolean;
  readonly idle: { readonly warnMs: number; readonly endMs: number };
}

export interface DeskLine extends DeskItem {
  readonly patron: string | null;
  readonly ref: string | null;
}

export interface TakenPatron {
  readonly person: DeskPerson;
  readonly session: string;
  /** Null until the library answered, and while it cannot. */
  readonly library: PatronAnswer | null;
  /** Lent and returned in this session since the library told its counts. */
  readonly lentSince: number;
}

export interface DeskSession {
  readonly mode: 'staffed' | 'self-service';
  readonly taking: 'loans' | 'returns';
  readonly patron: TakenPatron | null;
  /** Newest first. */
  readonly lines: readonly DeskLine[];
  readonly sound: { readonly seq: number; readonly sound: DeskSound } | null;
  readonly notice: {
    readonly seq: number;
    readonly notice: DeskNotice;
    readonly colour: DeskColour;
    readonly detail: string | null;
  } | null;
  /** Of what anybody last did. */
  readonly touchedMs: number;
  readonly warned: boolean;
  readonly counter: number;
  /** Of the session just over, for its receipt. */
  readonly last: {
    readonly ending: string | null;
    readonly lines: readonly DeskLine[];
    readonly printed: readonly string[];
  } | null;
  readonly printed: readonly string[];
}

export interface DeskStep {
  readonly state: DeskSession;
  readonly effects: readonly DeskEffect[];
  /** Of an action that was not taken. */
  readonly refused?: NonNullable<DeskAnswer['code']>;
}

export const startDesk = (mode: DeskSession['mode'], nowMs: number): DeskSession => ({
  mode,
  taking: 'loans',
  patron: null,
  lines: [],
  sound: null,
  notice: null,
  touchedMs: nowMs,
  warned: false,
  counter: 0,
  last: null,
  printed: [],
});

/** Characters of a number that are enough to tell two people at a counter apart. */
export const endingOf = (number: string): string => number.slice(-4);

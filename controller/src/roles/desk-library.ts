// SPDX-License-Identifier: Apache-2.0
// The library as a desk uses it: questions with answers that are values, whatever became of the connection.
import type { ConflictHolder, LibraryState } from '@latchkey/protocols/api/desk-terms';
import type { ActAnswer, AskedAct, PatronOutcome } from '../core/desk-state.ts';

export interface RenewAllAnswer {
  readonly outcome: 'ok' | 'refused' | 'no-answer';
  readonly renewed: readonly string[];
  readonly unrenewed: readonly string[];
  readonly detail: string | null;
}

/** What has happened already, told afterwards and not to be refused (reference: sip2, 7, off-line). */
export interface StoredAct {
  readonly atMs: number;
  readonly dueMs: number | null;
}

/** What the library has of an item now. */
export type Finding =
  /** As this desk would have it: lent to that patron, or back. */
  | { readonly outcome: 'as-said' }
  | { readonly outcome: 'not-so'; readonly holder: ConflictHolder; readonly holderDue: string | null }
  | { readonly outcome: 'no-answer' };

export interface DeskLibrary {
  state(): { readonly state: LibraryState; readonly name: string | null; readonly takesStored: boolean | null };
  patron(number: string): Promise<PatronOutcome>;
  act(asked: AskedAct, feeAccepted: boolean, stored?: StoredAct): Promise<ActAnswer>;
  find(asked: AskedAct): Promise<Finding>;
  renewAll(number: string): Promise<RenewAllAnswer>;
  /** `paid` null: it was told, and did not answer. */
  pay(fee: {
    readonly number: string;
    readonly amount: string;
    readonly currency: string | null;
    readonly payment: 'cash' | 'visa' | 'creditCard';
  }): Promise<{ readonly paid: boolean | null; readonly detail: string | null }>;
  /** Never rejects; the answer says nothing. */
  endSession(number: string): Promise<void>;
}

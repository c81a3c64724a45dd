// SPDX-License-Identifier: Apache-2.0
// What the journal's two threads tell each other.
import type { JournalLimits, JournalRow, StoredStatus } from './journal-database.ts';

export interface JournalWorkerData {
  readonly path: string;
  readonly limits: JournalLimits;
}

export type JournalRequest =
  | { readonly kind: 'append'; readonly id: number; readonly at: number; readonly body: string }
  | { readonly kind: 'acknowledge'; readonly id: number; readonly upTo: number }
  | { readonly kind: 'read'; readonly id: number; readonly fromSeq: number; readonly limit: number }
  | { readonly kind: 'status'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number };

export type JournalReply =
  /** The database is open; `damaged` names where an unreadable one was set aside. */
  | { readonly kind: 'opened'; readonly damaged?: string }
  /** The events of `ids`, in order, are durable as `firstSeq`, `firstSeq + 1`, …; with acknowledgements of the same commit. */
  | { readonly kind: 'committed'; readonly ids: readonly number[]; readonly firstSeq: number; readonly pending: number }
  | { readonly kind: 'acknowledged'; readonly ids: readonly number[]; readonly pending: number }
  | { readonly kind: 'rows'; readonly id: number; readonly rows: readonly JournalRow[] }
  | { readonly kind: 'status'; readonly id: number; readonly status: StoredStatus; readonly freeBytes: number }
  | { readonly kind: 'closed'; readonly id: number }
  | { readonly kind: 'failed'; readonly ids: readonly number[]; readonly code: string; readonly message: string };

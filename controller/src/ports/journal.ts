// SPDX-License-Identifier: Apache-2.0
// The event journal: what is appended survives a power cut before the caller goes on (DESIGN 1.2), and stays until acknowledged.
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';

export interface JournalStatus {
  /** 16 hex digits, drawn when the journal was made: a wiped device never collides with its former self. */
  readonly epoch: string;
  /** The number the next event gets; the first is 1. */
  readonly nextSeq: number;
  /** Everything up to here is committed at the gateway; 0: nothing yet. */
  readonly ackedSeq: number;
  readonly stored: number;
  /** Stored and not acknowledged. */
  readonly pending: number;
  readonly freeBytes: number;
}

export interface Journal {
  /** Resolves once durable. Rejects when the disk is full or failing; the event then has no number. Appends keep their order. */
  append(event: JournalEvent): Promise<{ readonly seq: number }>;
  /** At most `limit` events from `fromSeq` on, in order. Events already trimmed are left out. */
  read(fromSeq: number, limit: number): Promise<readonly { readonly seq: number; readonly event: JournalEvent }[]>;
  /** Everything up to and including `upTo` is safe at the gateway and may be trimmed. Never goes back. */
  acknowledge(upTo: number): Promise<void>;
  status(): Promise<JournalStatus>;
  /** Waits for appends under way. */
  close(): Promise<void>;
}

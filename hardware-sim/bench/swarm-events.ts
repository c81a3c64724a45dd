// SPDX-License-Identifier: Apache-2.0
// Events as a gate's journal holds them, in batches as it uploads them.
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';
import { MAX_EVENTS_A_BATCH } from '@latchkey/protocols/mqtt/messages';

export function batchOf(epoch: string, first: number): Uint8Array {
  const events = Array.from({ length: MAX_EVENTS_A_BATCH }, (_, index) => eventOf(first + index));
  return encodeEnvelope({ epoch, first, events });
}

/** A resident at a gate, as the journal holds it. */
export function eventOf(seq: number): JournalEvent {
  return {
    type: 'access-granted',
    at: 1_790_000_000_000 + seq * 1_000,
    clock: 'synced',
    portal: 'north' as Extract<JournalEvent, { type: 'request-to-exit' }>['portal'],
    direction: seq % 2 === 0 ? 'in' : 'out',
    reader: 'north-in',
    credential: { ref: (seq % 20_000).toString(16).padStart(16, '0'), class: 'uid-only' },
    admission: `a${seq}`,
    list: { scope: 1, version: 42 },
    profile: 0,
    via: 'list',
  };
}

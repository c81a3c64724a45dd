// SPDX-License-Identifier: Apache-2.0
// What core says happened: a journal event without its instant, which the shell stamps as it records.
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';

type WithoutInstant<E> = E extends JournalEvent ? Omit<E, 'at' | 'clock'> : never;
export type EventBody = WithoutInstant<JournalEvent>;

/** One passage, from the grant to taken or not taken. */
export type Passage = Omit<Extract<EventBody, { type: 'access-taken' }>, 'type'>;

// SPDX-License-Identifier: Apache-2.0
// Grants that an earlier run left without an end: the power failed, or the controller was stopped, before the door answered.
// Each is told once as not known, since nobody saw whether the door opened (DESIGN 1.2, 1.5).
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';
import type { EventBody, Passage } from '../core/event-body.ts';
import type { Journal } from '../ports/journal.ts';

/**
 * How far back a start looks. A grant ends within minutes, so that only what a run told last can be open; a run that could not
 * conclude (its disk was full) leaves it to the next.
 */
const LOOK_BACK_EVENTS = 5_000;
const BATCH = 500;

export interface ConcludeParts {
  readonly journal: Pick<Journal, 'read' | 'status'>;
  /** Of the present run: what it grants, it ends. */
  readonly boot: string;
  readonly record: (event: EventBody) => Promise<unknown>;
}

type Granted = Extract<JournalEvent, { type: 'access-granted' }>;

/** Resolves with how many there were. Rejects when the journal cannot be read: nothing is told then, and the next start tries. */
export async function concludeEarlier({ journal, boot, record }: ConcludeParts): Promise<number> {
  const { nextSeq } = await journal.status();
  const open = new Map<string, Granted>();
  for (let from = Math.max(1, nextSeq - LOOK_BACK_EVENTS); from < nextSeq; from += BATCH) {
    const rows = await journal.read(from, Math.min(BATCH, nextSeq - from));
    for (const { seq, event } of rows) if (seq < nextSeq) follow(open, event);
  }
  const left = [...open.values()].filter(({ admission }) => !admission.startsWith(`${boot}-`));
  await Promise.all(left.map((granted) => record({ type: 'access-unconcluded', ...passageOf(granted) })));
  return left.length;
}

function follow(open: Map<string, Granted>, event: JournalEvent): void {
  switch (event.type) {
    case 'access-granted':
      open.set(event.admission, event);
      return;
    case 'access-taken':
    case 'access-not-taken':
    case 'access-unconcluded':
      open.delete(event.admission);
      return;
    default:
  }
}

function passageOf({ portal, direction, reader, credential, admission }: Granted): Passage {
  return { portal, direction, credential, admission, ...(reader === undefined ? {} : { reader }) };
}

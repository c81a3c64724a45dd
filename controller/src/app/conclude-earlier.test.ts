// SPDX-License-Identifier: Apache-2.0
// Every grant ends, also the one that a power cut left open (reference: door, granted is not entered).
import { portalId } from '@latchkey/protocols/ids';
import { type JournalEvent, journalEvent } from '@latchkey/protocols/mqtt/events';
import { describe, expect, it } from 'vitest';
import { concludeEarlier } from './conclude-earlier.ts';

const stamp = { at: 1_790_000_000_000, clock: 'free' } as const;
const passage = (admission: string) => ({
  portal: portalId.parse('north'),
  direction: 'in' as const,
  reader: 'front',
  credential: { ref: '00000000000000a1', class: 'uid-only' as const },
  admission,
});
const granted = (admission: string): JournalEvent => ({
  ...stamp,
  type: 'access-granted',
  ...passage(admission),
  via: 'list',
  list: { scope: 7, version: 3 },
});
const ended = (type: 'access-taken' | 'access-not-taken', admission: string): JournalEvent => ({
  ...stamp,
  type,
  ...passage(admission),
});
const filler: JournalEvent = { ...stamp, type: 'request-to-exit', portal: portalId.parse('north') };

/** A journal that loses nothing; `refuses` is a full disk. */
function disk(events: JournalEvent[], refuses = false) {
  const reads: number[] = [];
  return {
    reads,
    unconcluded: () => events.flatMap((each) => (each.type === 'access-unconcluded' ? [each.admission] : [])),
    start: (boot: string) =>
      concludeEarlier({
        boot,
        journal: {
          status: async () => ({
            epoch: '0'.repeat(16),
            nextSeq: events.length + 1,
            ackedSeq: 0,
            stored: events.length,
            pending: 0,
            freeBytes: 1,
          }),
          async read(from, limit) {
            reads.push(limit);
            return events.slice(from - 1, from - 1 + limit).map((event, index) => ({ seq: from + index, event }));
          },
        },
        async record(body) {
          if (!refuses) events.push(journalEvent.parse({ ...body, ...stamp }));
        },
      }),
  };
}

describe('grants that an earlier run left without an end', () => {
  it('are told as not known, exactly once, however often the power fails', async () => {
    const { start, unconcluded } = disk([
      granted('a-1'),
      ended('access-taken', 'a-1'),
      granted('a-2'),
      granted('a-3'),
      ended('access-not-taken', 'a-2'),
      granted('a-4'),
    ]);
    expect(await start('b')).toBe(2);
    expect(unconcluded()).toEqual(['a-3', 'a-4']);
    expect(await start('c')).toBe(0);
    expect(unconcluded()).toEqual(['a-3', 'a-4']);
  });

  it('say who and where, and claim no list and no decision of their own', async () => {
    const events = [granted('a-1')];
    await disk(events).start('b');
    expect(events.at(-1)).toEqual({ ...stamp, type: 'access-unconcluded', ...passage('a-1') });
  });

  it('are not those of the present run, which the door will end', async () => {
    const { start, unconcluded } = disk([granted('a-1'), granted('b-1')]);
    await start('b');
    expect(unconcluded()).toEqual(['a-1']);
  });

  it('wait for the next start where the disk refuses', async () => {
    const events = [granted('a-1')];
    await disk(events, true).start('b');
    const { start, unconcluded } = disk(events);
    expect(await start('c')).toBe(1);
    expect(unconcluded()).toEqual(['a-1']);
  });

  it('are looked for in a bounded part of the journal', async () => {
    const { start, reads } = disk([granted('a-1'), ...Array.from({ length: 20_000 }, () => filler), granted('a-2')]);
    expect(await start('b')).toBe(1);
    expect(reads.reduce((sum, limit) => sum + limit, 0)).toBe(5_000);
  });
});

// SPDX-License-Identifier: Apache-2.0
// Every fault shows at the desk what its line says, leaves done what it says is done, and goes when it is used up; hostile bytes
// end at most their own connection.
import { makeAuthority } from '@latchkey/controller/adapters/authority.test-support';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../campus/residents.ts';
import { FAULT_KINDS, FAULTS, type Fault, type FaultKind } from './faults.ts';
import {
  DATE,
  isSumRight,
  NO_DATE,
  openRawDesk,
  type RawDesk,
  startTestLibrary,
  type TestLibrary,
  withTail,
} from './library.test-support.ts';

const loan = (item: string, sequence: number) => withTail(`11YN${DATE}${NO_DATE}AOLIB|AAP1|AB${item}|AC|`, sequence);

let library: TestLibrary;
let desk: RawDesk;
beforeEach(async () => {
  library = await startTestLibrary();
  desk = await openRawDesk(library.port);
});
afterEach(async () => {
  desk.close();
  await library.close();
});

const strike = (...faults: Fault[]) => library.set({ faults });
/** What comes of a loan: the answer, or how there was none. */
const lend = (withinMs?: number) => {
  desk.send(`${loan('B1', 1)}\r`);
  return desk.next(withinMs).catch((error: Error) => error.message);
};
const SILENT_MS = 60;
const done = () => library.transactions.length;
const ANSWER = /^121NUY.*AY1AZ[0-9A-F]{4}$/;
const ENDED = 'the connection ended';

const SHOWN: Readonly<Record<FaultKind, () => Promise<void>>> = {
  async slow() {
    strike({ kind: 'slow', beforeMs: 30, afterMs: 40 });
    const since = performance.now();
    const answer = desk.ask(loan('B1', 1));
    await expect.poll(done, { interval: 1 }).toBe(1);
    expect(performance.now() - since).toBeGreaterThan(28);
    expect(await answer).toMatch(ANSWER);
    expect(performance.now() - since).toBeGreaterThan(67);
  },
  async 'drop-before'() {
    expect([await lend(), done()]).toEqual([ENDED, 0]);
  },
  async 'drop-after'() {
    expect([await lend(), done()]).toEqual([ENDED, 1]);
  },
  async 'reset-before'() {
    expect([await lend(), done()]).toEqual([ENDED, 0]);
  },
  async 'reset-after'() {
    expect([await lend(), done()]).toEqual([ENDED, 1]);
  },
  async 'silence-before'() {
    expect([await lend(SILENT_MS), done()]).toEqual(['no answer', 0]);
  },
  async 'silence-after'() {
    expect([await lend(SILENT_MS), done()]).toEqual(['no answer', 1]);
    expect(await desk.ask('97AZFEF5')).toMatch(ANSWER);
  },
  async 'half-answer'() {
    expect([await lend(), done()]).toEqual([ENDED, 1]);
    expect(desk.bytes().toString()).toMatch(/^121NUY/);
    expect(desk.bytes().includes(0x0d)).toBe(false);
  },
  async 'byte-by-byte'() {
    expect(await desk.ask(loan('B1', 1))).toMatch(ANSWER);
  },
  async 'wrong-checksum'() {
    const answer = await lend();
    expect(answer).toMatch(ANSWER);
    expect(isSumRight(answer)).toBe(false);
    expect(isSumRight(await desk.ask('97AZFEF5'))).toBe(true);
  },
  async 'damaged-answer'() {
    const answer = await lend();
    expect(isSumRight(answer)).toBe(false);
    expect(await desk.ask('97AZFEF5')).toMatch(ANSWER);
  },
  async 'wrong-sequence'() {
    const answer = await lend();
    expect(answer).toMatch(/AY6AZ/);
    expect(isSumRight(answer)).toBe(true);
  },
  async 'repeat-answer'() {
    const answer = await lend();
    expect(await desk.next()).toBe(answer);
    expect(done()).toBe(1);
  },
  async 'stale-answer'() {
    strike();
    const status = await desk.ask(withTail('9900802.00', 9));
    strike({ kind: 'stale-answer', times: 1 });
    expect(await lend()).toBe(status);
    expect(await desk.next()).toMatch(ANSWER);
  },
  async garbage() {
    expect(await lend()).not.toMatch(/^\d\d/);
    expect(await desk.next()).toMatch(ANSWER);
  },
  async 'endless-line'() {
    expect((await desk.ask(loan('B1', 1))).length).toBeGreaterThan(100_000);
  },
  async 'status-instead'() {
    expect([await lend(), done()]).toEqual([expect.stringMatching(/^98.*AY1AZ/), 0]);
    expect(await lend()).toMatch(ANSWER);
  },
  async 'resend-wanted'() {
    expect([await lend(), done()]).toEqual(['96AZFEF6', 0]);
    expect(await lend()).toMatch(ANSWER);
  },
};

it.each(FAULT_KINDS.map((kind) => ({ kind, says: FAULTS[kind] })))('$kind: $says', async ({ kind }) => {
  strike({ kind, times: 1 });
  await SHOWN[kind]();
  expect(library.faults.filter(({ times }) => times !== undefined)).toEqual([]);
});

describe('faults', () => {
  it('hit the requests that they name, so often', async () => {
    strike({ kind: 'resend-wanted', codes: ['11'], times: 2 });
    expect(await desk.ask(withTail('9900802.00', 1))).toMatch(/^98/);
    expect(await desk.ask(loan('B1', 2))).toMatch(/^96/);
    expect(library.faults).toEqual([{ kind: 'resend-wanted', codes: ['11'], times: 1 }]);
    expect(await desk.ask(loan('B1', 2))).toMatch(/^96/);
    expect(await desk.ask(loan('B1', 2))).toMatch(/^121/);
  });

  it('a pulled plug ends connections and refuses new ones; what was known stays known', async () => {
    await desk.ask(loan('B1', 1));
    await library.unplug();
    await desk.ended();
    await expect(openRawDesk(library.port)).rejects.toThrow('ECONNREFUSED');
    await library.plugIn();
    desk = await openRawDesk(library.port);
    expect(await desk.ask(loan('B1', 2))).toMatch(/^121Y/);
  });

  it('are remembered with what came in and what was done, in order', async () => {
    await desk.ask(loan('B1', 1));
    desk.send('not a message\r');
    await desk.ask(loan('B2', 2));
    expect(library.received.map(({ connection, message }) => [connection, message?.code])).toEqual([
      [1, '11'],
      [1, undefined],
      [1, '11'],
    ]);
    expect(library.received[0]?.message?.fields['AB']).toEqual(['B1']);
  });
});

describe('TLS', () => {
  it('is the same library behind a certificate', async () => {
    const authority = await makeAuthority();
    const tls = await authority.issue('library', ['127.0.0.1']);
    const behind = await startTestLibrary({ tls });
    try {
      const other = await openRawDesk(behind.port, 'utf-8', { ca: authority.ca });
      expect(await other.ask(loan('B1', 1))).toMatch(ANSWER);
      behind.set({ faults: [{ kind: 'reset-before' }] });
      other.send(`${loan('B2', 2)}\r`);
      await other.ended();
      const plain = await openRawDesk(behind.port);
      plain.send(`${loan('B2', 2)}\r`);
      await plain.ended();
    } finally {
      await behind.close();
    }
  });
});

describe('hostile bytes', () => {
  it('leave the library standing, and lend nothing', async () => {
    const random = seededRandom(20_261_123);
    for (let connection = 0; connection < 20; connection += 1) {
      const hostile = await openRawDesk(library.port);
      for (let chunk = 0; chunk < 20; chunk += 1) {
        const bytes = Uint8Array.from({ length: Math.floor(random() * 400) }, () => Math.floor(random() * 256));
        hostile.send(bytes);
        hostile.send(loan('B1', 1).slice(0, Math.floor(random() * 50)));
        hostile.send('\r');
      }
      hostile.close();
    }
    expect(await desk.ask(withTail('9900802.00', 1))).toMatch(/^98/);
    expect(library.lent.size).toBe(0);
  });

  it('a flood without waiting for answers ends its own connection', async () => {
    const flood = await openRawDesk(library.port);
    flood.send('9900802.00\r'.repeat(20_000));
    await flood.ended();
    expect(await desk.ask('9900802.00')).toMatch(/^98/);
  });

  it('a line without an end costs no memory, and the next one is heard', async () => {
    desk.send(Buffer.alloc(1_000_000, 'x'));
    desk.send('\r');
    expect(await desk.ask('9900802.00')).toMatch(/^98/);
  });
});

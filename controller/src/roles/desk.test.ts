// SPDX-License-Identifier: Apache-2.0
// A desk with its ledger on a disk: nothing is lent twice and no loan is lost, whenever the library goes or the process ends.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeskAction, DeskState } from '@latchkey/protocols/api/desk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCirculationFile } from '../adapters/circulation-file.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { CirculationLine } from '../core/circulation.ts';
import type { EventBody } from '../core/event-body.ts';
import { deskWiring } from '../core/wiring-desk.ts';
import { type TestLibrary, testLibrary } from './desk.test-support.ts';
import { createDesk, type Desk } from './desk.ts';
import { compactLines, createDeskLedger } from './desk-ledger.ts';
import type { DeskPeople } from './desk-people.ts';

const PORTAL = 'library-desk' as never;
const WIRING = deskWiring.parse({
  portal: 'library-desk',
  name: 'Counter 1',
  readers: ['card'],
  page: { port: 4760 },
  patronPattern: '20[0-9]{5}',
});
const UID = Uint8Array.of(1, 2, 3, 4);
const PEOPLE: DeskPeople = {
  card: () => ({
    kind: 'identified',
    person: { number: '2026001', ref: 'ab'.repeat(8), terms: { group: 'g', limit: 5, days: 30 }, blocks: [] },
  }),
  code: () => ({ kind: 'not-identified', notice: 'code-refused' }),
  borrowers: () => 1,
};

let folder: string;
let library: TestLibrary;
let desks: Desk[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'desk-'));
  library = testLibrary();
  desks = [];
});
afterEach(async () => {
  await Promise.all(desks.map((each) => each.close()));
  await rm(folder, { recursive: true, force: true });
});

async function openDesk(boot = 'b1') {
  const events: EventBody[] = [];
  const ledger = createDeskLedger({
    file: await openCirculationFile(join(folder, 'circulation'), compactLines),
    portal: PORTAL,
    boot,
    clock: systemClock,
    instant: () => ({ ms: Date.now(), quality: 'synced', uncertaintyMs: 0, behindMs: 0 }),
    record: async (event) => void events.push(event),
  });
  let state: DeskState | undefined;
  const desk = createDesk({
    wiring: WIRING,
    library,
    ledger,
    people: PEOPLE,
    list: () => null,
    clock: systemClock,
    software: '0.1.0',
    now: () => Date.now(),
    timeZone: () => 'Asia/Shanghai',
    onChange: (next) => {
      state = next;
    },
  });
  desks.push(desk);
  desk.onLibrary();
  const card = () => desk.onReader({ kind: 'card', reader: 'card', uid: UID, class: 'uid-only', atMs: 0 });
  const act = (action: DeskAction) => desk.act(action);
  const scan = (text: string) => act({ kind: 'scan', text });
  const shown = () => state as DeskState;
  const top = () => shown().items[0];
  const until = (message: string) => expect.poll(() => top()?.message).toBe(message);
  return { desk, ledger, events, card, act, scan, shown, top, until };
}

const offline = () => library.set({ state: 'offline' });
/** A card is presented while the library is away, and books are lent by the list. */
async function lendAway(one: Awaited<ReturnType<typeof openDesk>>, ...items: string[]) {
  offline();
  one.desk.onLibrary();
  one.card();
  for (const item of items) {
    await one.scan(item);
    await one.until('lent-offline');
  }
}
const back = (desk: Desk) => {
  library.set({ state: 'up', answers: true });
  desk.onLibrary();
};
const uploaded = (desk: { shown: () => DeskState }) => expect.poll(() => desk.shown().uploads.pending).toBe(0);

describe('a desk with its library', () => {
  it('lends, and tells the gateway the number of the line, never the book', async () => {
    const one = await openDesk();
    one.card();
    await one.scan('b1');
    await one.until('lent');
    expect(library.lent.get('b1')).toBe('2026001');
    expect(one.events).toMatchObject([
      { type: 'circulation', number: 1, act: 'loan', state: 'done', ref: 'ab'.repeat(8) },
    ]);
    expect(JSON.stringify(one.events)).not.toMatch(/b1|2026001/);
  });

  it('takes a number typed by a librarian, and not on a self-service screen', async () => {
    const one = await openDesk();
    await one.scan('2026777');
    expect(one.shown().patron).toMatchObject({ number: '2026777', group: null });
    await one.act({ kind: 'mode', mode: 'self-service' });
    expect(await one.scan('2026777')).toEqual({ ok: false, code: 'not-in-self-service' });
    one.card();
    expect(one.shown().patron).toMatchObject({ number: null, ending: '6001' });
  });

  it('exports nothing to whoever stands at a self-service screen', async () => {
    const one = await openDesk();
    expect(one.desk.exported('csv')).toMatch(/^number,/);
    await one.act({ kind: 'mode', mode: 'self-service' });
    expect([one.desk.exported('koc'), one.desk.exported('csv')]).toEqual([undefined, undefined]);
  });
});

describe('a desk without its library', () => {
  it('lends and takes back by the list, and uploads both in the order of time', async () => {
    const one = await openDesk();
    library.lent.set('b2', '2026002');
    await lendAway(one, 'b1');
    await one.act({ kind: 'taking', taking: 'returns' });
    await one.scan('b2');
    await one.until('returned-offline');
    expect(one.shown()).toMatchObject({ uploads: { pending: 2 }, library: { state: 'offline' } });
    expect(one.desk.exported('koc')).toMatch(/issue\t2026001\tb1\n.*return\tb2\n$/);
    back(one.desk);
    await uploaded(one);
    expect(library.told.map(({ act, item, stored }) => [act, item, stored !== undefined])).toEqual([
      ['loan', 'b1', true],
      ['return', 'b2', true],
    ]);
    await expect.poll(() => one.shown().library.state).toBe('up');
    expect(one.top()).toMatchObject({ message: 'returned', pending: false });
  });

  it('after a restart lends a book that came back before only once the library heard of its return', async () => {
    library.lent.set('b1', '2026001');
    offline();
    const one = await openDesk();
    await one.act({ kind: 'taking', taking: 'returns' });
    await one.scan('b1');
    await one.until('returned-offline');
    await one.desk.close();
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { act } = library;
    library.act = async (asked, feeAccepted, stored) => {
      if (stored) await held;
      return act(asked, feeAccepted, stored);
    };
    library.set({ state: 'up' });
    const two = await openDesk('b2');
    expect(two.desk.view().library.state).toBe('connecting');
    two.card();
    await two.scan('b1');
    await expect.poll(() => two.top()?.message).not.toBe('waiting');
    goOn();
    await uploaded(two);
    expect(library.told.map((each) => each.act)).toEqual(['return', 'loan']);
    expect(library.lent.get('b1')).toBe('2026001');
  });

  it('asks about what was exported before it tells it: somebody may have imported the file', async () => {
    const one = await openDesk();
    await lendAway(one, 'b1', 'b2');
    const file = one.desk.exported('koc');
    expect(one.desk.exported('koc')).toBe(file);
    library.lent.set('b1', '2026001');
    back(one.desk);
    await uploaded(one);
    expect(library.told.map(({ item }) => item)).toEqual(['b2']);
    const states = one.events.map((event) => event.type === 'circulation' && event.state);
    expect(states).toEqual(['kept', 'kept', 'done', 'done']);
  });

  it('is done with a file once somebody says to have imported it, and exports the rest only', async () => {
    const one = await openDesk();
    await lendAway(one, 'b1');
    expect(await one.act({ kind: 'imported', upTo: 1, by: 'Li' })).toMatchObject({ code: 'nothing-exported' });
    one.desk.exported('koc');
    expect(one.shown().uploads.exported).toEqual({ count: 1, upTo: 1 });
    await one.scan('b2');
    await one.until('lent-offline');
    expect(one.shown().uploads).toMatchObject({ pending: 2, exported: { count: 1, upTo: 1 } });
    expect(await one.act({ kind: 'imported', upTo: 1, by: 'Li' })).toEqual({ ok: true });
    expect(one.shown().uploads).toMatchObject({ pending: 1, exported: null });
    expect(one.desk.exported('koc')).toMatch(/b2/);
    expect(one.desk.exported('koc')).not.toMatch(/b1/);
    expect(one.events.at(-1)).toMatchObject({ number: 1, state: 'settled', by: 'Li' });
    back(one.desk);
    await uploaded(one);
    expect(library.told.map(({ item }) => item)).toEqual(['b2']);
  });

  it('names no file to whoever stands at a self-service screen', async () => {
    const one = await openDesk();
    await lendAway(one, 'b1');
    one.desk.exported('csv');
    await one.act({ kind: 'mode', mode: 'self-service' });
    expect(one.shown().uploads.exported).toBeNull();
    expect(await one.act({ kind: 'imported', upTo: 1, by: 'Li' })).toMatchObject({ code: 'not-in-self-service' });
  });

  it('keeps a loan whose answer was lost, and does not lend it again', async () => {
    const one = await openDesk();
    one.card();
    library.set({ answers: false });
    await one.scan('b1');
    await one.until('lent-offline');
    back(one.desk);
    await uploaded(one);
    expect(library.told).toHaveLength(1);
    expect(one.top()).toMatchObject({ message: 'lent', pending: false });
  });

  it('has a conflict where the library refuses, decided by a person and sent again', async () => {
    const one = await openDesk();
    await lendAway(one, 'b1');
    library.lent.set('b1', '2026999');
    back(one.desk);
    await expect.poll(() => one.shown().conflicts.length).toBe(1);
    const [conflict] = one.shown().conflicts;
    expect(conflict).toMatchObject({ item: 'b1', patron: '2026001', holder: 'another-patron', suggested: 'discard' });
    library.lent.delete('b1');
    await one.act({ kind: 'decide', conflict: conflict?.id ?? '', decision: 'upload-again', by: 'Li' });
    await expect.poll(() => library.lent.get('b1')).toBe('2026001');
    expect(one.shown().conflicts).toEqual([]);
    expect(one.events.map((event) => event.type === 'circulation' && event.state)).toEqual([
      'kept',
      'conflict',
      'kept',
      'done',
    ]);
    expect(await one.act({ kind: 'decide', conflict: '1', decision: 'settled', by: 'Li' })).toMatchObject({
      code: 'no-conflict',
    });
  });

  it('names who has the book and since when, where this desk lent it and the library agrees', async () => {
    const one = await openDesk();
    await one.scan('2026777');
    await one.scan('b1');
    await one.until('lent');
    await one.act({ kind: 'end', session: one.shown().patron?.session ?? null });
    await lendAway(one, 'b1');
    back(one.desk);
    await expect.poll(() => one.shown().conflicts.length).toBe(1);
    const [conflict] = one.shown().conflicts;
    expect(conflict).toMatchObject({ holder: 'another-patron', holderNumber: '2026777' });
    expect(conflict?.holderSince).toBeLessThanOrEqual(conflict?.at ?? 0);
  });

  it('finds out what became of a question that was not answered though the library is there', async () => {
    const one = await openDesk();
    await one.scan('2026777');
    const { act } = library;
    library.act = async () => ({ outcome: 'unknown' });
    await one.scan('b1');
    await one.until('not-done');
    library.act = act;
    await one.scan('b1');
    await one.until('lent');
  });

  it('says that the library lets nobody in, and goes on without it', async () => {
    const one = await openDesk();
    offline();
    one.desk.onLibrary();
    one.desk.onLoginRefused();
    expect(one.shown().notice?.notice).toBe('library-refuses-login');
    one.card();
    await one.scan('b1');
    await one.until('lent-offline');
  });

  it('goes on after a restart with what was not uploaded', async () => {
    const one = await openDesk();
    await lendAway(one, 'b1');
    await one.desk.close();
    const two = await openDesk('b2');
    expect(two.desk.view().uploads.pending).toBe(1);
    back(two.desk);
    await uploaded(two);
    expect(library.lent.get('b1')).toBe('2026001');
  });
});

describe('a process that ended between question and answer', () => {
  it.each([true, false])('finds out at its next start whether the book was lent (%s)', async (wasLent) => {
    const file = await openCirculationFile(join(folder, 'circulation'), compactLines);
    const asked = { kind: 'began', number: 1, act: 'loan', item: 'b1', patron: '2026001', ref: null } as const;
    await file.append([{ ...asked, at: Date.now(), clock: 'synced', boot: 'b0', monotonicMs: 1 }]);
    await file.close();
    if (wasLent) library.lent.set('b1', '2026001');
    const one = await openDesk();
    await expect.poll(() => one.ledger.ledger().entries.get(1)?.state).toBe(wasLent ? 'done' : 'refused');
    expect(library.told).toEqual([]);
    expect(library.lent.has('b1')).toBe(wasLent);
  });
});

describe('a return whose answer was lost', () => {
  const LONG_AGO_MS = 600_000;
  async function handedIn(agoMs: number, before: readonly CirculationLine[] = []) {
    const file = await openCirculationFile(join(folder, 'circulation'), compactLines);
    const at = { at: Date.now() - agoMs, clock: 'synced', boot: 'b0', monotonicMs: 1 } as const;
    const asked = { kind: 'began', number: 9, act: 'return', item: 'b1', patron: null, ref: null, ...at } as const;
    await file.append([...before, asked]);
    await file.close();
    return openDesk();
  }
  const toldOf = () => library.told.map(({ act, item }) => [act, item]);
  const lentHere = (patron: string): CirculationLine[] => {
    const at = { at: Date.now() - 86_400_000, clock: 'synced', boot: 'b0', monotonicMs: 0 } as const;
    const loan = { kind: 'began', number: 1, act: 'loan', item: 'b1', patron, ref: null, ...at } as const;
    return [loan, { kind: 'done', number: 1 }];
  };

  it('is told again while the book cannot have left the desk', async () => {
    library.lent.set('b1', '2026001');
    const one = await handedIn(5_000);
    await expect.poll(() => one.ledger.ledger().entries.get(9)?.state).toBe('done');
    expect(toldOf()).toEqual([['return', 'b1']]);
    expect(library.lent.has('b1')).toBe(false);
  });

  it('never ends the loan of whoever borrowed the book at another desk since', async () => {
    library.lent.set('b1', '2026999');
    const one = await handedIn(LONG_AGO_MS);
    await expect
      .poll(() => one.shown()?.conflicts)
      .toMatchObject([{ act: 'return', item: 'b1', holder: 'unknown', suggested: 'settled' }]);
    expect(toldOf()).toEqual([]);
    expect(library.lent.get('b1')).toBe('2026999');
  });

  it('is told again while the library has the book with whom this desk lent it to', async () => {
    library.lent.set('b1', '2026001');
    const one = await handedIn(LONG_AGO_MS, lentHere('2026001'));
    await expect.poll(() => one.ledger.ledger().entries.get(9)?.state).toBe('done');
    expect(toldOf()).toEqual([['return', 'b1']]);
  });

  it('is for a person where the library has it with somebody else than that', async () => {
    library.lent.set('b1', '2026999');
    const one = await handedIn(LONG_AGO_MS, lentHere('2026001'));
    await expect.poll(() => one.shown()?.conflicts).toMatchObject([{ holder: 'another-patron', suggested: 'settled' }]);
    expect(library.lent.get('b1')).toBe('2026999');
  });
});

// SPDX-License-Identifier: Apache-2.0
// A desk whose library goes away in the middle of a day: real TCP, a cable that is cut or swallows everything, a card of a signed
// list. What was lent and taken back meanwhile is told once, in order, and what the library did unheard is not told again.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestHardware, testHardware, testLink } from '@latchkey/controller/app/bench.test-support';
import { layFolder, makeCampus, policyFor, uidOf } from '@latchkey/controller/app/campus.test-support';
import { SILENT } from '@latchkey/controller/app/log';
import { type Controller, startController } from '@latchkey/controller/app/start-controller';
import { sealBorrowers } from '@latchkey/protocols/authorization/borrowers';
import { cardId } from '@latchkey/protocols/authorization/credential-id';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DeskPage, openDeskPage } from '../desk/desk-process.ts';
import { freePorts } from '../free-ports.ts';
import { toldAsStored } from '../library/library.test-support.ts';
import { timesOf } from '../library/library-state.ts';
import type { Quirk } from '../library/quirks.ts';
import { type SimulatedLibrary, startSimulatedLibrary } from '../library/simulated-library.ts';
import { NetworkLink } from '../network.ts';

const PORTAL = 'library-desk';
const PATRON = '2026001';
const TIMEOUT_MS = 60_000;
const MOST_ATTEMPTS = 100;
/** SIP2's dates have no less. */
const SECOND_MS = 1_000;
const wholeSecond = (ms: number) => Math.floor(ms / SECOND_MS) * SECOND_MS;

let dataDir: string;
let library: SimulatedLibrary;
let cable: NetworkLink;
let hardware: TestHardware;
let controller: Controller;
let page: DeskPage;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'lk-desk-'));
  library = await startSimulatedLibrary({
    policies: { takesAnything: true },
    // Whatever is sent again shows as a renewal.
    quirks: ['executes-again'],
    faults: [{ kind: 'slow', beforeMs: 2, afterMs: 2 }],
  });
  cable = await NetworkLink.start({ host: '127.0.0.1', port: library.port });
  const pagePort = await freePorts(1);
  const campus = await makeCampus();
  const loans = { group: 'Students', limit: 5, days: 30 };
  const borrowers = sealBorrowers([{ id: cardId(uidOf(0)), number: PATRON }], campus.scopePrf);
  const policyDocument = policyFor([PORTAL], {
    profiles: [{ kind: 'resident', rules: [{ portals: [0], schedule: 0 }], loans }],
    ...(borrowers && { borrowers }),
  });
  await layFolder(dataDir, campus, {
    list: await campus.list(1, { policyDocument }),
    wiring: {
      readers: [{ name: 'card', kind: 'simulated', socket: '127.0.0.1:1' }],
      panel: { kind: 'none' },
      portals: [],
      desk: {
        portal: PORTAL,
        name: 'Counter',
        readers: ['card'],
        page: { port: pagePort },
        library: { host: '127.0.0.1', port: cable.port, charset: 'utf-8', timeoutMs: 700 },
      },
    },
  });
  hardware = testHardware(['card']);
  const ports = { hardware, link: testLink().attach };
  controller = await startController({ dataDir, software: 'test', log: SILENT, ports });
  page = await openOnceServed(pagePort);
  await isUp();
  hardware.tap('card', uidOf(0));
  await page.until(({ patron }) => patron?.source === 'library');
}, TIMEOUT_MS);
afterEach(async () => {
  page?.close();
  await controller?.close();
  await cable.close();
  await library.close();
  await rm(dataDir, { recursive: true, force: true });
}, TIMEOUT_MS);

/** The page is opened in its own time, the controller is ready before. */
async function openOnceServed(pagePort: number): Promise<DeskPage> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openDeskPage({ dataDir, pagePort });
    } catch (error) {
      if (attempt === MOST_ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const isUp = () => page.until(({ library: { state } }) => state === 'up');
const isAway = () => page.until(({ library: { state } }) => state === 'offline');

async function scan(item: string, message: string) {
  await page.act({ kind: 'scan', text: item });
  await page.until(({ items }) => items.some((line) => line.item === item && line.message === message));
}
const take = (taking: 'loans' | 'returns') => page.act({ kind: 'taking', taking });
/** What the library carried out, in order. */
const done = () => library.transactions.map(({ kind, item, noBlock }) => `${kind} ${item}${noBlock ? ' stored' : ''}`);
const uploaded = () => page.until(({ uploads, library: { state } }) => uploads.pending === 0 && state === 'up');

it(
  'three lent, one back, plug pulled, two lent, one of the three back, plug in: the library has it all, once',
  async () => {
    for (const item of ['a', 'b', 'c']) await scan(item, 'lent');
    await take('returns');
    await scan('a', 'returned');
    cable.cut();
    await isAway();
    await take('loans');
    for (const item of ['d', 'e']) await scan(item, 'lent-offline');
    await take('returns');
    await scan('b', 'returned-offline');
    cable.restore();
    await uploaded();
    expect([...library.lent.keys()].sort()).toEqual(['c', 'd', 'e']);
    expect(done()).toEqual([
      'loan a',
      'loan b',
      'loan c',
      'return a',
      'loan d stored',
      'loan e stored',
      'return b stored',
    ]);
    await page.until(({ patron }) => patron?.charged.count === 3);
  },
  TIMEOUT_MS,
);

it(
  'a cable that swallows the answer: the loan counts here, and is not told again',
  async () => {
    await scan('a', 'lent');
    // The question passes, its answer does not.
    await page.act({ kind: 'scan', text: 'b' });
    await expect.poll(() => library.lent.has('b'), { interval: 1 }).toBe(true);
    cable.blackHole();
    await page.until(({ items }) => items.some(({ item, message }) => item === 'b' && message !== 'waiting'));
    cable.cut();
    cable.restore();
    await uploaded();
    expect(done()).toEqual(['loan a', 'loan b']);
    expect(toldAsStored(library)).toEqual([]);
  },
  TIMEOUT_MS,
);

it(
  'what was done without the library is told as done: no block, the real time, the due date that was given, in order, once',
  async () => {
    cable.cut();
    await isAway();
    const since = wholeSecond(Date.now());
    for (const item of ['a', 'b', 'c']) {
      await scan(item, 'lent-offline');
      await new Promise((resolve) => setTimeout(resolve, SECOND_MS));
    }
    await take('returns');
    await scan('a', 'returned-offline');
    const until = Date.now();
    const kept = (page.state()?.items ?? []).toReversed();
    cable.restore();
    await uploaded();

    const told = toldAsStored(library);
    expect(told).toEqual(
      kept.map(({ act, item, at, due }) => ({
        code: act === 'loan' ? '11' : '09',
        item,
        patron: act === 'loan' ? PATRON : undefined,
        atMs: wholeSecond(at),
        dueMs: due?.at === undefined || due.at === null ? null : wholeSecond(due.at),
        returnMs: act === 'loan' ? null : wholeSecond(at),
      })),
    );
    expect(told.filter(({ code, dueMs }) => code === '11' && dueMs === null)).toEqual([]);
    const times = told.map(({ atMs }) => atMs ?? 0);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    expect(new Set(times).size).toBeGreaterThanOrEqual(3);
    expect(times[0]).toBeGreaterThanOrEqual(since);
    expect(times.at(-1)).toBeLessThanOrEqual(until);
    expect(library.loans.get('b')).toMatchObject({ sinceMs: told[1]?.atMs, dueMs: told[1]?.dueMs });
    expect(done()).toEqual(['loan a stored', 'loan b stored', 'loan c stored', 'return a stored']);
  },
  TIMEOUT_MS,
);

it(
  'an answer lost on its way: the upload asks before it tells again, so that every loan is told and done once',
  async () => {
    cable.cut();
    await isAway();
    for (const item of ['a', 'b']) await scan(item, 'lent-offline');
    library.set({ faults: [{ kind: 'drop-after', codes: ['11'], times: 2 }] });
    cable.restore();
    await uploaded();
    expect(done()).toEqual(['loan a stored', 'loan b stored']);
    expect(toldAsStored(library).map(({ item }) => item)).toEqual(['a', 'b']);
    expect([...timesOf(library.transactions, 'renewal')]).toEqual([]);
  },
  TIMEOUT_MS,
);

it(
  'a library that dies of what is stored: told of each line a few times, then a person decides and the desk goes on',
  async () => {
    library.set({ quirks: ['executes-again', 'no-block-dies'] });
    cable.cut();
    await isAway();
    for (const item of ['a', 'b']) await scan(item, 'lent-offline');
    cable.restore();
    await page.until(({ uploads }) => uploads.conflicts === 2);
    await page.until(({ library: { state } }) => state === 'up');
    expect(toldAsStored(library).map(({ item }) => item)).toEqual(['a', 'a', 'a', 'b']);
    expect(done()).toEqual([]);
    await take('loans');
    await scan('c', 'lent');
    // Whoever put it right lets the desk tell it once more.
    library.set({ quirks: ['executes-again'] });
    const conflict = page.state()?.conflicts[0]?.id ?? '';
    await page.act({ kind: 'decide', conflict, decision: 'upload-again', by: 'Wang' });
    await page.until(({ uploads }) => uploads.conflicts === 1 && uploads.pending === 0);
    expect(done()).toEqual(['loan c', 'loan a stored']);
  },
  TIMEOUT_MS,
);

describe('what libraries tell badly', () => {
  /** One lent with its answer lost, one lent without the library. */
  async function lendAtTheEdge(quirk: Quirk): Promise<void> {
    library.set({ quirks: [quirk], faults: [{ kind: 'drop-after', codes: ['11'], times: 1 }] });
    await page.act({ kind: 'scan', text: 'a' });
    await page.until(({ items }) => items.some(({ item, message }) => item === 'a' && message !== 'waiting'));
    cable.cut();
    await isAway();
    await scan('b', 'lent-offline');
    cable.restore();
    await uploaded();
  }
  const once = () => library.transactions.map(({ kind, item }) => `${kind} ${item}`);

  it.each(['no-block-ignored', 'blank-counts', 'lists-with-titles', 'checksum-none', 'no-valid-patron'] as const)(
    '%s: all is told and done once all the same',
    async (quirk) => {
      await lendAtTheEdge(quirk);
      expect(once()).toEqual(['loan a', 'loan b']);
      expect(page.state()?.uploads.conflicts).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    'no-lists: nobody can say who has the book whose answer was lost, so a person does',
    async () => {
      await lendAtTheEdge('no-lists');
      expect(once()).toEqual(['loan a', 'loan b']);
      expect(page.state()?.conflicts).toMatchObject([{ item: 'a', holder: 'unknown' }]);
    },
    TIMEOUT_MS,
  );
});

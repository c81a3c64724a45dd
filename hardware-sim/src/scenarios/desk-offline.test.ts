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
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type CountedLibrary, startCountedLibrary } from '../desk/counted-library.ts';
import { type DeskPage, openDeskPage } from '../desk/desk-process.ts';
import { freePorts } from '../free-ports.ts';
import { NetworkLink } from '../network.ts';

const PORTAL = 'library-desk';
const PATRON = '2026001';
const TIMEOUT_MS = 60_000;
const MOST_ATTEMPTS = 100;

let dataDir: string;
let library: CountedLibrary;
let cable: NetworkLink;
let hardware: TestHardware;
let controller: Controller;
let page: DeskPage;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'lk-desk-'));
  library = await startCountedLibrary({ answerMs: 4 });
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
    expect([...library.loans.values()]).toEqual([1, 1, 1, 1, 1]);
    expect([...library.renewals]).toEqual([]);
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
    expect([...library.loans]).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect([...library.renewals]).toEqual([]);
  },
  TIMEOUT_MS,
);

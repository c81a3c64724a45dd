// SPDX-License-Identifier: Apache-2.0
// A whole controller with a desk and nothing else: a card of the signed list borrows without any library, over a restart.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeskState } from '@latchkey/protocols/api/desk';
import { DESK_HEADER } from '@latchkey/protocols/api/desk-terms';
import { sealBorrowers } from '@latchkey/protocols/authorization/borrowers';
import { cardId } from '@latchkey/protocols/authorization/credential-id';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../adapters/system-random.ts';
import { parseWiring } from '../core/wiring.ts';
import { type TestHardware, type TestLink, testHardware, testLink } from './bench.test-support.ts';
import { type Campus, layFolder, makeCampus, policyFor, uidOf } from './campus.test-support.ts';
import { stationLink } from './desk-link.ts';
import { SILENT } from './log.ts';
import { type Controller, startController } from './start-controller.ts';

const PORTAL = 'library-desk';
const LISTED = 0;
const STRANGER = 7;
const PORT = 21_000 + (process.pid % 4_000);
const WIRING = {
  readers: [{ name: 'card', kind: 'simulated', socket: '127.0.0.1:1' }],
  panel: { kind: 'none' },
  portals: [],
  desk: { portal: PORTAL, name: 'Counter 1', readers: ['card'], page: { port: PORT } },
};

let campus: Campus;
let directory: string;
let hardware: TestHardware;
let controller: Controller | undefined;
let link: TestLink;

beforeAll(async () => {
  campus = await makeCampus();
});
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'desk-controller-'));
  const borrowers = sealBorrowers([{ id: cardId(uidOf(LISTED)), number: '2026001' }], campus.scopePrf);
  const policyDocument = policyFor([PORTAL], {
    profiles: [
      { kind: 'resident', rules: [{ portals: [0], schedule: 0 }], loans: { group: 'Students', limit: 5, days: 30 } },
    ],
    ...(borrowers && { borrowers }),
  });
  await layFolder(directory, campus, { list: await campus.list(1, { policyDocument }), wiring: WIRING });
});
afterEach(async () => {
  await controller?.close();
  rmSync(directory, { recursive: true, force: true });
});

async function start(): Promise<{ readonly cookie: string }> {
  hardware = testHardware(['card']);
  link = testLink();
  const random = { ...systemRandom, unit: () => 0 };
  controller = await startController({
    dataDir: directory,
    software: 'test',
    log: SILENT,
    ports: { hardware, link: link.attach, random },
  });
  const page = await stationLink(directory);
  if (!page.ok) throw new Error(page.code);
  await expect.poll(async () => (await fetch(page.value, { redirect: 'manual' })).status).toBe(303);
  const opened = await fetch(page.value, { redirect: 'manual' });
  return { cookie: (opened.headers.get('set-cookie') ?? '').split(';')[0] ?? '' };
}

const BASE = `http://127.0.0.1:${PORT}/desk/api`;
const scan = (cookie: string, text: string) =>
  fetch(`${BASE}/act`, {
    method: 'POST',
    headers: { cookie, origin: `http://127.0.0.1:${PORT}`, [DESK_HEADER]: '1' },
    body: JSON.stringify({ kind: 'scan', text }),
  });

/** The first snapshot of a new stream. */
async function shown(cookie: string): Promise<DeskState> {
  const stop = new AbortController();
  const response = await fetch(`${BASE}/stream`, { headers: { cookie }, signal: stop.signal });
  let text = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString('utf8');
    if (text.includes('\n\nevent: state') && text.endsWith('\n\n')) break;
  }
  stop.abort();
  return JSON.parse(text.slice(text.indexOf('data: ') + 6)) as DeskState;
}

describe('a controller with a desk', () => {
  it('knows the holder of a card by the list, lends, and has it after a restart', async () => {
    const { cookie } = await start();
    hardware.tap('card', uidOf(LISTED));
    await expect
      .poll(async () => (await shown(cookie)).patron)
      .toMatchObject({ ending: '6001', group: 'Students', mayBorrow: true });
    expect((await scan(cookie, 'b1')).status).toBe(200);
    await expect.poll(async () => (await shown(cookie)).items[0]?.message).toBe('lent-offline');
    expect(await shown(cookie)).toMatchObject({
      list: { version: 1, borrowers: 1 },
      uploads: { pending: 1 },
      library: { state: 'offline' },
    });
    await controller?.close();
    const again = await start();
    expect((await shown(again.cookie)).uploads.pending).toBe(1);
    expect(again.cookie).toBe(cookie);
  });

  it('tells the gateway whether its readers are there', async () => {
    await start();
    link.up();
    await expect
      .poll(() => link.sent.find(({ kind }) => kind === 'health')?.json['readers'], { timeout: 10_000 })
      .toEqual([{ reader: 'card', state: 'present' }]);
  });

  it('says of a card that the list does not hold that it is unknown', async () => {
    const { cookie } = await start();
    hardware.tap('card', uidOf(STRANGER));
    await expect.poll(async () => (await shown(cookie)).notice?.notice).toBe('card-unknown');
    expect((await shown(cookie)).patron).toBeNull();
  });
});

describe('wiring of a desk', () => {
  const problems = (change: object) => {
    const parsed = parseWiring({ ...WIRING, ...change });
    return parsed.ok ? [] : parsed.problems.map(({ field }) => field);
  };

  it('needs neither doors nor a panel', () => {
    expect(problems({})).toEqual([]);
  });

  it('names its readers, and none that a door has', () => {
    expect(problems({ desk: { ...WIRING.desk, readers: ['nowhere'] } })).toEqual(['desk.readers.0']);
  });

  it('warns before it ends a session', () => {
    expect(problems({ desk: { ...WIRING.desk, idle: { warnMs: 60_000, endMs: 50_000 } } })).toEqual([
      'desk.idle.warnMs',
    ]);
  });
});

// SPDX-License-Identifier: Apache-2.0
// A controller loses power 200 times while lists arrive and events leave, and the gateway now and then. Afterwards: no list
// older than one in force before, no opening without a record, every recorded event at the gateway exactly once.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiEvent } from '@latchkey/protocols/api/history';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Campus } from '../campus/campus.ts';
import { allEvents } from '../campus/event-history.ts';
import { seededRandom } from '../campus/residents.ts';

const CUTS = 200;
const GATEWAY_CUT_EVERY = 20;
const MAX_UPTIME_MS = 400;
const TAP_EVERY_MS = 40;
const CHANGE_EVERY_MS = 120;
const BRISK = { reachMs: 5, passMs: 10, patienceMs: 1_000 };
const SEED = 20_261_122;

interface JournalCopy {
  readonly epoch: string;
  readonly events: ReadonlyMap<number, string>;
}

function readJournal(folder: string): JournalCopy {
  const database = new Database(join(folder, 'journal.sqlite'), { readonly: true });
  try {
    const { epoch } = database.prepare('select epoch from journal').get() as { epoch: string };
    const rows = database.prepare('select seq, body from events order by seq').all() as { seq: number; body: string }[];
    return { epoch, events: new Map(rows.map(({ seq, body }) => [seq, body])) };
  } finally {
    database.close();
  }
}

let folder: string;
let campus: Campus;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-cuts-'));
  campus = await Campus.start({ dataDir: folder, residents: 2_000, manners: BRISK });
  await campus.furnish();
  await campus.startControllers();
  await campus.listsInForce();
}, 120_000);

afterAll(async () => {
  await campus?.close();
  await rm(folder, { recursive: true, force: true });
});

test(`${CUTS} power cuts during list application and event upload`, { timeout: 900_000 }, async () => {
  const random = seededRandom(SEED);
  const stopTraffic = traffic(random);
  for (let cut = 1; cut <= CUTS; cut += 1) {
    await sleep(random() * MAX_UPTIME_MS);
    await campus.program('gate-1').kill();
    if (cut % GATEWAY_CUT_EVERY === 0) {
      await campus.program('gateway').kill();
      await campus.startGateway();
    }
    await campus.startController('gate-1');
  }
  await stopTraffic();
  await campus.listsInForce();

  await expect.poll(async () => pendingOf(), { timeout: 60_000, interval: 500 }).toBe(0);
  await campus.program('gate-1').stop();
  await sleep(500);
  const journal = readJournal(campus.controllerFolder('gate-1'));
  const atGateway = (await allEvents(campus.api, { device: 'gate-1' })).sort((a, b) => a.seq - b.seq);

  expect(new Set(atGateway.map(({ epoch }) => epoch))).toEqual(new Set([journal.epoch]));
  expect(atGateway.map(({ seq }) => seq)).toEqual(atGateway.map((_, index) => index + 1));
  for (const { seq, event } of atGateway) {
    const body = journal.events.get(seq);
    if (body !== undefined) expect(event, `event ${seq}`).toEqual(JSON.parse(body));
  }
  expectListsNeverOlder(atGateway);
  expectOpeningsRecorded(atGateway);
  // Not each of them: some cuts come before the start itself is on disk.
  expect(atGateway.filter(({ event }) => event.type === 'started').length).toBeGreaterThan(CUTS / 2);
  expect(atGateway.filter(({ event }) => event.type === 'list-activated').length).toBeGreaterThan(CUTS / 60);
});

/** Cards at the gate and changes in the office, until stopped. */
function traffic(random: () => number): () => Promise<void> {
  let running = true;
  const residents = campus.people.filter(({ group }) => group === 'building-1');
  const repeat = async (everyMs: number, act: () => Promise<unknown>) => {
    while (running) {
      // The gateway is away now and then: the office tries again.
      await act().catch(() => undefined);
      await sleep(everyMs);
    }
  };
  const tapping = repeat(TAP_EVERY_MS, async () => {
    const bench = campus.bench('gate-1');
    const uid = residents[Math.floor(random() * residents.length)]?.uid ?? '';
    await bench.present('gate-1-in', Buffer.from(uid, 'hex'));
    await bench.remove('gate-1-in');
  });
  let change = 0;
  const changing = repeat(CHANGE_EVERY_MS, async () => {
    change += 1;
    const validUntil = new Date(Date.UTC(2030, 0, 1, 0, change)).toISOString();
    const { number, name, group } = residents[change % residents.length] as (typeof residents)[number];
    await campus.api.must('PUT', `/v1/people/${number}`, { name, groups: [group], validUntil });
  });
  return async () => {
    running = false;
    await Promise.all([tapping, changing]);
  };
}

/** Journalled on the controller, not yet at the gateway. */
async function pendingOf(): Promise<number> {
  const journal = readJournal(campus.controllerFolder('gate-1'));
  const newest = Math.max(0, ...journal.events.keys());
  return newest - (await allEvents(campus.api, { device: 'gate-1' })).length;
}

function expectListsNeverOlder(events: readonly ApiEvent[]): void {
  let version = 0;
  for (const { seq, event } of events) {
    const used =
      event.type === 'list-activated'
        ? event.version
        : event.type === 'access-granted' || event.type === 'access-denied'
          ? event.list?.version
          : undefined;
    if (used === undefined) continue;
    expect(used, `list of event ${seq}`).toBeGreaterThanOrEqual(version);
    version = used;
  }
  expect(version).toBeGreaterThan(1);
}

/** The barrier is fail-safe: letting go of the relay opens it. */
function expectOpeningsRecorded(events: readonly ApiEvent[]): void {
  const granted = events.filter(({ event }) => event.type === 'access-granted').length;
  const openings = campus.bench('gate-1').moves.filter(({ on }) => !on).length;
  expect(openings).toBeGreaterThan(0);
  expect(openings).toBeLessThanOrEqual(granted);
}

const sleep = async (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

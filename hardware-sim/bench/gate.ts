// SPDX-License-Identifier: Apache-2.0
// A gate with 100,000 credentials and a real journal: how fast it decides, how much slower than one durable insert a relay
// moves, how much memory it takes, how soon after its start it opens a door (DESIGN 1, 5).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeAuthority } from '@latchkey/controller/adapters/authority.test-support';
import { openKeyFolder } from '@latchkey/controller/adapters/key-folder';
import { testHardware, testLink } from '@latchkey/controller/app/bench.test-support';
import {
  type Campus,
  layFolder,
  makeCampus,
  policyFor,
  SCOPE,
  uidOf,
} from '@latchkey/controller/app/campus.test-support';
import { dataFolder, KEY_FILES } from '@latchkey/controller/app/data-folder';
import { SILENT } from '@latchkey/controller/app/log';
import { startController } from '@latchkey/controller/app/start-controller';
import { cardId } from '@latchkey/protocols/authorization/credential-id';
import { decide } from '@latchkey/protocols/authorization/decide';
import { EMPTY_OVERLAY } from '@latchkey/protocols/authorization/deny-overlay';
import type { SealedList } from '@latchkey/protocols/authorization/list-build';
import { loadList } from '@latchkey/protocols/authorization/list-load';
import { acceptRoot, encodeRoot, rootDigest } from '@latchkey/protocols/authorization/root-document';
import Database from 'better-sqlite3';
import { ended, openGateBench, residentMiB, spawnController, stop } from './gate-process.ts';

const CREDENTIALS = 100_000;
const DECISIONS = 50_000;
/** Each opens once a burst; between bursts they relock, which is recorded as well and must not be in the way. */
const DOORS = 32;
const BURSTS = 22;
const WARM_UP = 2 * DOORS;
const PAUSE_MS = 10;
const RELEASE_MS = 1_500;
const RELOCK_MS = RELEASE_MS + 500;
const STARTS = 3;

export async function run(): Promise<Record<string, number>> {
  const campus = await makeCampus();
  const names = Array.from({ length: DOORS }, (_, n) => `door-${n}`);
  const list = await campus.list(CREDENTIALS, { policyDocument: policyFor(names) });
  const decideP99Us = await measureDecisions(campus, list);
  const { relayMs, insertMs } = await inFolder((path) => measureRelay(path, campus, list, names));
  const process = await inFolder((path) => measureProcess(path, campus, list));
  const figures = {
    decideP99Us: round(decideP99Us),
    cardToRelayP99Ms: round(relayMs),
    bareInsertP99Ms: round(insertMs),
    cardToRelayOverFsync: round(relayMs / insertMs),
    rssMiB: round(process.rssMiB),
    readyMs: Math.round(process.readyMs),
  };
  console.table(figures);
  return figures;
}

const round = (value: number): number => Math.round(value * 100) / 100;

function p99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
}

/** Beside the project, where a controller's own disk would be; /tmp may be memory. */
async function inFolder<T>(work: (path: string) => Promise<T>): Promise<T> {
  const path = mkdtempSync(join(process.env['LATCHKEY_BENCH_DIR'] ?? tmpdir(), 'latchkey-gate-'));
  try {
    return await work(path);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

/** From the UID to the decision: id, two PRF blocks, lookup, rules. */
async function measureDecisions(campus: Campus, list: SealedList): Promise<number> {
  const digest = rootDigest(encodeRoot(campus.root));
  const root = await acceptRoot({ kind: 'pinned', digest }, campus.rootFrame);
  if (!root.ok) throw new Error(root.code);
  const loaded = await loadList(list, { keyring: root.value.keyring, campusId: campus.root.campusId, scopeId: SCOPE });
  if (!loaded.ok) throw new Error(loaded.code);
  const instant = { ms: Date.now(), quality: 'synced' } as const;
  const took: number[] = [];
  for (let n = 0; n < DECISIONS; n += 1) {
    const uid = uidOf((n * 7_919) % (CREDENTIALS * 2));
    const start = performance.now();
    decide({
      list: loaded.value,
      overlay: EMPTY_OVERLAY,
      credential: { id: cardId(uid), class: 'uid-only' },
      portal: 'door-0',
      direction: 'in',
      instant,
      scopePrf: campus.scopePrf,
      campusPrf: campus.campusPrf,
    });
    took.push((performance.now() - start) * 1_000);
  }
  return p99(took.slice(DECISIONS / 10));
}

const lane = (id: string) => ({
  id,
  lock: { output: `lock ${id}`, fail: 'secure' },
  readers: [{ name: id, direction: 'in' }],
  timers: { releaseTimeMs: RELEASE_MS },
});

/** Card, decision, durable record, relay; by turns with one durable insert on the same disk. */
async function measureRelay(path: string, campus: Campus, list: SealedList, names: readonly string[]) {
  const wiring = {
    readers: names.map((name) => ({ name, kind: 'simulated' })),
    panel: { kind: 'simulated', socket: '127.0.0.1:9' },
    portals: names.map(lane),
  };
  await layFolder(path, campus, { list, wiring });
  const { hardware, tapUntilRelay } = watchedHardware(names);
  const link = testLink();
  const controller = await startController({
    dataDir: path,
    software: 'bench',
    log: SILENT,
    ports: { hardware, link: link.attach },
  });
  const insert = bareInsert(join(path, 'bare.sqlite'));
  const relay: number[] = [];
  const bare: number[] = [];
  for (let burst = 0; burst < BURSTS; burst += 1) {
    for (const [door, name] of names.entries()) {
      relay.push(await tapUntilRelay(name, uidOf(burst * DOORS + door)));
      await sleep(PAUSE_MS);
      bare.push(insert());
      await sleep(PAUSE_MS);
    }
    await sleep(RELOCK_MS);
  }
  await controller.close();
  return { relayMs: p99(relay.slice(WARM_UP)), insertMs: p99(bare.slice(WARM_UP)) };
}

/** Readers and relays in this process: what is measured is the controller, not a socket. */
function watchedHardware(names: readonly string[]) {
  const hardware = testHardware(names);
  let onRelease: (atMs: number) => void = () => undefined;
  const panel = {
    ...hardware.panel,
    async setOutput(_output: string, on: boolean): Promise<void> {
      if (on) onRelease(performance.now());
    },
  };
  return {
    hardware: { ...hardware, panel },
    /** Milliseconds from a card at the door to the order to its relay. */
    async tapUntilRelay(door: string, uid: Uint8Array): Promise<number> {
      const released = new Promise<number>((resolve) => (onRelease = resolve));
      const start = performance.now();
      hardware.tap(door, uid);
      return (await released) - start;
    },
  };
}

/** What nobody can be faster than who promises that an event survives power loss. */
function bareInsert(path: string): () => number {
  const database = new Database(path);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec('create table events (seq integer primary key, at integer, body text)');
  const statement = database.prepare('insert into events (at, body) values (?, ?)');
  const body = 'x'.repeat(300);
  return () => {
    const start = performance.now();
    statement.run(1, body);
    return performance.now() - start;
  };
}

/** The shipped bundle as a process, with its link loaded and nobody at the other end. */
async function measureProcess(path: string, campus: Campus, list: SealedList) {
  const bench = await openGateBench(['door-0']);
  const wiring = {
    readers: [{ name: 'door-0', kind: 'simulated' }],
    panel: { kind: 'simulated', socket: bench.address },
    portals: [lane('door-0')],
  };
  await layFolder(path, campus, { list, wiring });
  await layIdentity(path);
  const ready: number[] = [];
  const resident: number[] = [];
  for (let n = 0; n < STARTS; n += 1) {
    const start = performance.now();
    const released = bench.nextRelease();
    const child = spawnController(path);
    const tapping = setInterval(() => bench.tap('door-0', toText(uidOf(n))), 10);
    ready.push((await Promise.race([released, ended(child)])) - start);
    clearInterval(tapping);
    for (let card = 0; card < 300; card += 1) {
      bench.tap('door-0', toText(uidOf(card * 300)));
      await sleep(10);
    }
    resident.push(residentMiB(child.pid ?? 0));
    await stop(child);
  }
  await bench.close();
  return { readyMs: Math.max(...ready), rssMiB: Math.max(...resident) };
}

const toText = (uid: Uint8Array): string => Buffer.from(uid).toString('hex');

async function layIdentity(path: string): Promise<void> {
  const authority = await makeAuthority();
  const own = await authority.issue('gate-1');
  const keys = openKeyFolder(dataFolder(path).keys);
  await keys.write(KEY_FILES.authority, Buffer.from(authority.ca));
  await keys.write(KEY_FILES.tlsCertificate, Buffer.from(own.cert));
  await keys.write(KEY_FILES.tlsKey, Buffer.from(own.key));
}

// SPDX-License-Identifier: Apache-2.0
// Codes on whole processes without any gateway: two shipped controllers of one zone, a scanner at each through a pseudo-terminal
// and the real serialport, UDP between them. A code opens one of them, once.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSettingsFile } from '@latchkey/controller/adapters/settings-file';
import { openSqliteJournal } from '@latchkey/controller/adapters/sqlite-journal';
import {
  CAMPUS_ID,
  type Campus,
  layFolder,
  makeCampus,
  PORTAL,
  phoneEntries,
  policyFor,
} from '@latchkey/controller/app/campus.test-support';
import { dataFolder } from '@latchkey/controller/app/data-folder';
import { NEW_SETTINGS, settingsSchema } from '@latchkey/controller/app/settings-schema';
import { workerFile } from '@latchkey/controller/app/worker-file';
import { parseWiring } from '@latchkey/controller/core/wiring';
import { generatePhoneKeys, makeCode, type PhoneKey, phoneKeyOf } from '@latchkey/protocols/codes/make-code';
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { benchLayout } from '../bench-layout.ts';
import { BenchServer } from '../bench-server.ts';
import { bundle } from '../campus/bundle.ts';
import { Program } from '../campus/program.ts';
import { DoorBench } from '../door-bench.ts';
import { freePorts } from '../free-ports.ts';
import { missingForPtyPairs, PtyPair } from '../pty-pair.ts';
import { requirement } from '../requirements.ts';

const pty = requirement('pty', missingForPtyPairs);
const ZONE = 12;
const OPENS_MS = 5_000;
/** Long enough for a relay that would move after all. */
const STAYS_SHUT_MS = 1_500;
/** After a start no code is taken that an earlier run may have accepted: 5 s, and as much as the clock may be off. */
const SETTLE_MS = 11_000;
const REPEAT_MS = 2_100;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

class Gate {
  readonly scanner: PtyPair;
  readonly bench: DoorBench;
  readonly #dataDir: string;
  readonly #server: BenchServer;
  #program: Program | undefined;

  private constructor(dataDir: string, scanner: PtyPair, bench: DoorBench, server: BenchServer) {
    this.#dataDir = dataDir;
    this.scanner = scanner;
    this.bench = bench;
    this.#server = server;
  }

  static async install(
    dataDir: string,
    campus: Campus,
    phones: readonly PhoneKey[],
    udp: { readonly port: number; readonly other: number },
  ): Promise<Gate> {
    const scanner = await PtyPair.start();
    const socket = `${dataDir}.sock`;
    const wiring = parseWiring({
      readers: [{ name: 'scanner', kind: 'serial', path: scanner.path }],
      panel: { kind: 'simulated', socket },
      portals: [{ id: PORTAL, lock: { output: 'barrier', fail: 'secure' }, readers: [{ name: 'scanner' }] }],
      neighbours: { port: udp.port, host: '127.0.0.1', addresses: [`127.0.0.1:${udp.other}`] },
      clock: { keptWhileOff: true },
    });
    if (!wiring.ok) throw new Error(wiring.detail);
    const policyDocument = policyFor([PORTAL], { zone: ZONE });
    const list = await campus.list(0, { entries: phoneEntries(phones), policyDocument });
    await layFolder(dataDir, campus, { list, wiring: wiring.value });
    const settings = await openSettingsFile(dataFolder(dataDir).settings, settingsSchema, NEW_SETTINGS);
    // As if the gateway had been there until a moment ago.
    await settings.update((data) => ({ ...data, trust: { ...data.trust, timeMarkMs: Date.now() - 1_000 } }));
    await settings.close();
    const bench = new DoorBench({ layout: benchLayout(wiring.value) });
    const server = await BenchServer.start({ listen: socket, benches: new Map([['gate-1', bench]]) });
    return new Gate(dataDir, scanner, bench, server);
  }

  async start(): Promise<void> {
    const args = [bundle('controller/main.mjs'), 'controller', '--data', this.#dataDir];
    this.#program = Program.start({ name: 'controller', args, logFile: `${this.#dataDir}.log` });
    await this.#program.line('"message":"ready"', 60_000);
  }

  async cutPower(): Promise<void> {
    await this.#program?.kill();
  }

  /** True once the barrier is released; false when it stays. */
  async opensFor(code: string, withinMs = OPENS_MS): Promise<boolean> {
    const moved = this.bench.nextMove('barrier', true, withinMs);
    await this.scanner.send(`${code}\r`);
    return (await moved) !== undefined;
  }

  /** Stops the controller and reads what it recorded. */
  async events(): Promise<JournalEvent[]> {
    await this.#program?.stop();
    const { journal: path } = dataFolder(this.#dataDir);
    const journal = openSqliteJournal({ path, worker: workerFile('journal-worker') });
    const rows = await journal.read(1, 1_000);
    await journal.close();
    return rows.map(({ event }) => event);
  }

  async close(): Promise<void> {
    await this.#program?.stop();
    await this.#server.close();
    await this.bench.close();
    await this.scanner.close();
  }
}

describe.skipIf(!pty.available)('two gates of a zone, without any gateway', { timeout: 120_000 }, () => {
  let folder: string;
  let first: Gate;
  let second: Gate;
  let phone: PhoneKey;
  let friend: PhoneKey;
  let neighbour: PhoneKey;
  const gates: Gate[] = [];
  const codeOf = (key: PhoneKey) => makeCode(key, { campusId: CAMPUS_ID, zone: ZONE, timeMs: Date.now() });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lk-codes-'));
    const campus = await makeCampus();
    const phones = await Promise.all(
      (['ES256', 'EdDSA', 'ES256'] as const).map(async (algorithm) => phoneKeyOf(await generatePhoneKeys(algorithm))),
    );
    [phone, friend, neighbour] = phones as [PhoneKey, PhoneKey, PhoneKey];
    const port = await freePorts(2);
    first = await Gate.install(join(folder, 'a'), campus, phones, { port, other: port + 1 });
    gates.push(first);
    second = await Gate.install(join(folder, 'b'), campus, phones, { port: port + 1, other: port });
    gates.push(second);
    await Promise.all(gates.map(async (gate) => gate.start()));
    await sleep(SETTLE_MS);
  }, 120_000);
  afterAll(async () => {
    for (const gate of gates) await gate.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('a code opens; again it does not, here or at the other gate', async () => {
    const code = await codeOf(phone);
    expect(await first.opensFor(code)).toBe(true);
    expect(await second.opensFor(code, STAYS_SHUT_MS)).toBe(false);
    await sleep(REPEAT_MS);
    expect(await first.opensFor(code, STAYS_SHUT_MS)).toBe(false);
  });

  test('the next code of that phone, and one of another phone, open the other gate', async () => {
    expect(await second.opensFor(await codeOf(phone))).toBe(true);
    await expect.poll(() => second.bench.relay('barrier'), { timeout: 15_000 }).toBe(false);
    expect(await second.opensFor(await codeOf(friend))).toBe(true);
  });

  test('a code used before a power cut is not good after it', async () => {
    await expect.poll(() => first.bench.relay('barrier'), { timeout: 15_000 }).toBe(false);
    const code = await codeOf(neighbour);
    expect(await first.opensFor(code)).toBe(true);
    await first.cutPower();
    await first.start();
    expect(await first.opensFor(code, STAYS_SHUT_MS)).toBe(false);
  });

  test('every refusal was recorded with its reason, and no code was', async () => {
    const histories = [await first.events(), await second.events()];
    const refusals = histories.map((events) =>
      events.flatMap((event) =>
        event.type === 'access-denied' || event.type === 'code-refused' ? [event.reason] : [],
      ),
    );
    expect(refusals).toEqual([['CodeReplayed', 'CodeExpired'], ['CodeReplayed']]);
    const granted = histories.map((events) => events.filter(({ type }) => type === 'access-granted').length);
    expect(granted).toEqual([2, 2]);
    expect(JSON.stringify(histories)).not.toMatch(/[0-9]{200}/);
  });
});

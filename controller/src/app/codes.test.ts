// SPDX-License-Identifier: Apache-2.0
// Codes at whole controllers: real lists, real codes, real UDP between two gates of a zone. The gateway is not there unless a test
// says so.

import { createSocket } from 'node:dgram';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issueCertificate } from '@latchkey/protocols/codes/certificate';
import { gateIdOf } from '@latchkey/protocols/codes/challenges';
import {
  answerChallenge,
  generatePhoneKeys,
  makeCode,
  type PhoneKey,
  phoneKeyOf,
} from '@latchkey/protocols/codes/make-code';
import { algorithmByteOf, type Challenge, challengeText } from '@latchkey/protocols/codes/pass-code';
import { answer, timeAnswer } from '@latchkey/protocols/commands/command';
import { sealJson } from '@latchkey/protocols/commands/seal';
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';
import { ask } from '@latchkey/protocols/mqtt/messages';
import { renderSVG } from 'uqr';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { watchLane } from '../adapters/lane-events.test-support.ts';
import { openSettingsFile } from '../adapters/settings-file.ts';
import { openSqliteJournal } from '../adapters/sqlite-journal.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { systemRandom } from '../adapters/system-random.ts';
import type { Clock } from '../ports/clock.ts';
import { DOOR_WIRING, type TestHardware, type TestLink, testHardware, testLink } from './bench.test-support.ts';
import {
  CAMPUS_ID,
  type Campus,
  layFolder,
  makeCampus,
  PORTAL,
  phoneEntries,
  policyFor,
} from './campus.test-support.ts';
import { dataFolder } from './data-folder.ts';
import type { Log } from './log.ts';
import { NEW_SETTINGS, settingsSchema } from './settings-schema.ts';
import { type Controller, startController } from './start-controller.ts';
import { workerFile } from './worker-file.ts';

const ZONE = 12;
const until = <T>(probe: () => T) => expect.poll(probe, { timeout: 15_000, interval: 20 });
/** After a start, codes are taken once none is left that may have been accepted before. */
const SETTLED_MS = 25_000;
const WECHAT = '134567890123456789';

interface Gate {
  readonly hardware: TestHardware;
  readonly link: TestLink;
  readonly directory: string;
  scan(text: string, reader?: 'in' | 'out'): void;
  opened(): number;
  /** Closes the controller and reads what it recorded. */
  events(): Promise<JournalEvent[]>;
  logged(): string;
}

let campus: Campus;
let phone: PhoneKey;
let stranger: PhoneKey;
let skewMs = 0;
/** Random bytes as long as a nonce, as they were drawn. */
const drawn: Uint8Array[] = [];
const gates: { close(): Promise<void>; readonly directory: string }[] = [];
const clock: Clock = {
  now: () => systemClock.now() + skewMs,
  monotonic: () => systemClock.monotonic() + skewMs,
  after: systemClock.after,
};

beforeAll(async () => {
  campus = await makeCampus();
  phone = await phoneKeyOf(await generatePhoneKeys());
  stranger = await phoneKeyOf(await generatePhoneKeys());
});
beforeEach(() => {
  skewMs = 0;
});
afterEach(async () => {
  for (const gate of gates.splice(0)) {
    await gate.close();
    rmSync(gate.directory, { recursive: true, force: true });
  }
});

const random = {
  unit: () => 0,
  bytes(count: number) {
    const bytes = systemRandom.bytes(count);
    if (count === 8) drawn.push(bytes);
    return bytes;
  },
};

const codeOf = (key: PhoneKey, behindMs = 0, zone = ZONE) =>
  makeCode(key, { campusId: CAMPUS_ID, zone, timeMs: clock.now() - behindMs });

const listOf = () =>
  campus.list(0, { policyDocument: policyFor([PORTAL], { zone: ZONE }), entries: phoneEntries([phone]) });

async function freeUdpPorts(count: number): Promise<number[]> {
  const sockets = Array.from({ length: count }, () => createSocket('udp4'));
  await Promise.all(
    sockets.map((socket) => new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', () => resolve()))),
  );
  const ports = sockets.map((socket) => socket.address().port);
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  return ports;
}

async function startGate(more: object = {}, keptWhileOff = true): Promise<Gate> {
  const directory = mkdtempSync(join(tmpdir(), 'codes-'));
  const wiring = { ...DOOR_WIRING, clock: { keptWhileOff }, ...more };
  await layFolder(directory, campus, { list: await listOf(), wiring });
  const settings = await openSettingsFile(dataFolder(directory).settings, settingsSchema, NEW_SETTINGS);
  await settings.update((data) => ({ ...data, trust: { ...data.trust, timeMarkMs: Date.now() - 60_000 } }));
  await settings.close();
  const hardware = testHardware(['in', 'out'], ['contact']);
  const link = testLink();
  const lines: string[] = [];
  const say = (...given: unknown[]) => void lines.push(JSON.stringify(given));
  const log: Log = { debug: say, info: say, warn: say, error: say };
  const ports = { hardware, link: link.attach, clock, random };
  let controller: Controller | undefined = await startController({ dataDir: directory, software: 'test', log, ports });
  const close = async () => {
    await controller?.close();
    controller = undefined;
  };
  gates.push({ close, directory });
  return {
    hardware,
    link,
    directory,
    scan: (text, reader = 'in') => hardware.tell({ kind: 'code', reader, text, atMs: clock.monotonic() }),
    opened: () => hardware.moves.filter(({ output, on }) => output === 'lock' && on).length,
    logged: () => lines.join('\n'),
    async events() {
      await close();
      const journal = openSqliteJournal({ path: dataFolder(directory).journal, worker: workerFile('journal-worker') });
      const rows = await journal.read(1, 1_000);
      await journal.close();
      return rows.map(({ event }) => event);
    },
  };
}

const refusals = (events: readonly JournalEvent[]) =>
  events.flatMap((event) =>
    event.type === 'access-denied' || event.type === 'code-refused' ? [[event.type, event.reason]] : [],
  );

describe('a pass code at a gate without any network', () => {
  it('opens once, as a phone code by name, and later is a replay', async () => {
    const gate = await startGate();
    skewMs = SETTLED_MS;
    const code = await codeOf(phone);
    gate.scan(code);
    await until(gate.opened).toBe(1);
    skewMs += 4_000;
    gate.scan(code);
    const events = await gate.events();
    expect(events.find(({ type }) => type === 'access-granted')).toMatchObject({
      credential: { class: 'phone-code' },
      via: 'list',
      list: { version: 1 },
    });
    expect(refusals(events)).toEqual([['access-denied', 'CodeReplayed']]);
    expect(gate.opened()).toBe(1);
  });

  it('read by both scanners of a lane is good for one of them', async () => {
    const gate = await startGate();
    skewMs = SETTLED_MS;
    const code = await codeOf(phone);
    gate.scan(code, 'in');
    gate.scan(code, 'out');
    expect(refusals(await gate.events())).toEqual([['access-denied', 'CodeReplayed']]);
  });

  it('of a phone that nobody enrolled, of another zone or too old is refused for that', async () => {
    const gate = await startGate();
    skewMs = SETTLED_MS;
    gate.scan(await codeOf(phone, 0, ZONE + 1));
    gate.scan(await codeOf(phone, 40_000));
    gate.scan('9'.repeat(251));
    const reasons = refusals(await gate.events());
    expect(reasons).toEqual([
      ['code-refused', 'CodeWrongZone'],
      ['code-refused', 'CodeExpired'],
      ['code-refused', 'CodeUnreadable'],
    ]);
  });

  it('made before the start is refused, for nobody knows whether it was used', async () => {
    const gate = await startGate();
    gate.scan(await codeOf(phone));
    expect(refusals(await gate.events())).toEqual([['code-refused', 'CodeExpired']]);
  });

  it('is refused while the clock is unsure: after a start, until the gateway has told the time', async () => {
    const gate = await startGate({}, false);
    skewMs = SETTLED_MS;
    gate.scan(await codeOf(phone));
    gate.link.up();
    const asked = () => gate.link.sent.find(({ kind }) => kind === 'time')?.json as { t0: number; nonce: string };
    await until(asked).toBeDefined();
    const { t0, nonce } = asked();
    const told = timeAnswer.parse({ nonce, device: 'gate-1', t0, t1: t0, t2: t0 });
    gate.link.say('time', await sealJson('LKT1', timeAnswer, told, campus.keys.deny));
    await new Promise((resolve) => setTimeout(resolve, 200));
    gate.scan(await codeOf(phone));
    await until(gate.opened).toBe(1);
    expect(refusals(await gate.events())).toEqual([['code-refused', 'CodeClockUnsure']]);
  });

  it('with a certificate opens where the list lacks the phone, and not under another policy', async () => {
    const gate = await startGate();
    skewMs = SETTLED_MS;
    const list = await listOf();
    const certify = async (policyRoot: Uint8Array) => {
      const algorithmByte = algorithmByteOf(stranger.algorithm, stranger.parity);
      const subject = { campusId: CAMPUS_ID, zone: ZONE, policyRoot, algorithmByte, publicKey: stranger.publicKey };
      const expiry = Math.floor(clock.now() / 60_000) + 60;
      return issueCertificate(campus.keys.code, subject, { expiry, profile: 0 });
    };
    const plan = () => ({ campusId: CAMPUS_ID, zone: ZONE, timeMs: clock.now() });
    const otherPolicy = new Uint8Array(32).fill(7);
    gate.scan(await makeCode(stranger, plan(), await certify(otherPolicy)));
    skewMs += 2_000;
    gate.scan(await makeCode(stranger, plan(), await certify(list.head.policyRoot)));
    await until(gate.opened).toBe(1);
    expect(refusals(await gate.events())).toEqual([['code-refused', 'CodeForged']]);
  });
});

describe('two gates of a zone, the gateway gone', () => {
  async function zone() {
    const [here = 0, there = 0] = await freeUdpPorts(2);
    const neighbours = (port: number, other: number) => ({
      neighbours: { port, host: '127.0.0.1', addresses: [`127.0.0.1:${other}`] },
    });
    const first = await startGate(neighbours(here, there));
    const second = await startGate(neighbours(there, here));
    skewMs = SETTLED_MS;
    return { first, second, ports: [here, there] as const };
  }

  it('a code accepted at one is refused at the other', async () => {
    const { first, second } = await zone();
    const code = await codeOf(phone);
    first.scan(code);
    await until(first.opened).toBe(1);
    second.scan(code);
    expect(refusals(await second.events())).toEqual([['access-denied', 'CodeReplayed']]);
    expect(second.opened()).toBe(0);
  });

  it('the next code of the phone opens the other', async () => {
    const { first, second } = await zone();
    first.scan(await codeOf(phone));
    await until(first.opened).toBe(1);
    skewMs += 5_000;
    second.scan(await codeOf(phone));
    await until(second.opened).toBe(1);
  });

  it('10,000 datagrams of garbage change nothing', async () => {
    const { first, second, ports } = await zone();
    const outsider = createSocket('udp4');
    for (let n = 0; n < 10_000; n += 1) {
      const garbage = systemRandom.bytes(1 + (n % 1_200));
      outsider.send(garbage, ports[n % 2] ?? 0, '127.0.0.1', () => undefined);
      if (n % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // What still waits in the sockets is looked at first.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const code = await codeOf(phone);
    first.scan(code);
    await until(first.opened).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    second.scan(code);
    expect(refusals(await second.events())).toEqual([['access-denied', 'CodeReplayed']]);
    await new Promise<void>((resolve) => outsider.close(() => resolve()));
  });
});

describe('a code that answers the challenge on the display', () => {
  /** What the QR code shown at a path says. */
  async function shownAt(port: number, path: unknown): Promise<Challenge> {
    const svg = await (await fetch(`http://127.0.0.1:${port}${String(path)}`)).text();
    const gateId = gateIdOf(PORTAL);
    const draw = (nonce: Uint8Array) => renderSVG(challengeText({ gateId, nonce }), { ecc: 'M', border: 3 });
    const nonce = drawn.find((each) => draw(each) === svg);
    if (nonce === undefined) throw new Error('no challenge is shown');
    return { gateId, nonce };
  }

  it('opens once, even while the clock is unsure; then another challenge is shown', async () => {
    const [port = 0] = await freeUdpPorts(1);
    const portals = DOOR_WIRING.portals.map((each) => ({ ...each, display: { port } }));
    const gate = await startGate({ portals }, false);
    const lane = await retried(() => watchLane(port, 'in'));
    const paths = () => lane.told.flatMap(({ event, data }) => (event === 'challenge' ? [data['path']] : []));
    const shown = () => paths().filter((path) => path !== null);
    await until(() => shown().length).toBe(1);
    const challenge = await shownAt(port, shown()[0]);
    const code = await answerChallenge(phone, { campusId: CAMPUS_ID, zone: ZONE, timeMs: clock.now() }, challenge);
    gate.scan(code);
    await until(gate.opened).toBe(1);
    await until(() => shown().length).toBe(2);
    const next = await shownAt(port, shown()[1]);
    expect(next.nonce).not.toEqual(challenge.nonce);
    skewMs += 3_000;
    gate.scan(code);
    lane.close();
    expect(refusals(await gate.events())).toEqual([['code-refused', 'CodeReplayed']]);
  });
});

describe('a code of another app', () => {
  async function asked(gate: Gate) {
    const question = () => gate.link.sent.find(({ kind }) => kind === 'ask')?.json;
    await until(question).toBeDefined();
    return ask.parse(question());
  }

  it('opens on a signed answer, is recorded for whom it names, and is nowhere afterwards', async () => {
    const gate = await startGate();
    gate.link.up();
    await until(() => gate.link.sent.some(({ kind }) => kind === 'hello')).toBe(true);
    gate.scan(WECHAT);
    gate.scan(WECHAT, 'out');
    const { id, boot, portal, credential } = await asked(gate);
    expect(credential).toEqual({ kind: 'code', form: 'wechat-pay', text: WECHAT });
    expect(gate.link.sent.filter(({ kind }) => kind === 'ask')).toHaveLength(1);
    const given = answer.parse({
      ask: id,
      device: 'gate-1',
      boot,
      portal,
      outcome: 'granted',
      credential: { ref: 'ab'.repeat(8), class: 'phone-code' },
      expiresMs: Date.now() + 5_000,
    });
    gate.link.say('answer', await sealJson('LKA1', answer, given, campus.keys.command));
    await until(gate.opened).toBe(1);
    const events = await gate.events();
    expect(events.find(({ type }) => type === 'access-granted')).toMatchObject({
      credential: { ref: 'ab'.repeat(8), class: 'phone-code' },
      via: 'gateway',
    });
    expect(gate.logged()).not.toContain(WECHAT);
    expect(JSON.stringify(events)).not.toContain(WECHAT);
    for (const file of filesIn(gate.directory))
      expect([file, readFileSync(file).includes(WECHAT)]).toEqual([file, false]);
  });

  it('without the gateway is refused, and says to use the pass or the card', async () => {
    const gate = await startGate();
    gate.scan(WECHAT);
    expect(refusals(await gate.events())).toEqual([['code-refused', 'CodeNeedsNetwork']]);
  });

  it('that nobody answers about in 800 ms is refused', async () => {
    const gate = await startGate();
    gate.link.up();
    await until(() => gate.link.sent.some(({ kind }) => kind === 'hello')).toBe(true);
    gate.scan(WECHAT);
    await asked(gate);
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    expect(refusals(await gate.events())).toEqual([['code-refused', 'ResolverUnavailable']]);
  });
});

/** The display opens in its own time. */
async function retried<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = 100; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const filesIn = (directory: string): string[] =>
  readdirSync(directory, { withFileTypes: true, recursive: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );

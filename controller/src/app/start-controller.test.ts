// SPDX-License-Identifier: Apache-2.0
// A whole controller on a real journal and a real data folder; readers, panel and link are the test's (DESIGN 1).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cardId } from '@latchkey/protocols/authorization/credential-id';
import { chainAfter, EMPTY_CHAIN } from '@latchkey/protocols/authorization/deny';
import { answer } from '@latchkey/protocols/commands/command';
import { sealJson } from '@latchkey/protocols/commands/seal';
import { portalId } from '@latchkey/protocols/ids';
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';
import { health, hello } from '@latchkey/protocols/mqtt/messages';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteJournal } from '../adapters/sqlite-journal.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { systemRandom } from '../adapters/system-random.ts';
import type { Clock } from '../ports/clock.ts';
import type { Journal } from '../ports/journal.ts';
import { DOOR_WIRING, type TestHardware, type TestLink, testHardware, testLink } from './bench.test-support.ts';
import { type Campus, layFolder, makeCampus, policyFor, uidOf } from './campus.test-support.ts';
import { dataFolder } from './data-folder.ts';
import { SILENT } from './log.ts';
import { type Controller, type ControllerPorts, startController } from './start-controller.ts';
import { workerFile } from './worker-file.ts';

/** A busy machine is slow, not wrong. */
const until = <T>(probe: () => T, interval = 20) => expect.poll(probe, { timeout: 15_000, interval });

let campus: Campus;
let directory: string;
let hardware: TestHardware;
let link: TestLink;
const running: Controller[] = [];

beforeAll(async () => {
  campus = await makeCampus();
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'controller-'));
  hardware = testHardware(['in', 'out'], ['contact']);
  link = testLink();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.close()));
  rmSync(directory, { recursive: true, force: true });
});

async function start(ports: Partial<ControllerPorts> = {}): Promise<Controller> {
  const controller = await startController({
    dataDir: directory,
    software: 'test',
    log: SILENT,
    ports: { hardware, link: link.attach, random: { ...systemRandom, unit: () => 0 }, ...ports },
  });
  running.push(controller);
  return controller;
}

/** What the journal holds once the controller is closed. */
async function events(): Promise<JournalEvent[]> {
  await Promise.all(running.splice(0).map((each) => each.close()));
  const journal = openSqliteJournal({ path: dataFolder(directory).journal, worker: workerFile('journal-worker') });
  const rows = await journal.read(1, 1_000);
  await journal.close();
  return rows.map(({ event }) => event);
}
const opened = () => hardware.moves.filter(({ output, on }) => output === 'lock' && on).length;
const sent = (kind: string) => link.sent.filter((each) => each.kind === kind).map(({ json }) => json);
const lay = async (count = 50) => layFolder(directory, campus, { list: await campus.list(count), wiring: DOOR_WIRING });
const bootOf = () => String(sent('hello')[0]?.['boot']);

describe('without any network', () => {
  it('opens for a card in the list, records it before the relay moves, and refuses another', async () => {
    await lay();
    await start();
    hardware.tap('in', uidOf(3));
    await until(opened).toBe(1);
    hardware.tap('out', uidOf(1_000));
    const types = (await events()).map((event) => [event.type, 'reason' in event ? event.reason : undefined]);
    expect(types).toContainEqual(['access-granted', undefined]);
    expect(types).toContainEqual(['access-denied', 'GatewayUnreachable']);
    // A disk that was slow in between may be told of after it.
    expect(types.filter(([type]) => type !== 'alarm').at(-1)).toEqual(['stopped', undefined]);
  });

  it('without a list refuses with ListMissing', async () => {
    await layFolder(directory, campus, { wiring: DOOR_WIRING });
    await start();
    hardware.tap('in', uidOf(3));
    const denied = (await events()).find(({ type }) => type === 'access-denied');
    expect(denied).toMatchObject({ reason: 'ListMissing' });
    expect(opened()).toBe(0);
  });

  it('never writes a card number down', async () => {
    await lay();
    await start();
    hardware.tap('in', uidOf(3));
    await until(opened).toBe(1);
    const text = JSON.stringify(await events());
    expect(text).not.toContain(Buffer.from(uidOf(3)).toString('hex'));
    expect(text).not.toContain(Buffer.from(cardId(uidOf(3))).toString('hex'));
  });

  it('ends with the locks in their fail state', async () => {
    await lay();
    await (await start()).close();
    expect(hardware.closed).toBe(true);
  });
});

describe('the journal', () => {
  it('stalled for longer than 50 ms does not keep the door shut, and is an alarm', async () => {
    await lay();
    const real = openSqliteJournal({ path: dataFolder(directory).journal, worker: workerFile('journal-worker') });
    let slow = false;
    const journal: Journal = {
      ...real,
      append: async (event) => {
        if (slow) await new Promise((resolve) => setTimeout(resolve, 400));
        return real.append(event);
      },
    };
    await start({ journal });
    slow = true;
    const before = performance.now();
    hardware.tap('in', uidOf(3));
    await until(opened, 5).toBe(1);
    const took = (hardware.moves.find(({ on }) => on)?.atMs ?? 0) - before;
    expect(took).toBeGreaterThanOrEqual(49);
    expect(took).toBeLessThan(300);
    slow = false;
    await new Promise((resolve) => setTimeout(resolve, 500));
    const alarms = (await events()).filter((event) => event.type === 'alarm' && event.alarm === 'journal-stalled');
    expect(alarms.length).toBeGreaterThan(0);
  });

  it('refusing every event (disk full) does not keep the door shut', async () => {
    await lay();
    const full = Object.assign(new Error('full'), { code: 'SQLITE_FULL' });
    const journal: Journal = {
      append: () => Promise.reject(full),
      read: () => Promise.reject(full),
      acknowledge: () => Promise.reject(full),
      status: () => Promise.reject(full),
      close: () => Promise.resolve(),
    };
    await start({ journal });
    hardware.tap('in', uidOf(3));
    await until(opened).toBe(1);
    link.up();
    await until(() => sent('hello').length).toBe(1);
  });
});

describe('with the gateway', () => {
  it('says hello in the agreed form, then uploads and reports its health', async () => {
    await lay();
    await start();
    link.up();
    await until(() => sent('ev').length).toBeGreaterThan(0);
    const message = hello.parse(sent('hello')[0]);
    expect(message).toMatchObject({ software: 'test', root: 1, prfKeys: [1, 2] });
    expect(message.have[0]).toMatchObject({ scope: 7, version: 1 });
    expect(link.sent[0]?.kind).toBe('hello');
    await until(() => sent('health').length).toBe(1);
    expect(health.safeParse(sent('health')[0]).success).toBe(true);
  });

  it('a deny is in force at once, and still after a restart', async () => {
    await lay();
    await start();
    link.up();
    const ops = [{ key8: campus.campusPrf.key(cardId(uidOf(3))), kind: 'deny', reason: 'lost', minute: 1 }] as const;
    link.say('bc', await campus.deny({ ops }));
    await until(() => sent('health').at(-1)?.['deny']).toMatchObject({ seq: 1 });
    hardware.tap('in', uidOf(3));
    const first = await events();
    expect(first.find(({ type }) => type === 'access-denied')).toMatchObject({ reason: 'CredentialDenied' });
    hardware = testHardware(['in', 'out'], ['contact']);
    await start();
    hardware.tap('in', uidOf(3));
    const denied = (await events()).filter(({ type }) => type === 'access-denied');
    expect(denied).toHaveLength(2);
    expect(opened()).toBe(0);
  });

  it('a beat that is ahead asks for the denies that are missing', async () => {
    await lay();
    await start();
    link.up();
    await until(() => sent('hello').length).toBe(1);
    link.say('bc', await campus.beat(1, 4, chainAfter(EMPTY_CHAIN, [])));
    await until(() => sent('need')).toContainEqual({ kind: 'deny', fromSeq: 1 });
  });

  it('an unknown card is asked about and opens on a signed answer to that very question', async () => {
    await lay();
    await start();
    link.up();
    await until(() => sent('hello').length).toBe(1);
    hardware.tap('in', uidOf(900));
    await until(() => sent('ask').length).toBe(1);
    const { id, boot, portal } = sent('ask')[0] as { id: string; boot: string; portal: string };
    const given = answer.parse({
      ask: id,
      device: 'gate-1',
      boot,
      portal,
      outcome: 'granted',
      expiresMs: Date.now() + 800,
    });
    link.say('answer', await sealJson('LKA1', answer, { ...given, ask: '00'.repeat(8) }, campus.keys.command));
    link.say('answer', await sealJson('LKA1', answer, given, campus.keys.command));
    await until(opened).toBe(1);
    const granted = (await events()).find(({ type }) => type === 'access-granted');
    expect(granted).toMatchObject({ via: 'gateway' });
  });

  it('an unknown card without an answer within 800 ms is refused', async () => {
    await lay();
    await start();
    link.up();
    await until(() => sent('hello').length).toBe(1);
    hardware.tap('in', uidOf(900));
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    expect((await events()).find(({ type }) => type === 'access-denied')).toMatchObject({
      reason: 'GatewayUnreachable',
    });
  });
});

describe('commands', () => {
  const base = () => ({
    id: 'aa'.repeat(8),
    device: 'gate-1' as never,
    portal: 'north' as never,
    actor: 'li',
    issuedMs: Date.now(),
    order: 1,
  });
  async function online(): Promise<void> {
    await lay();
    await start();
    link.up();
    await until(() => sent('hello').length).toBe(1);
  }
  const states = () => sent('res').map((each) => [each['state'], each['code']]);

  it('a momentary unlock opens once, and says received and done', async () => {
    await online();
    const frame = await campus.command({
      ...base(),
      operation: 'unlock-momentary',
      expiresMs: Date.now() + 5_000,
      boot: bootOf(),
    });
    link.say('cmd', frame);
    await until(states).toEqual([
      ['received', undefined],
      ['done', undefined],
    ]);
    expect(opened()).toBe(1);
    link.say('cmd', frame);
    await until(() => sent('res').length).toBe(3);
    expect(opened()).toBe(1);
  });

  it('a momentary unlock that comes late never fires', async () => {
    await online();
    const issuedMs = Date.now() - 6_000;
    link.say(
      'cmd',
      await campus.command({
        ...base(),
        issuedMs,
        operation: 'unlock-momentary',
        expiresMs: issuedMs + 5_000,
        boot: bootOf(),
      }),
    );
    await until(states).toEqual([['expired', 'expired']]);
    expect(opened()).toBe(0);
  });

  it('a mode change made while the door was offline is applied on reconnect, a momentary unlock of that time is not', async () => {
    await online();
    link.down();
    const issuedMs = Date.now() - 3_600_000;
    link.up();
    const boot = bootOf();
    const unlock = { ...base(), issuedMs, expiresMs: issuedMs + 10_000, operation: 'unlock-momentary', boot } as const;
    link.say('cmd', await campus.command(unlock));
    await until(states).toEqual([['expired', 'expired']]);
    const far = Date.now() + 3_600_000;
    const block = { ...base(), id: 'cc'.repeat(8), issuedMs, expiresMs: far, operation: 'set-mode', mode: 'Blocked' };
    link.say('cmd', await campus.command({ ...block, order: 2 } as Parameters<Campus['command']>[0]));
    await until(() => states().at(-1)).toEqual(['done', undefined]);
    expect(opened()).toBe(0);
    link.down();
    link.up();
    await until(() => sent('hello').at(-1)?.['portals']).toMatchObject([{ mode: 'Blocked' }]);
  });

  it('a lockdown refuses cards, survives a restart and is over on its release', async () => {
    await online();
    const far = Date.now() + 3_600_000;
    link.say('cmd', await campus.command({ ...base(), operation: 'lockdown', expiresMs: far }));
    await until(states).toContainEqual(['done', undefined]);
    await Promise.all(running.splice(0).map((each) => each.close()));
    hardware = testHardware(['in', 'out'], ['contact']);
    link = testLink();
    await start();
    hardware.tap('in', uidOf(3));
    link.up();
    await until(() => sent('hello')[0]?.['portals']).toMatchObject([{ mode: 'LockedDown' }]);
    link.say(
      'cmd',
      await campus.command({ ...base(), id: 'bb'.repeat(8), operation: 'release-lockdown', expiresMs: far, order: 2 }),
    );
    await until(states).toContainEqual(['done', undefined]);
    hardware.tap('out', uidOf(4));
    await until(opened).toBe(1);
    const denied = (await events()).find(({ type }) => type === 'access-denied');
    expect(denied).toMatchObject({ reason: 'DoorNotAccessible' });
  });

  it('a mode that a locked-down door refused does not come true after the lockdown and a restart', async () => {
    await online();
    const expiresMs = Date.now() + 3_600_000;
    const say = async (order: number, more: Parameters<Campus['command']>[0]) => {
      link.say('cmd', await campus.command({ ...base(), id: `${order}`.repeat(16), expiresMs, order, ...more }));
      await until(() => states().length).toBe(2 * order);
    };
    await say(1, { operation: 'lockdown' });
    await say(2, { operation: 'set-mode', mode: 'Unlocked' });
    expect(states().at(-1)).toEqual(['refused', 'door-locked-down']);
    await say(3, { operation: 'release-lockdown' });
    await Promise.all(running.splice(0).map((each) => each.close()));
    hardware = testHardware(['in', 'out'], ['contact']);
    link = testLink();
    await start();
    link.up();
    await until(() => sent('hello')[0]?.['portals']).toMatchObject([{ mode: 'Locked' }]);
  });

  it('by a stranger is not even answered', async () => {
    await online();
    const stranger = await makeCampus();
    link.say('cmd', await stranger.command({ ...base(), operation: 'lockdown', expiresMs: Date.now() + 9_000 }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sent('res')).toEqual([]);
  });
});

it('the same card held before a lane twice at once is one event', async () => {
  await lay();
  await start();
  for (let n = 0; n < 5; n += 1) hardware.tap('in', uidOf(3));
  await until(opened).toBe(1);
  expect((await events()).filter(({ type }) => type === 'access-granted')).toHaveLength(1);
});

it('a grant that the power cut left without an end is concluded at the next start, once', async () => {
  await lay();
  const path = dataFolder(directory).journal;
  const worker = workerFile('journal-worker');
  const before = openSqliteJournal({ path, worker });
  await before.append({
    at: 1_790_000_000_000,
    clock: 'free',
    type: 'access-granted',
    portal: portalId.parse('north'),
    direction: 'in',
    credential: { ref: '00000000000000a1', class: 'uid-only' },
    admission: 'b0b1-4',
    via: 'list',
  });
  await before.close();
  const told = async () => {
    const journal = openSqliteJournal({ path, worker });
    const rows = await journal.read(1, 1_000);
    await journal.close();
    return rows.filter(({ event }) => event.type === 'access-unconcluded').length;
  };
  await start();
  await expect.poll(told, { timeout: 15_000 }).toBe(1);
  await Promise.all(running.splice(0).map((each) => each.close()));
  hardware = testHardware(['in', 'out'], ['contact']);
  await start();
  hardware.tap('in', uidOf(3));
  await until(opened).toBe(1);
  expect((await events()).filter(({ type }) => type === 'access-unconcluded')).toMatchObject([{ admission: 'b0b1-4' }]);
});

it('hard anti-passback is kept over a restart', async () => {
  const policyDocument = policyFor(['north']);
  const [portal] = policyDocument.portals;
  const portals = portal ? [{ ...portal, antiPassback: { mode: 'hard' as const, in: 'inside', out: 'outside' } }] : [];
  const list = await campus.list(10, { policyDocument: { ...policyDocument, portals } });
  await layFolder(directory, campus, {
    list,
    wiring: { ...DOOR_WIRING, portals: [{ ...DOOR_WIRING.portals[0], contact: undefined }] },
  });
  await start();
  hardware.tap('in', uidOf(3));
  await until(opened).toBe(1);
  await Promise.all(running.splice(0).map((each) => each.close()));
  hardware = testHardware(['in', 'out'], ['contact']);
  await start();
  hardware.tap('in', uidOf(3));
  const denied = (await events()).find(({ type }) => type === 'access-denied');
  expect(denied).toMatchObject({ reason: 'AntipassbackViolation' });
});

it('a clock that stands still behind signed time is degraded, and an alarm', async () => {
  await layFolder(directory, campus, { list: await campus.list(10), wiring: DOOR_WIRING });
  const stopped: Clock = { ...systemClock, now: () => Date.UTC(2020, 0, 1) };
  await start({ clock: stopped });
  link.up();
  await until(() => sent('hello').length).toBe(1);
  link.say('bc', await campus.beat(1, 0, EMPTY_CHAIN));
  await new Promise((resolve) => setTimeout(resolve, 50));
  hardware.tap('in', uidOf(3));
  const granted = (await events()).find(({ type }) => type === 'access-granted');
  expect(granted).toMatchObject({ clock: 'degraded' });
  expect(granted?.at).toBeGreaterThan(Date.UTC(2026, 0, 1));
});

it('an alarm of a door stands in health until the door says it is over', async () => {
  let stuck = true;
  const { setOutput } = hardware.panel;
  hardware.panel.setOutput = async (output, on) => {
    if (stuck) throw new Error('stuck');
    return setOutput(output, on);
  };
  await layFolder(directory, campus, { list: await campus.list(10), wiring: DOOR_WIRING });
  await start();
  link.up();
  const alarms = () => sent('health').at(-1)?.['alarms'];
  await until(alarms).toContainEqual(expect.stringMatching(/^output-fault north lock/));
  stuck = false;
  await until(() => hardware.moves.length).toBeGreaterThan(0);
  link.down();
  link.up();
  await until(alarms).not.toContainEqual(expect.stringMatching(/^output-fault/));
});

it('acknowledged events are not sent again', async () => {
  await lay();
  await start();
  link.up();
  await until(() => sent('ev').length).toBeGreaterThan(0);
  const { epoch, first, events: batch } = sent('ev')[0] as { epoch: string; first: number; events: unknown[] };
  link.say('ack', encodeEnvelope({ epoch, upTo: first + batch.length - 1 }));
  link.down();
  link.up();
  await until(() => sent('hello').length).toBe(2);
  expect(sent('hello')[1]).toMatchObject({ journal: { ackedSeq: first + batch.length - 1 } });
});

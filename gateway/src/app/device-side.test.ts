// SPDX-License-Identifier: Apache-2.0
// Gateway and controllers over real TLS and a real database: lists arrive and are kept up to date, denies and commands too.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { cardId } from '@latchkey/protocols/authorization/credential-id';
import { siteId } from '@latchkey/protocols/ids';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openAuthority } from '../adapters/ca.ts';
import { type DeviceSide, startDeviceSide } from './device-side.ts';
import { SILENT } from './log.ts';
import { createPublishOnce } from './publisher.ts';
import { issueCard, loseCard } from './registry/cards.ts';
import { putPerson } from './registry/people.ts';
import { putPortal } from './registry/places.ts';
import {
  ACTOR,
  furnish,
  NOW_MS,
  openTestRegistry,
  person,
  portal,
  randomUid,
  type TestRegistry,
  value,
} from './registry/registry.test-support.ts';
import { type Credentials, enrolTestDevice, TestDevice } from './test-device.test-support.ts';

let registry: TestRegistry;
let side: DeviceSide;
let publish: () => Promise<unknown>;
let nowMs: number;
let devices: TestDevice[];
let one: Credentials;

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 20 });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

beforeEach(async () => {
  registry = await openTestRegistry();
  nowMs = NOW_MS;
  devices = [];
  const directory = join(registry.database.directory, 'ca');
  const authority = await openAuthority({ directory, names: [], nowMs: Date.now, randomBytes });
  side = await startDeviceSide({
    database: registry.database,
    keystore: registry.keystore,
    registry,
    authority,
    site: siteId.parse('campus'),
    timeZone: 'Asia/Shanghai',
    mqtt: { host: '127.0.0.1', port: 0 },
    hostName: 'localhost',
    log: SILENT,
    onEvents: () => undefined,
    nowMs: () => nowMs,
  });
  publish = createPublishOnce({
    database: registry.database,
    keystore: registry.keystore,
    now: () => nowMs,
    timeZone: 'Asia/Shanghai',
    onPublished: side.published,
    onProblem: (scope, problem, detail) => {
      throw new Error(`scope ${scope}: ${problem} ${detail}`);
    },
  });
  await furnish(registry);
  one = await enrolTestDevice(side.enrolment, 'gate-1');
  value(await putPortal(registry.context, 'north', portal({ device: 'gate-1' }), ACTOR));
});
afterEach(async () => {
  for (const device of devices) await device.close();
  await side.close();
  await registry.close();
});

async function start(credentials = one, device = new TestDevice(credentials)): Promise<TestDevice> {
  devices.push(device);
  await device.connect(side.mqttPort);
  await device.hello(nowMs);
  return device;
}
const issue = async (holder = 'S1') => {
  const uid = randomUid();
  const made = await issueCard(registry.context, { uid, person: holder, class: 'uid-only', validUntilMs: null }, ACTOR);
  return { uid, id: value(made).cards[0] as number };
};
const version = (device: TestDevice, scope = 1) => device.lists.get(scope)?.head.version;
const row = () =>
  registry.database.db.selectFrom('device_scope').selectAll().where('device_id', '=', 'gate-1').execute();

describe('lists', () => {
  it('reach a new controller whole, with the keys to read them', async () => {
    const { uid } = await issue();
    await publish();
    const device = await start();
    await until(() => expect(version(device)).toBe(1));
    const list = device.lists.get(1);
    const prf = device.prfs.get(list?.head.prfKeyId ?? 0);
    expect(list?.find(prf?.key(cardId(uid)) as Uint8Array)).toBeDefined();
    expect(device.prfs.has(registry.campusKey.id)).toBe(true);
    expect(device.kinds.filter((kind) => kind === 'offer')).toHaveLength(1);
    await until(async () =>
      expect(await row()).toMatchObject([{ scope_id: 1, desired_version: 1, reported_version: 1 }]),
    );
  });

  it('that changed reach it as a delta', async () => {
    await issue();
    await publish();
    const device = await start();
    await until(() => expect(version(device)).toBe(1));
    device.kinds.length = 0;
    await issue();
    await publish();
    await until(() => expect(version(device)).toBe(2));
    expect(device.kinds).toContain('offer+deltas');
    expect(device.kinds).not.toContain('pages');
    expect(await registry.database.db.selectFrom('outbox').selectAll().where('scope_id', '=', 1).execute()).toEqual([]);
  });

  it('reach one that was away as a chain of deltas, and without them by pages', async () => {
    await publish();
    const device = await start();
    await until(() => expect(version(device)).toBe(1));
    await device.close();
    for (let times = 0; times < 3; times += 1) {
      await issue();
      await publish();
    }
    device.kinds.length = 0;
    await start(one, device);
    await until(() => expect(version(device)).toBe(4));
    expect(device.kinds).toContain('offer+deltas');
    device.ignoreDeltas = true;
    await issue();
    await publish();
    await until(() => expect(version(device)).toBe(5));
    expect(device.kinds).toContain('pages');
  });

  it('of a controller that says what it has are not sent again', async () => {
    await publish();
    const device = await start();
    await until(() => expect(version(device)).toBe(1));
    await device.close();
    device.kinds.length = 0;
    await start(one, device);
    await until(() => expect(device.freshness).toContain('1:1'));
    await pause(100);
    expect(device.kinds.filter((kind) => kind !== 'freshness')).toEqual([]);
  });

  it('are not given for scopes of others, and are taken back with the portal', async () => {
    await publish();
    const device = await start();
    await until(() => expect(version(device)).toBe(1));
    await device.publish('need', { kind: 'offer', scope: 2 });
    await until(() => expect(device.kinds).toContain('retract'));
    expect(device.lists.has(2)).toBe(false);
    value(await putPortal(registry.context, 'library', portal({ scope: 2, device: 'gate-1' }), ACTOR));
    await until(() => expect(version(device, 2)).toBe(1));
    value(await putPortal(registry.context, 'library', portal({ scope: 2, device: null }), ACTOR));
    await until(() => expect(device.lists.has(2)).toBe(false));
    await until(async () => expect(await row()).toMatchObject([{ scope_id: 1 }]));
  });

  it('are wanted for a controller that is away as soon as it gets a portal, and no longer once it loses it', async () => {
    await publish();
    value(await putPortal(registry.context, 'library', portal({ scope: 2, device: 'gate-1' }), ACTOR));
    await until(async () =>
      expect(await row()).toMatchObject([{ scope_id: 1 }, { scope_id: 2, desired_version: 1, reported_version: null }]),
    );
    value(await putPortal(registry.context, 'library', portal({ scope: 2, device: null }), ACTOR));
    await until(async () => expect(await row()).toMatchObject([{ scope_id: 1, desired_version: 1 }]));
  });

  it('refused are recorded beside what is wanted', async () => {
    await publish();
    const device = new TestDevice(one);
    device.stuck = true;
    await start(one, device);
    await until(() => expect(device.kinds).toContain('offer'));
    await device.publish('list', {
      scope: 1,
      epoch: 0,
      version: 0,
      digest: '0'.repeat(64),
      state: 'refused',
      code: 'bad-signature',
    });
    await until(async () =>
      expect(await row()).toMatchObject([
        { desired_version: 1, reported_version: null, refused_version: 1, refused_code: 'bad-signature' },
      ]),
    );
  });
});

describe('denies', () => {
  it('reach every controller within moments of the change', async () => {
    const { uid, id } = await issue();
    await publish();
    const device = await start();
    await until(() => expect(version(device)).toBe(1));
    value(await loseCard(registry.context, id, ACTOR));
    await until(() => expect(device.overlay.seq).toBe(1));
    expect(device.overlay.entries.has(Buffer.from(registry.campusKey.prf.key(cardId(uid))).toString('hex'))).toBe(true);
  });
  it('missed while away are fetched, each once and in order', async () => {
    const cards = [await issue(), await issue(), await issue()];
    const device = await start();
    for (const { id } of cards.slice(0, 2)) value(await loseCard(registry.context, id, ACTOR));
    await until(() => expect(device.overlay.seq).toBe(2));
    await device.close();
    for (const { id } of cards.slice(2)) value(await loseCard(registry.context, id, ACTOR));
    await start(one, device);
    await until(() => expect(device.overlay.seq).toBe(3));
    const late = await start(await enrolTestDevice(side.enrolment, 'gate-2'));
    await until(() => expect(late.overlay.seq).toBe(3));
    expect([...device.kinds, ...late.kinds].filter((kind) => kind.startsWith('deny '))).toEqual([]);
  });
  it('are confirmed by those who report them', async () => {
    const { id } = await issue();
    const device = await start();
    await start(await enrolTestDevice(side.enrolment, 'gate-2'));
    await until(() => expect(side.counts().sessions).toBe(2));
    const { deny } = value(await loseCard(registry.context, id, ACTOR));
    const confirming = side.confirmDeny(deny as NonNullable<typeof deny>, 400);
    await until(() => expect(device.overlay.seq).toBe(1));
    const health = {
      uptimeS: 1,
      rssBytes: 1,
      time: { nowMs, quality: 'synced' },
      journal: { pending: 0, stored: 0 },
      readers: [],
      portals: [],
      alarms: ['reader-lost: a'],
    };
    await device.publish('health', { ...health, deny: { epoch: 1, seq: 1 } });
    expect(await confirming).toEqual({ online: 2, confirmed: 1, confirmedMs: null });
    const alarms = await registry.database.db
      .selectFrom('device')
      .select('alarms')
      .where('id', '=', 'gate-1')
      .executeTakeFirstOrThrow();
    expect(alarms.alarms).toBe('["reader-lost: a"]');
  });
});

describe('commands', () => {
  const state = (portal: { north?: string } = {}) => ({
    mode: 'Locked',
    door: 'Closed',
    lock: 'Locked',
    alarm: 'Normal',
    portal: portal.north ?? 'north',
  });
  it('to open once are confirmed by the door', async () => {
    const device = await start();
    await until(() => expect(side.counts().sessions).toBe(1));
    const done = value(await side.commands.unlock('north', ACTOR));
    expect(done).toMatchObject({
      device: 'gate-1',
      portal: 'north',
      operation: 'unlock-momentary',
      state: 'done',
      code: null,
    });
    expect(device.commands[0]).toMatchObject({ boot: device.boot, order: 1, expiresMs: nowMs + 10_000 });
    expect(await side.commands.get(done.id)).toEqual(done);
    device.onCommand = 'refuse';
    expect(value(await side.commands.unlock('north', ACTOR))).toMatchObject({ state: 'refused', code: 'no' });
  });
  it('to open once are refused for a controller that is away, and expire when nobody answers', async () => {
    expect(await side.commands.unlock('north', ACTOR)).toMatchObject({ ok: false, code: 'device-offline' });
    const device = await start();
    device.onCommand = 'ignore';
    await until(() => expect(side.counts().sessions).toBe(1));
    const sent = value(await side.commands.unlock('north', ACTOR));
    expect(sent.state).toBe('sent');
    nowMs += 20_000;
    await until(async () => expect((await side.commands.get(sent.id))?.state).toBe('expired'));
  });
  it('that set a mode wait for the controller, in their order, the newest of each kind', async () => {
    expect(value(await side.commands.setMode('north', 'Unlocked', ACTOR))).toMatchObject({ state: 'queued' });
    value(await side.commands.setMode('north', 'Blocked', ACTOR));
    value(await side.commands.lockdown(true, undefined, ACTOR));
    const device = await start();
    await until(() =>
      expect(device.commands.map(({ operation, mode }) => mode ?? operation)).toEqual(['Blocked', 'lockdown']),
    );
    expect(device.commands.map(({ order }) => order)).toEqual([2, 3]);
    await until(async () => expect((await side.commands.get(device.commands[1]?.id ?? ''))?.state).toBe('done'));
    device.commands.length = 0;
    await device.hello(nowMs);
    await until(() => expect(device.commands).toHaveLength(2));
  });
  it('still wanted that a newer number overtook are given again under a new one', async () => {
    const queued = value(await side.commands.setMode('north', 'Unlocked', ACTOR));
    const device = new TestDevice(one);
    device.onCommand = 'ignore';
    await start(one, device);
    await until(() => expect(device.commands).toHaveLength(1));
    device.onCommand = 'done';
    await device.publish('res', { id: queued.id, state: 'refused', code: 'superseded', atMs: nowMs });
    await until(() => expect(device.commands).toHaveLength(2));
    expect(device.commands[1]).toMatchObject({ mode: 'Unlocked', order: 2 });
  });
  it('of nobody or of another controller change nothing', async () => {
    const device = await start();
    const other = await start(await enrolTestDevice(side.enrolment, 'gate-2'));
    device.onCommand = 'ignore';
    await until(() => expect(side.counts().sessions).toBe(2));
    const sent = value(await side.commands.unlock('north', ACTOR));
    await other.publish('res', { id: sent.id, state: 'done', atMs: nowMs, portal: state() });
    await other.publish('res', { id: 'ab'.repeat(8), state: 'done', atMs: nowMs });
    expect((await side.commands.get(sent.id))?.state).toBe('sent');
    expect(await registry.database.db.selectFrom('portal_report').selectAll().execute()).toEqual([]);
  });
});

describe('questions', () => {
  const question = (device: TestDevice, uid: Uint8Array, more: object = {}) => ({
    id: randomBytes(8).toString('hex'),
    boot: device.boot,
    portal: 'north',
    direction: 'in',
    credential: { kind: 'id', id: Buffer.from(cardId(uid)).toString('hex'), class: 'uid-only' },
    ...more,
  });
  it('about a card that no list holds yet are answered from the registry', async () => {
    const device = await start();
    await until(() => expect(side.counts().sessions).toBe(1));
    const { uid, id } = await issue();
    await device.publish('ask', question(device, uid));
    await until(() =>
      expect(device.answers).toMatchObject([{ device: 'gate-1', portal: 'north', outcome: 'granted' }]),
    );
    value(await loseCard(registry.context, id, ACTOR));
    await device.publish('ask', question(device, uid));
    await device.publish('ask', question(device, randomUid()));
    value(await putPerson(registry.context, 'S2', person(), ACTOR));
    await device.publish('ask', question(device, (await issue('S2')).uid));
    await until(() =>
      expect(device.answers.map(({ reason }) => reason)).toEqual([
        undefined,
        'CredentialDenied',
        'UnknownCredential',
        'Unauthorized',
      ]),
    );
  });
  it("of another boot, about another's portal or one that is not to ask get no answer", async () => {
    const device = await start();
    await until(() => expect(side.counts().sessions).toBe(1));
    const { uid } = await issue();
    await device.publish('ask', question(device, uid, { boot: '00'.repeat(8) }));
    await device.publish('ask', question(device, uid, { portal: 'library' }));
    value(await putPortal(registry.context, 'north', portal({ device: 'gate-1', askGateway: false }), ACTOR));
    await device.publish('ask', question(device, uid));
    await pause(200);
    expect(device.answers).toEqual([]);
  });
  it('about the time are answered with its nonce', async () => {
    const device = await start();
    await device.publish('time', { t0: 5, nonce: 'ab'.repeat(8) });
    await until(() =>
      expect(device.times).toEqual([{ nonce: 'ab'.repeat(8), device: 'gate-1', t0: 5, t1: nowMs, t2: nowMs }]),
    );
  });
});

describe('sessions', () => {
  it('end with the connection, with its certificate, and not with an old goodbye', async () => {
    const device = await start();
    await until(() => expect(side.counts()).toEqual({ connected: 1, sessions: 1 }));
    await device.publish('bye', { session: '00'.repeat(8) });
    expect(side.counts().sessions).toBe(1);
    expect(side.isOnline('gate-1')).toBe(true);
    value(await side.enrolment.revoke('gate-1', ACTOR));
    await until(() => expect(side.counts()).toEqual({ connected: 0, sessions: 0 }));
    await expect(start()).rejects.toMatchObject({ code: 5 });
  });
  it('survive messages that fit no schema', async () => {
    const device = await start();
    await until(() => expect(side.counts().sessions).toBe(1));
    await device.publish('need', { kind: 'everything' });
    await device.publish('list', {});
    await device.publish('ev', {
      epoch: 'aa'.repeat(8),
      first: 1,
      events: [{ type: 'request-to-exit', at: 1, clock: 'synced', portal: 'north' }],
    });
    await until(() => expect(device.acks).toEqual([{ epoch: 'aa'.repeat(8), upTo: 1 }]));
  });
});

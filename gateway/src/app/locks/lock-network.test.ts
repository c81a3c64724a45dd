// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, randomBytes } from 'node:crypto';
import { fromBase64url } from '@latchkey/protocols/bytes/base64url';
import { openJson } from '@latchkey/protocols/commands/seal';
import type { DeviceId } from '@latchkey/protocols/ids';
import { type LockAssignment, lockAssignment } from '@latchkey/protocols/lock/assignment';
import { corridorKeys } from '@latchkey/protocols/lock/corridor-keys';
import { unwrapKey } from '@latchkey/protocols/lock/key-wrap';
import { keyPair } from '@latchkey/protocols/lock/noise';
import { pairingOrder } from '@latchkey/protocols/lock/pairing-order';
import { decodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { LockReport } from '@latchkey/protocols/mqtt/lock-messages';
import { exportJWK, generateKeyPair } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listLocks } from '../api/locks.ts';
import { addLock, markPaired, setCorridors } from '../registry/locks.ts';
import { putPortal, putScope } from '../registry/places.ts';
import { readPrfKey } from '../registry/prf-keys.ts';
import {
  ACTOR,
  NOW_MS,
  openTestRegistry,
  portal,
  type TestRegistry,
  value,
} from '../registry/registry.test-support.ts';
import { createLockNetwork, type LockNetwork } from './lock-network.ts';
import { createLockKeys, createLockStore } from './lock-store.ts';

const LOCK = '00112233445566aa';
const [A, B] = ['corridor-a', 'corridor-b'] as DeviceId[] as [DeviceId, DeviceId];
const lockKeys = keyPair(randomBytes(32));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

let registry: TestRegistry;
let network: LockNetwork;
let nowMs: number;
let online: Set<DeviceId>;
let sent: { device: DeviceId; kind: string; body: Uint8Array }[];
beforeEach(async () => {
  registry = await openTestRegistry();
  nowMs = NOW_MS;
  sent = [];
  online = new Set([A, B]);
  const { context, database } = registry;
  const { publicKey } = await generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256', extractable: true });
  const encryption_jwk = JSON.stringify(await exportJWK(publicKey));
  for (const id of [A, B])
    await database.db
      .insertInto('device')
      .values({ id, name: id, state: 'enrolled', encryption_jwk } as never)
      .execute();
  value(await putScope(context, 101, { name: '101' }, ACTOR));
  value(await putPortal(context, 'room-101', portal({ kind: 'lock', room: '101', scope: 101 }), ACTOR));
  await restart();
});
afterEach(async () => {
  network.close();
  await registry.close();
});

/** It remembers what the database does. */
async function restart(): Promise<void> {
  network?.close();
  const { context, database, keystore } = registry;
  const session = (device: DeviceId) => (online.has(device) ? ({ device } as never) : undefined);
  network = createLockNetwork({
    store: createLockStore(database),
    keys: createLockKeys(database, keystore, randomBytes, () => registry.campusKey.id),
    key: keystore.key('command'),
    sessions: { get: session, online: () => [] },
    paired: (device, outcome) => markPaired(context, device, outcome),
    async send(device, payload) {
      const envelope = value(decodeEnvelope(payload));
      sent.push({ device, kind: (envelope.json as { kind: string }).kind, body: envelope.body });
      return true;
    },
    nowMs: () => nowMs,
    log: { info() {}, warn() {}, error() {} } as never,
  });
  await network.changed();
}

const tools = () => ({ context: registry.context, seal: registry.keystore.seal, randomBytes });
const paired = { key: hex(lockKeys.open), advertisementKey: 'cd'.repeat(16) };
const put = async (corridors: string[], over = {}) => {
  value(await addLock(tools(), { portal: 'room-101', lockId: LOCK, corridors, paired, ...over }, ACTOR));
  await network.changed();
};
async function told(device: DeviceId): Promise<LockAssignment | undefined> {
  const last = sent.findLast((each) => each.device === device && each.kind === 'lock');
  const { keyring } = registry.keystore.root;
  return last && value(await openJson(last.body, 'LKK1', lockAssignment, keyring, 'command'));
}
const reportOf = (over: Partial<LockReport> = {}): LockReport => ({
  portal: 'room-101' as never,
  lockId: LOCK,
  order: 1,
  state: 'seen',
  bolt: 'thrown',
  door: 'closed',
  lastSeenMs: nowMs,
  ...over,
});
/** As the lock does it. */
const unwrapped = (wrapped: string, kind: 'scope' | 'campus', keyId: number) => {
  const { document, keyring } = registry.keystore.root;
  const keys = keyring.all('command').map(({ jwk }) => createPublicKey({ key: { ...jwk }, format: 'jwk' }));
  const order = { campusId: document.campusId, kind, keyId };
  return unwrapKey(Uint8Array.from(Buffer.from(wrapped, 'hex')), order, lockKeys, keys);
};
const say = (device: DeviceId, over: Partial<LockReport> = {}) =>
  network.report(device, { corridor: 'ee'.repeat(32), locks: [reportOf(over)] });

describe('a corridor controller', () => {
  it('is told of its lock under signature, with a key that only the lock can open', async () => {
    await put([A]);
    const said = await told(A);
    expect(said).toMatchObject({
      device: A,
      lockId: LOCK,
      portal: 'room-101',
      scope: 101,
      key: paired.key,
      servesUntilMs: null,
    });
    const { id = 0, wrapped = '' } = said?.prf ?? {};
    const { key16 } = await readPrfKey(registry.database.db, registry.keystore, id);
    expect(value(unwrapped(wrapped, 'scope', id))).toEqual(new Uint8Array(key16));
    expect(await told(B)).toBeUndefined();
    expect(network.serverOf(LOCK)).toBe(A);
  });

  it('is told that a lock is no longer its own, and nothing twice', async () => {
    await put([A]);
    await network.changed();
    expect(sent).toHaveLength(1);
    value(await setCorridors(tools(), 'room-101', [B], ACTOR));
    await network.changed();
    expect(await told(A)).toMatchObject({ gone: true, servesUntilMs: 0 });
    expect(await told(B)).toMatchObject({ lockId: LOCK, servesUntilMs: null });
  });

  it('serves a lock that two hear when it hears it better, and only then', async () => {
    await put([A, B]);
    expect(network.serverOf(LOCK)).toBeUndefined();
    await say(A, { rssi: -80 });
    await network.changed();
    expect([network.serverOf(LOCK), (await told(A))?.servesUntilMs, (await told(B))?.servesUntilMs]).toEqual([
      A,
      nowMs + 60_000,
      0,
    ]);
    await say(B, { rssi: -50 });
    expect(network.serverOf(LOCK)).toBe(A);
    nowMs += 66_000;
    await say(B, { rssi: -50 });
    expect(network.serverOf(LOCK)).toBe(B);
  });

  it('that served alone, and is not there when another is added, still serves until it has answered or is taken off', async () => {
    await put([A]);
    await say(A, { rssi: -80 });
    online.delete(A);
    value(await setCorridors(tools(), 'room-101', [A, B], ACTOR));
    await network.changed();
    nowMs += 3_600_000;
    await say(B, { rssi: -50 });
    expect((await told(B))?.servesUntilMs).toBe(0);
    const [lock] = await listLocks({ db: registry.database.db, serverOf: network.serverOf, isOnline: () => true });
    expect([lock?.server, lock?.waitsFor]).toEqual([null, [A]]);
    await restart();
    nowMs += 3_600_000;
    await say(B, { rssi: -50 });
    expect((await told(B))?.servesUntilMs).toBe(0);

    online.add(A);
    await network.hello({ device: A } as never);
    expect((await told(A))?.servesUntilMs).toBe(0);
    await say(A, { rssi: -80, order: ((await told(A))?.order ?? 0) - 1 });
    expect((await told(B))?.servesUntilMs).toBe(0);
    await say(A, { rssi: -80, order: (await told(A))?.order ?? 0 });
    expect([network.serverOf(LOCK), (await told(B))?.servesUntilMs]).toEqual([B, nowMs + 60_000]);
    const [now] = await listLocks({ db: registry.database.db, serverOf: network.serverOf, isOnline: () => true });
    expect(now?.waitsFor).toEqual([]);
  });

  it('that is gone for good is taken off, and the other serves at once', async () => {
    await put([A]);
    online.delete(A);
    value(await setCorridors(tools(), 'room-101', [A, B], ACTOR));
    await network.changed();
    await say(B);
    expect(network.serverOf(LOCK)).toBeUndefined();
    value(await setCorridors(tools(), 'room-101', [B], ACTOR));
    await network.changed();
    expect([network.serverOf(LOCK), (await told(B))?.servesUntilMs]).toEqual([B, null]);
  });

  it('may hold a lease of before a start of the gateway: another waits until it has run out', async () => {
    await put([A, B]);
    await say(A);
    online.delete(A);
    await restart();
    await network.start();
    await say(B);
    expect(network.serverOf(LOCK)).toBeUndefined();
    nowMs += 66_000;
    await say(B);
    expect(network.serverOf(LOCK)).toBe(B);
  });

  it('that knows a higher number than ours hears a higher one', async () => {
    await put([A]);
    await say(A, { order: Number.MAX_SAFE_INTEGER });
    await say(A, { order: NOW_MS + 1_000_000 });
    value(await setCorridors(tools(), 'room-101', [A, B], ACTOR));
    await network.changed();
    expect((await told(A))?.order).toBeGreaterThan(NOW_MS + 1_000_000);
    expect((await told(A))?.order).toBeLessThan(NOW_MS + 2_000_000);
  });

  it('is told whom its locks are to admit once all of them have told their keys, in rising order', async () => {
    await put([A, B]);
    expect((await told(A))?.corridors).toBeUndefined();
    await say(A);
    await network.report(B, { corridor: 'bb'.repeat(32), locks: [] });
    const admitted = async () => {
      const frame = fromBase64url((await told(A))?.corridors?.frame ?? '');
      const { keyring } = registry.keystore.root;
      return value(await openJson(value(frame), 'LKG1', corridorKeys, keyring, 'command'));
    };
    const both = ['bb'.repeat(32), 'ee'.repeat(32)];
    expect(await admitted()).toEqual({ lockId: LOCK, order: 1, corridors: both });
    value(await setCorridors(tools(), 'room-101', [A], ACTOR));
    await network.changed();
    expect(await admitted()).toEqual({ lockId: LOCK, order: 2, corridors: ['ee'.repeat(32)] });
  });

  it('carries the campus key, without which a lock can read no denies', async () => {
    await put([A]);
    const { id = 0, wrapped = '' } = (await told(A))?.campus ?? {};
    const { key16 } = await readPrfKey(registry.database.db, registry.keystore, id);
    expect(value(unwrapped(wrapped, 'campus', id))).toEqual(new Uint8Array(key16));
    expect(unwrapped(wrapped, 'scope', id)).toMatchObject({ code: 'key-forged' });
    expect(id).toBe(registry.campusKey.id);
  });

  it('says nothing of locks of others', async () => {
    await put([A]);
    await say(B, { battery: 1 });
    const [lock] = await listLocks({ db: registry.database.db, serverOf: network.serverOf, isOnline: () => true });
    expect(lock?.reports).toEqual([]);
    await say(A, { battery: 77, list: { epoch: 1, version: 3, digest: '00'.repeat(32) } });
    const [now] = await listLocks({ db: registry.database.db, serverOf: network.serverOf, isOnline: () => true });
    expect(now?.reports).toMatchObject([{ device: A, serves: true, battery: 77, version: 3 }]);
  });
});

describe('pairing', () => {
  const code = 'A'.repeat(26);
  const order = async () => {
    const last = sent.findLast(({ kind }) => kind === 'pair-lock');
    if (last === undefined) throw new Error('nothing was ordered');
    return value(await openJson(last.body, 'LKN1', pairingOrder, registry.keystore.root.keyring, 'command'));
  };
  const outcome = (id: string) => ({ id, lockId: LOCK, state: 'paired' as const, key: 'ab'.repeat(32), firmware: 7 });
  const stateNow = async () =>
    await registry.database.db.selectFrom('lock').select(['state', 'public_key']).executeTakeFirstOrThrow();

  it('is ordered from the first controller, and takes the key it reports, once', async () => {
    await put([A, B], { code, paired: undefined });
    const { id, device, lockId } = await order();
    expect([device, lockId]).toEqual([A, LOCK]);
    expect(await told(A)).toBeUndefined();
    await network.report(B, { corridor: 'ee'.repeat(32), locks: [], pairings: [outcome(id)] });
    await network.report(A, { corridor: 'ee'.repeat(32), locks: [], pairings: [outcome('00'.repeat(8))] });
    expect((await stateNow()).state).toBe('waiting');
    await network.report(A, { corridor: 'ee'.repeat(32), locks: [], pairings: [outcome(id)] });
    expect(await stateNow()).toEqual({ state: 'paired', public_key: 'ab'.repeat(32) });
    const other = { ...outcome(id), key: 'cd'.repeat(32) };
    await network.report(A, { corridor: 'ee'.repeat(32), locks: [], pairings: [other] });
    expect((await stateNow()).public_key).toBe('ab'.repeat(32));
  });

  it('ordered again is of the same pairing, which the lock may have taken already', async () => {
    await put([A, B], { code, paired: undefined });
    const first = await order();
    await put([A, B], { code, paired: undefined });
    const again = await order();
    expect(again.id).not.toBe(first.id);
    expect(again.advertisementKey).toBe(first.advertisementKey);
  });

  it('that came to nothing says why, for the order that stands, and no longer once another is given', async () => {
    const fault = async () =>
      (await registry.database.db.selectFrom('lock').select('pairing_fault').executeTakeFirstOrThrow()).pairing_fault;
    const failed = (id: string) => ({ id, lockId: LOCK, state: 'failed' as const, code: 'too-many-attempts' });
    await put([A, B], { code, paired: undefined });
    const { id } = await order();
    await network.report(B, { corridor: 'ee'.repeat(32), locks: [], pairings: [failed(id)] });
    await network.report(A, { corridor: 'ee'.repeat(32), locks: [], pairings: [failed('00'.repeat(8))] });
    expect(await fault()).toBeNull();
    await network.report(A, { corridor: 'ee'.repeat(32), locks: [], pairings: [failed(id)] });
    expect(await fault()).toBe('too-many-attempts');
    await put([A, B], { code, paired: undefined });
    expect(await fault()).toBeNull();
    expect((await order()).id).not.toBe(id);
  });
});

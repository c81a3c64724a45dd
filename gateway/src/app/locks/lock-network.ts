// SPDX-License-Identifier: Apache-2.0
// Between the registry of locks and the controllers that serve them: who is told of which lock, who serves it now, orders to pair,
// and what controllers report. A lock is said anew only where something about it changed.
import type { SigningKey } from '@latchkey/protocols/authorization/keys';
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { sealJson } from '@latchkey/protocols/commands/seal';
import { type DeviceId, deviceId } from '@latchkey/protocols/ids';
import { type LockAssignment, lockAssignment } from '@latchkey/protocols/lock/assignment';
import { corridorKeys, MAX_CORRIDORS } from '@latchkey/protocols/lock/corridor-keys';
import { pairingOrder } from '@latchkey/protocols/lock/pairing-order';
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { LockReport } from '@latchkey/protocols/mqtt/lock-messages';
import type { UP_MESSAGES } from '@latchkey/protocols/mqtt/messages';
import type { z } from 'zod';
import { createBeliefs } from '../../core/locks/beliefs.ts';
import { type Hearing, LEASE_MS, type Lease, NO_LEASE, nextLease } from '../../core/locks/lease.ts';
import type { DeviceSession, DeviceSessions } from '../device-sessions.ts';
import { type Log, reasonOf } from '../log.ts';
import { type KnownLock, type LockKeys, type LockStore, recordReports } from './lock-store.ts';

export type LocksReport = z.infer<(typeof UP_MESSAGES)['locks']>;

export interface LockNetwork {
  start(): Promise<void>;
  hello(session: DeviceSession): Promise<void>;
  ended(device: DeviceId): void;
  report(device: DeviceId, report: LocksReport): Promise<void>;
  /** The registry of locks or portals changed. */
  changed(): Promise<void>;
  /** Who serves the lock now, and is there. */
  serverOf(lockId: string): DeviceId | undefined;
  close(): void;
}

export interface LockNetworkOptions {
  readonly store: LockStore;
  readonly keys: LockKeys;
  readonly key: SigningKey;
  readonly sessions: Pick<DeviceSessions, 'get' | 'online'>;
  readonly paired: (
    device: DeviceId,
    outcome: { id: string; lockId: string; key: string; firmware: number },
  ) => Promise<boolean>;
  /** Sends a `dn/list` payload. */
  readonly send: (device: DeviceId, payload: Uint8Array) => Promise<boolean>;
  readonly nowMs: () => number;
  readonly log: Log;
}

interface Heard {
  readonly rssi: number | undefined;
  readonly lastSeenMs: number;
}

const TICK_MS = 5_000;
/** What clocks of two starts of a gateway may differ by. */
const MOST_AHEAD_MS = 24 * 3_600_000;
/** A lock advertises every few seconds. */
export const LATELY_MS = 120_000;
const BREATH = 50;
const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));

export function createLockNetwork(options: LockNetworkOptions): LockNetwork {
  const { store, sessions, nowMs, log } = options;
  const locks = new Map<string, KnownLock>();
  const leases = new Map<string, Lease>();
  /** Per controller: lock → what it was last told, without its order. */
  const told = new Map<DeviceId, Map<string, string>>();
  const heard = new Map<string, Map<string, Heard>>();
  /** Leases of before the start are forgotten, and may run still. */
  let forgottenUntilMs = 0;
  const beliefs = createBeliefs((lock, device) =>
    locks.get(lock)?.endless.has(device as DeviceId) === true ? Number.POSITIVE_INFINITY : forgottenUntilMs,
  );
  let order = 0;
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<void> = Promise.resolve();
  const fault = (error: unknown) => log.error({ reason: reasonOf(error) }, 'locks not told');

  /** Rises over restarts without being kept: a controller that knows a higher one says so. */
  const nextOrder = () => {
    order = Math.max(order + 1, nowMs());
    return order;
  };

  function hearingsOf(lock: KnownLock): Hearing[] {
    return lock.corridors.map((device) => {
      const said = heard.get(lock.id)?.get(device);
      const there = sessions.get(device) !== undefined;
      const able = there && said !== undefined && said.lastSeenMs > nowMs() - LATELY_MS;
      return { device, able, rssi: said?.rssi, believesUntilMs: beliefs.untilMs(lock.id, device) };
    });
  }

  /** Those whose lease is another now. */
  function renew(): KnownLock[] {
    const renewed: KnownLock[] = [];
    for (const lock of locks.values()) {
      if (lock.corridors.length < 2) continue;
      const lease = leases.get(lock.id) ?? NO_LEASE;
      const next = nextLease(lease, hearingsOf(lock), nowMs());
      if (next === lease) continue;
      leases.set(lock.id, next);
      renewed.push(lock);
    }
    return renewed;
  }

  function servesUntil(lock: KnownLock, device: DeviceId): number | null {
    if (lock.corridors.length === 1) return null;
    const lease = leases.get(lock.id) ?? NO_LEASE;
    return lease.server === device ? lease.untilMs : 0;
  }

  async function tell(device: DeviceId, value: Omit<LockAssignment, 'order'>): Promise<void> {
    const { portal, scope, key, prf, campus, corridors, servesUntilMs } = value;
    const parts = [portal, scope, key, prf?.id, campus?.id, corridors?.order, servesUntilMs, value.gone];
    const text = JSON.stringify(parts);
    const known = told.get(device) ?? new Map<string, string>();
    told.set(device, known);
    if (known.get(value.lockId) === text) return;
    const order = nextOrder();
    const frame = await sealJson('LKK1', lockAssignment, { ...value, order }, options.key);
    beliefs.sends(value.lockId, device, { order, untilMs: servesUntilMs ?? Number.POSITIVE_INFINITY });
    if (await options.send(device, encodeEnvelope({ kind: 'lock' }, frame))) known.set(value.lockId, text);
  }

  async function tellAbout(lock: KnownLock, device: DeviceId): Promise<void> {
    if (lock.pairing?.device === device) await orderPairing(lock, device, lock.pairing);
    const { id: lockId, portal, scope, key } = lock;
    if (key === undefined) return;
    const { keys } = options;
    const advertisementKey = await keys.advertisement(lock);
    const [prf, campus, corridors] = await Promise.all([keys.prf(lock, key), keys.campus(lock, key), admission(lock)]);
    const servesUntilMs = servesUntil(lock, device);
    await tell(device, { device, lockId, portal, scope, key, advertisementKey, prf, campus, corridors, servesUntilMs });
  }

  async function admission({ id: lockId, admits }: KnownLock): Promise<LockAssignment['corridors']> {
    if (admits === undefined) return undefined;
    const { keys, order: number } = admits;
    const value = { lockId, order: number, corridors: [...keys].slice(0, MAX_CORRIDORS) };
    return { order: number, frame: toBase64url(await sealJson('LKG1', corridorKeys, value, options.key)) };
  }

  async function orderPairing(
    lock: KnownLock,
    device: DeviceId,
    pairing: NonNullable<KnownLock['pairing']>,
  ): Promise<void> {
    const known = told.get(device) ?? new Map<string, string>();
    told.set(device, known);
    if (pairing.untilMs < nowMs() || known.get(`pair ${lock.id}`) === pairing.id) return;
    const code = await options.keys.code(lock, device);
    if (code === undefined) return;
    const { id: lockId, portal, scope } = lock;
    const advertisementKey = await options.keys.advertisement(lock);
    const value = { device, id: pairing.id, portal, lockId, scope, code, advertisementKey, expiresMs: pairing.untilMs };
    const frame = await sealJson('LKN1', pairingOrder, value, options.key);
    if (await options.send(device, encodeEnvelope({ kind: 'pair-lock' }, frame)))
      known.set(`pair ${lock.id}`, pairing.id);
  }

  async function gone(device: DeviceId, lockId: string, portal: LockAssignment['portal']): Promise<void> {
    const nobody = { key: '0'.repeat(64), advertisementKey: '0'.repeat(32), scope: 1 };
    await tell(device, { device, lockId, portal, ...nobody, servesUntilMs: 0, gone: true });
  }

  async function tellAll(only?: DeviceId, which: Iterable<KnownLock> = locks.values()): Promise<void> {
    let count = 0;
    for (const lock of which)
      for (const device of lock.corridors) {
        if ((only !== undefined && device !== only) || sessions.get(device) === undefined) continue;
        await tellAbout(lock, device);
        count += 1;
        if (count % BREATH === 0) await breathe();
      }
  }

  /** One after the other: what is told later must be newer. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    turn = turn.then(work).catch(fault);
    return turn;
  }

  async function reload(): Promise<void> {
    const now = await store();
    const before = [...locks.values()];
    locks.clear();
    for (const lock of now) locks.set(lock.id, lock);
    for (const lock of before)
      for (const device of lock.corridors)
        if (locks.get(lock.id)?.corridors.includes(device) !== true && told.get(device)?.has(lock.id) === true)
          await gone(device, lock.id, lock.portal);
    renew();
    await tellAll();
  }

  async function hear(device: DeviceId, said: LockReport): Promise<void> {
    // Of the time it was given: one from far ahead is nobody's, and must not stop all that come after.
    if (said.order <= nowMs() + MOST_AHEAD_MS) order = Math.max(order, said.order);
    const { rssi, lastSeenMs = 0 } = said;
    const byDevice = heard.get(said.lockId) ?? new Map<string, Heard>();
    heard.set(said.lockId, byDevice.set(device, { rssi, lastSeenMs: Math.min(lastSeenMs, nowMs()) }));
    await noteBelief(device, said);
  }

  /** Which assignment it has: what may have been lost on the way is in doubt no longer. */
  async function noteBelief(device: DeviceId, { lockId, order: reported }: LockReport): Promise<void> {
    const untilMs = beliefs.reports(lockId, device, reported);
    const lock = locks.get(lockId);
    if (untilMs === undefined || untilMs === Number.POSITIVE_INFINITY || lock?.endless.has(device) !== true) return;
    await store.knowsEnd(device, lock.portal);
    lock.endless.delete(device);
  }

  async function report(device: DeviceId, { corridor, locks: said, pairings = [] }: LocksReport): Promise<void> {
    if (await store.corridorKey(device, corridor)) await inTurn(reload);
    const ours = said.filter(({ lockId }) => locks.get(lockId)?.corridors.includes(device) === true);
    for (const each of ours) await hear(device, each);
    await recordReports(options.store.batch, device, ours, nowMs());
    for (const outcome of pairings) {
      if (outcome.state === 'failed') {
        await store.notPaired(device, outcome);
        log.warn({ device, lock: outcome.lockId, reason: outcome.code }, 'lock not paired');
      } else if (!(await options.paired(device, outcome)))
        log.warn({ device, lock: outcome.lockId }, 'pairing not taken');
    }
    const strange = said.filter(({ lockId }) => locks.get(lockId)?.corridors.includes(device) !== true);
    await inTurn(async () => {
      for (const { lockId, portal } of strange) await gone(device, lockId, portal);
      await tellAll(undefined, renew());
    });
  }

  return {
    async start() {
      forgottenUntilMs = nowMs() + LEASE_MS;
      await inTurn(reload);
      timer = setInterval(() => void inTurn(async () => (renew(), await tellAll())), TICK_MS);
    },
    hello: ({ device }) =>
      inTurn(async () => {
        told.delete(device);
        await tellAll(device);
      }),
    ended(device) {
      told.delete(device);
    },
    report,
    changed: () => inTurn(reload),
    serverOf(lockId) {
      const lock = locks.get(lockId);
      const lease = leases.get(lockId) ?? NO_LEASE;
      const [only] = lock?.corridors ?? [];
      const server = lock?.corridors.length === 1 ? only : lease.untilMs > nowMs() ? lease.server : undefined;
      const id = deviceId.safeParse(server);
      return id.success && sessions.get(id.data) !== undefined ? id.data : undefined;
    },
    close: () => clearInterval(timer),
  };
}

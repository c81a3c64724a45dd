// SPDX-License-Identifier: Apache-2.0
// The role of a corridor: hears its locks, visits them by urgency, keeps the link while a person waits (DESIGN 2, reference:
// lock). One connect at a time for each radio; a lock that is another corridor's is left alone.

import { fromHex } from '@latchkey/protocols/bytes/hex';
import { ADVERTISED_FLAGS, readAdvertisement, shortIdOf } from '@latchkey/protocols/lock/advertisement';
import type { LockAssignment } from '@latchkey/protocols/lock/assignment';
import { type KeyPair, keyPair } from '@latchkey/protocols/lock/noise';
import type { AlarmKind } from '@latchkey/protocols/mqtt/door-terms';
import type { LockReport } from '@latchkey/protocols/mqtt/lock-messages';
import { err, type Result } from '@latchkey/protocols/result';
import type { EventBody } from '../core/event-body.ts';
import { openLockSession } from '../core/lock-session.ts';
import { createVisitQueue } from '../core/visit-queue.ts';
import type { Clock } from '../ports/clock.ts';
import { type LockRadio, LockRadioError, type SeenLock } from '../ports/lock-radio.ts';
import type { Random } from '../ports/random.ts';
import { batteryOf, isHeard, isServed, type KnownLock, reportOf, wantsOf } from './corridor-lock.ts';
import { createOpenings } from './lock-openings.ts';
import { type VisitSources, visitLock } from './lock-visit.ts';

export interface CorridorParts {
  readonly radio: LockRadio;
  /** Radios that may connect at the same time. */
  readonly radios: number;
  readonly clock: Clock;
  readonly random: Pick<Random, 'bytes'>;
  /** The key that this corridor's locks were paired with. */
  readonly own: KeyPair;
  readonly sources: VisitSources;
  /** Resolves true once durable; never rejects. */
  readonly keep: (event: EventBody) => Promise<boolean>;
  /** First number of a lock's log that the journal does not have; `raise` is durable on return. */
  readonly marks: { next(lockId: string): number; raise(lockId: string, next: number): Promise<void> };
  readonly setAlarm: (alarm: AlarmKind, active: boolean, subject?: string) => void;
  /** Something of this lock is to be told to the gateway. */
  readonly onChange: (lockId: string) => void;
  readonly log: (message: string, fields: object) => void;
}

export interface Corridor {
  start(): Promise<void>;
  assign(assignment: LockAssignment): void;
  assignments(): readonly LockAssignment[];
  serves(portal: string): boolean;
  /** A list, a deny or a root came: looks at what each lock lacks now. */
  refresh(): void;
  /** Resolves with what the lock said: done, or why not. Never opens twice for one ticket. */
  open(portal: string, ticket: string, expiresMs: number): Promise<Result<null>>;
  report(lockId: string): LockReport | undefined;
  reports(): readonly LockReport[];
  close(): Promise<void>;
}

const MOST_LINKS = 4;
/** Above them, for somebody at a door. */
const MOST_WITH_OPENING = 5;
const CONNECT_MS = 4_000;
const HANDSHAKE_MS = 3_000;
/** Kept after an opening: the next tap meets a link that is up. */
const LINGER_MS = 8_000;
const LOOK_EVERY_MS = 2_000;
const REST_MS = 5_000;
const COMPANY_BYTES = 2;
const EPHEMERAL_BYTES = 32;
/** Of a lock's status: it does not know how late it is. */
const CLOCK_UNSURE = 2;
const BATTERY_LOW = 20;
const BATTERY_CRITICAL = 5;
const UNREACHABLE_AFTER = 5;

export function createCorridor(parts: CorridorParts): Corridor {
  const { radio, clock, sources, marks, setAlarm } = parts;
  const locks = new Map<string, KnownLock>();
  const queue = createVisitQueue();
  const visiting = new Set<string>();
  const lingering = new Map<string, () => void>();
  const visits = new Set<Promise<void>>();
  let connecting = 0;
  let closed = false;
  let cancelLook: (() => void) | undefined;

  const nowMs = () => clock.monotonic();
  const openings = createOpenings({
    clock,
    nowMs: sources.nowMs,
    onDone(lockId, bolt) {
      const lock = locks.get(lockId);
      if (lock?.status) lock.status = { ...lock.status, bolt };
      parts.onChange(lockId);
    },
    onIdle: (lockId) => queue.done(lockId, 'open'),
  });

  function onSeen({ address, rssi, manufacturerData }: SeenLock): void {
    const bytes = manufacturerData.slice(COMPANY_BYTES);
    const shortId = shortIdOf(bytes);
    if (shortId === undefined) return;
    for (const lock of locks.values()) {
      const { lockId, advertisementKey, portal } = lock.assignment;
      if (!lockId.startsWith(shortId)) continue;
      const key = fromHex(advertisementKey);
      const read = readAdvertisement(bytes, key.ok ? key.value : undefined);
      if (!read.ok) {
        const bare = readAdvertisement(bytes, undefined);
        const unpaired = bare.ok && (bare.value.flags & ADVERTISED_FLAGS.unpaired) !== 0;
        if (unpaired && !lock.unpaired) setAlarm('lock-unpaired', true, portal);
        lock.unpaired ||= unpaired;
        continue;
      }
      const isNews = read.value.stateCounter !== lock.advertised?.stateCounter;
      if (lock.unpaired) setAlarm('lock-unpaired', false, portal);
      lock.unpaired = false;
      lock.heard = { address, rssi, atMs: sources.nowMs() };
      lock.advertised = read.value;
      if (isNews) onAdvertised(lock);
    }
  }

  function onAdvertised(lock: KnownLock): void {
    const { portal, lockId } = lock.assignment;
    const flags = lock.advertised?.flags ?? 0;
    const battery = batteryOf(lock) ?? 100;
    setAlarm('lock-battery', battery <= BATTERY_LOW || (flags & ADVERTISED_FLAGS.batteryLow) !== 0, portal);
    setAlarm('lock-battery-critical', battery <= BATTERY_CRITICAL, portal);
    // Raised after a visit that did not help: a lock that was just paired, or had no battery, is told the time at once.
    if ((flags & ADVERTISED_FLAGS.clockUnsure) === 0) setAlarm('lock-clock', false, portal);
    setAlarm('lock-log-near-full', (flags & ADVERTISED_FLAGS.logNearFull) !== 0, portal);
    setAlarm('lock-jammed', (flags & ADVERTISED_FLAGS.jammed) !== 0, portal);
    parts.onChange(lockId);
    lookAt(lock);
    pump();
  }

  function lookAt(lock: KnownLock): void {
    const { lockId } = lock.assignment;
    const now = sources.nowMs();
    if (!isServed(lock, now)) return queue.done(lockId);
    if (nowMs() < lock.restsUntilMs) return;
    const rootVersion = sources.root().version;
    const image = sources.image(lock.assignment);
    const wanted = { image, deny: sources.deny(), rootVersion, logNext: marks.next(lockId), nowMs: now };
    for (const want of wantsOf(lock, wanted)) queue.want(lockId, want, nowMs());
  }

  const mayReach = (lockId: string): boolean => {
    const lock = locks.get(lockId);
    const now = sources.nowMs();
    return lock !== undefined && isHeard(lock, now) && isServed(lock, now);
  };

  function pump(): void {
    while (!closed && connecting < parts.radios) {
      const next = queue.next(nowMs(), visiting, mayReach);
      const lock = next === undefined ? undefined : locks.get(next);
      if (!lock) return;
      const most = openings.waiting(lock.assignment.lockId) ? MOST_WITH_OPENING : MOST_LINKS;
      if (visiting.size >= most) return endOneLingering();
      const visit: Promise<void> = begin(lock).finally(() => visits.delete(visit));
      visits.add(visit);
    }
  }

  /** A link that only waits for a second tap makes room. */
  function endOneLingering(): void {
    for (const end of lingering.values()) return end();
  }

  async function begin(lock: KnownLock): Promise<void> {
    const { lockId } = lock.assignment;
    visiting.add(lockId);
    const fault = await visit(lock).catch((error: unknown) =>
      error instanceof LockRadioError ? error.code : String(error),
    );
    delete lock.session;
    visiting.delete(lockId);
    conclude(lock, fault);
    parts.onChange(lockId);
    pump();
  }

  function conclude(lock: KnownLock, fault: string | undefined): void {
    const { lockId, portal } = lock.assignment;
    if (fault === undefined) {
      if (lock.status?.clock === CLOCK_UNSURE) setAlarm('lock-clock', true, portal);
      queue.succeeded(lockId);
      queue.done(lockId);
      delete lock.fault;
    } else {
      queue.failed(lockId, nowMs());
      lock.fault = fault.slice(0, 40);
      parts.log('visit of a lock failed', { portal, reason: fault });
    }
    setAlarm('lock-unreachable', queue.failures(lockId) >= UNREACHABLE_AFTER, portal);
    // What came while it was visited, and the people who wait still.
    if (openings.waiting(lockId)) queue.want(lockId, 'open', nowMs());
    if (fault === undefined) lock.restsUntilMs = nowMs() + REST_MS;
  }

  /** Why it failed; undefined: it went well. */
  async function visit(lock: KnownLock): Promise<string | undefined> {
    const { lockId } = lock.assignment;
    connecting += 1;
    const met = await meet(lock).finally(() => {
      connecting -= 1;
      // Others connect while this one is served.
      queueMicrotask(pump);
    });
    if (!met.ok) return met.code;
    const session = met.value;
    lock.session = session;
    const urgent = openings.run(lockId, session);
    const isUrgent = openings.waiting(lockId);
    // Nothing goes before the person at the door, not even a question.
    if (isUrgent) await urgent;
    const visited = await visitLock({
      session,
      assignment: lock.assignment,
      sources,
      log: logOf(lock),
      onStatus(status) {
        lock.status = status;
        lock.statusAtMs = sources.nowMs();
        parts.onChange(lockId);
      },
      onRefused(what, code) {
        lock.fault = `${what}: ${code}`.slice(0, 40);
        setAlarm('lock-refused', true, `${lock.assignment.portal}: ${what}, ${code}`);
      },
    });
    // Also who came meanwhile.
    if (isUrgent || openings.waiting(lockId)) await linger(lock);
    await session.close();
    return visited.ok ? undefined : visited.code;
  }

  async function meet(lock: KnownLock) {
    const { lockId, key } = lock.assignment;
    const peer = fromHex(key);
    if (!lock.heard || !peer.ok) return err('not-seen');
    const link = await radio.connect(lock.heard.address, CONNECT_MS);
    const ephemeral = keyPair(parts.random.bytes(EPHEMERAL_BYTES));
    return openLockSession({
      link,
      lockId,
      own: parts.own,
      peer: peer.value,
      ephemeral,
      clock,
      deadlineMs: HANDSHAKE_MS,
    });
  }

  const logOf = ({ assignment: { portal, lockId } }: KnownLock) => ({
    portal,
    lockId,
    next: () => marks.next(lockId),
    keep: parts.keep,
    raise: (next: number) => marks.raise(lockId, next),
  });

  function linger(lock: KnownLock): Promise<void> {
    const { lockId } = lock.assignment;
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        lingering.delete(lockId);
        resolve();
      };
      const cancel = clock.after(LINGER_MS, end);
      lingering.set(lockId, end);
      lock.session?.onEnd(end);
    });
  }

  function look(): void {
    for (const lock of locks.values()) lookAt(lock);
    pump();
  }

  function tick(): void {
    look();
    cancelLook = clock.after(LOOK_EVERY_MS, tick);
  }

  const byPortal = (portal: string) => [...locks.values()].find(({ assignment }) => assignment.portal === portal);

  function report(lock: KnownLock): LockReport {
    const { lockId } = lock.assignment;
    return reportOf(lock, marks.next(lockId), sources.nowMs(), queue.failures(lockId));
  }

  return {
    async start() {
      await radio.start(onSeen);
      tick();
    },
    assign(assignment) {
      const { lockId } = assignment;
      const known = locks.get(lockId);
      if (known && known.assignment.order >= assignment.order) return;
      if (assignment.gone) {
        locks.delete(lockId);
        return queue.forget(lockId);
      }
      if (known) known.assignment = assignment;
      else locks.set(lockId, { assignment, unpaired: false, statusAtMs: 0, restsUntilMs: 0 });
      look();
    },
    assignments: () => [...locks.values()].map(({ assignment }) => assignment),
    serves: (portal) => byPortal(portal) !== undefined,
    refresh() {
      for (const lock of locks.values()) lock.restsUntilMs = 0;
      look();
    },
    async open(portal, ticket, expiresMs) {
      const lock = byPortal(portal);
      if (!lock) return err('unknown-portal');
      if (!isServed(lock, sources.nowMs())) return err('other-corridor');
      const { lockId } = lock.assignment;
      const opened = openings.add(lockId, ticket, expiresMs);
      if (lock.session?.isOpen()) {
        void openings.run(lockId, lock.session);
      } else if (openings.waiting(lockId)) {
        queue.want(lockId, 'open', nowMs());
        pump();
      }
      return opened;
    },
    report(lockId) {
      const lock = locks.get(lockId);
      return lock && report(lock);
    },
    reports: () => [...locks.values()].map(report),
    async close() {
      closed = true;
      cancelLook?.();
      openings.close();
      for (const end of lingering.values()) end();
      await radio.close();
      await Promise.all(visits);
    },
  };
}

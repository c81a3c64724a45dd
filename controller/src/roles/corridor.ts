// SPDX-License-Identifier: Apache-2.0
// The role of a corridor: hears its locks, visits them by urgency, keeps the link while a person waits (DESIGN 2, reference:
// lock). A lock that is another corridor's is left alone.
import type { LockAssignment } from '@latchkey/protocols/lock/assignment';
import type { LockReport } from '@latchkey/protocols/mqtt/lock-messages';
import { err, type Result } from '@latchkey/protocols/result';
import { createVisitQueue } from '../core/visit-queue.ts';
import type { LockRadio } from '../ports/lock-radio.ts';
import { createCorridorHearing } from './corridor-hearing.ts';
import { isServed, type KnownLock, reportOf, type Wanted, wantsOf } from './corridor-lock.ts';
import { type CorridorVisitParts, createCorridorVisits } from './corridor-visits.ts';
import { createOpenings } from './lock-openings.ts';
import { setLockClock } from './lock-visit.ts';

export interface CorridorParts extends Omit<CorridorVisitParts, 'radio' | 'locks' | 'queue' | 'openings'> {
  readonly radio: LockRadio;
}

export interface Corridor {
  /** Rejects where no radio starts; once one does, its locks are served all the same. */
  start(): Promise<void>;
  assign(assignment: LockAssignment): void;
  assignments(): readonly LockAssignment[];
  /** A list, a deny or a root came: looks at what each lock lacks now. */
  refresh(): void;
  /** Resolves with what the lock said: done, or why not. Never opens twice for one ticket. */
  open(portal: string, ticket: string, expiresMs: number): Promise<Result<null>>;
  report(lockId: string): LockReport | undefined;
  reports(): readonly LockReport[];
  close(): Promise<void>;
}

/** Beats come every 5 s. */
const BEAT_MS = 6_000;
const LOOK_EVERY_MS = 2_000;

export function createCorridor(parts: CorridorParts): Corridor {
  const { radio, clock, sources, marks } = parts;
  const locks = new Map<string, KnownLock>();
  const queue = createVisitQueue();
  let cancelLook: (() => void) | undefined;

  const nowMs = () => clock.monotonic();
  const openings = createOpenings({
    clock,
    nowMs: sources.nowMs,
    setClock: (session) => setLockClock(session, sources, clock, true),
    onDone(lockId, bolt) {
      const lock = locks.get(lockId);
      if (lock?.status) lock.status = { ...lock.status, bolt };
      parts.onChange(lockId);
    },
    onIdle: (lockId) => queue.done(lockId, 'open'),
  });
  const visits = createCorridorVisits({ ...parts, locks, queue, openings });
  const hearing = createCorridorHearing({
    clock,
    nowMs: sources.nowMs,
    locks,
    failures: queue.failures,
    setAlarm: parts.setAlarm,
    onNews(lock) {
      parts.onChange(lock.assignment.lockId);
      lookAt(lock);
      visits.pump();
    },
  });

  function wantedOf({ assignment }: KnownLock): Wanted {
    const [image, deny, rootVersion] = [sources.image(assignment), sources.deny(), sources.root().version];
    const hasBeat = (sources.beat()?.ageMs ?? Number.POSITIVE_INFINITY) <= BEAT_MS;
    return { image, deny, rootVersion, logNext: marks.next(assignment.lockId), hasBeat, nowMs: nowMs() };
  }

  function lookAt(lock: KnownLock): void {
    const { lockId } = lock.assignment;
    if (!isServed(lock, sources.nowMs())) return queue.done(lockId);
    if (nowMs() < lock.restsUntilMs) return;
    for (const want of wantsOf(lock, wantedOf(lock))) queue.want(lockId, want, nowMs());
  }

  function look(): void {
    for (const lock of locks.values()) lookAt(lock);
    hearing.look();
    visits.look();
    visits.pump();
  }

  function tick(): void {
    look();
    cancelLook = clock.after(LOOK_EVERY_MS, tick);
  }

  /** The newest: where a lock was replaced, the one before is told gone a moment later. */
  function byPortal(portal: string): KnownLock | undefined {
    const there = [...locks.values()].filter(({ assignment }) => assignment.portal === portal);
    return there.sort((a, b) => b.assignment.order - a.assignment.order)[0];
  }

  const report = (lock: KnownLock): LockReport =>
    reportOf(lock, wantedOf(lock), sources.nowMs(), queue.failures(lock.assignment.lockId));

  function forget(lock: KnownLock): void {
    const { lockId, portal } = lock.assignment;
    locks.delete(lockId);
    queue.forget(lockId);
    for (const alarm of ALARMS) parts.setAlarm(alarm, false, portal);
    for (const what of lock.refused) parts.setAlarm('lock-refused', false, `${portal}: ${what}`);
  }

  return {
    async start() {
      const started = radio.start(hearing.onSeen);
      tick();
      await started;
    },
    assign(assignment) {
      const { lockId } = assignment;
      const known = locks.get(lockId);
      if (known && known.assignment.order >= assignment.order) return;
      // Paired anew, it counts from wherever it likes: what it said before is no measure.
      const isSame = !assignment.gone && known?.assignment.advertisementKey === assignment.advertisementKey;
      if (known && isSame) known.assignment = assignment;
      else {
        if (known) forget(known);
        if (!assignment.gone) locks.set(lockId, unmet(assignment, nowMs()));
      }
      look();
    },
    assignments: () => [...locks.values()].map(({ assignment }) => assignment),
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
        visits.stay(lockId);
        void openings.run(lockId, lock.session);
      } else if (openings.waiting(lockId)) {
        queue.want(lockId, 'open', nowMs());
        visits.pump();
      }
      return opened;
    },
    report(lockId) {
      const lock = locks.get(lockId);
      return lock && report(lock);
    },
    reports: () => [...locks.values()].map(report),
    async close() {
      cancelLook?.();
      openings.close();
      const ended = visits.close();
      await radio.close();
      await ended;
    },
  };
}

const unmet = (assignment: LockAssignment, sinceMonotonicMs: number): KnownLock => ({
  assignment,
  refused: [],
  unpaired: false,
  isClockOff: false,
  statusAtMs: 0,
  restsUntilMs: 0,
  sinceMonotonicMs,
});

/** Of one lock, `subject` being its portal. */
const ALARMS = [
  'lock-unreachable',
  'lock-battery',
  'lock-battery-critical',
  'lock-clock',
  'lock-log-near-full',
  'lock-jammed',
  'lock-unpaired',
] as const;

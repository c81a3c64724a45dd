// SPDX-License-Identifier: Apache-2.0
// The visits of a corridor: as many connects at a time as it has radios, as many links as they hold, the most urgent lock first.
// A link stays up a while for whoever taps again, and ends where another corridor's time begins.
import { fromHex } from '@latchkey/protocols/bytes/hex';
import { type KeyPair, keyPair } from '@latchkey/protocols/lock/noise';
import type { AlarmKind } from '@latchkey/protocols/mqtt/door-terms';
import { err } from '@latchkey/protocols/result';
import type { EventBody } from '../core/event-body.ts';
import { type LockSession, openLockSession } from '../core/lock-session.ts';
import { OPENING_PAUSE_MS, type VisitQueue } from '../core/visit-queue.ts';
import type { Clock } from '../ports/clock.ts';
import { type LockRadio, LockRadioError } from '../ports/lock-radio.ts';
import type { Random } from '../ports/random.ts';
import { isHeard, isServed, type KnownLock } from './corridor-lock.ts';
import type { Openings } from './lock-openings.ts';
import { type VisitSources, visitLock } from './lock-visit.ts';

export interface CorridorVisits {
  /** Begins what may begin now. */
  pump(): void;
  /** Somebody opens over a link that is up: it stays up for longer. */
  stay(lockId: string): void;
  /** Visits of locks that are not this corridor's any more end. */
  look(): void;
  close(): Promise<void>;
}

export interface CorridorVisitParts {
  readonly radio: Pick<LockRadio, 'connect'>;
  /** Radios that may connect at the same time. */
  readonly radios: number;
  readonly clock: Clock;
  readonly random: Pick<Random, 'bytes'>;
  readonly own: KeyPair;
  readonly sources: VisitSources;
  readonly locks: ReadonlyMap<string, KnownLock>;
  readonly queue: VisitQueue;
  readonly openings: Openings;
  readonly keep: (event: EventBody) => Promise<boolean>;
  readonly marks: { next(lockId: string): number; raise(lockId: string, next: number): Promise<void> };
  readonly setAlarm: (alarm: AlarmKind, active: boolean, subject?: string) => void;
  readonly onChange: (lockId: string) => void;
  readonly log: (message: string, fields: object) => void;
}

/** Of each radio. */
const MOST_LINKS = 4;
/** Above them, for somebody at a door. */
const LINKS_FOR_OPENINGS = 1;
const CONNECT_MS = 4_000;
const HANDSHAKE_MS = 3_000;
/** Kept after an opening: the next tap meets a link that is up. */
const LINGER_MS = 8_000;
const REST_MS = 5_000;
/** What a link that lingers is good for as well; the rest waits until it ends. */
const BRINGS = ['deny', 'log', 'list'] as const;
const EPHEMERAL_BYTES = 32;
/** Of a lock's status: it does not know how late it is. */
const CLOCK_UNSURE = 2;
/** It takes no tickets from further ahead of its clock. */
const CLOCK_OFF_MS = 2_000;
const FAULT_CHARACTERS = 40;

interface Lingering {
  end(): void;
  again(): void;
  /** Something else is to be brought: over this link, at once. */
  serve(): void;
}

export function createCorridorVisits(parts: CorridorVisitParts): CorridorVisits {
  const { clock, sources, locks, queue, openings, marks, setAlarm } = parts;
  const visiting = new Map<string, KnownLock>();
  const lingering = new Map<string, Lingering>();
  const visits = new Set<Promise<void>>();
  let connecting = 0;
  /** Locks that have answered, and somebody waits there. */
  let attending = 0;
  let cancelSoon: (() => void) | undefined;
  let closed = false;

  const isOurs = (lock: KnownLock) =>
    locks.get(lock.assignment.lockId) === lock && isServed(lock, sources.nowMs()) && !closed;

  const mayReach = (lockId: string): boolean => {
    const lock = locks.get(lockId);
    return lock !== undefined && isHeard(lock, clock.monotonic()) && isOurs(lock);
  };

  function pump(): void {
    for (const [lockId, { serve }] of lingering) if (BRINGS.some((want) => queue.wants(lockId).has(want))) serve();
    while (!closed && connecting < parts.radios) {
      const next = queue.next(clock.monotonic(), new Set(visiting.keys()), mayReach);
      const lock = next === undefined ? undefined : locks.get(next);
      if (!lock) return;
      const isOpening = openings.waiting(lock.assignment.lockId);
      // An adapter that connects may stand still until the next lock answers: beside somebody who waits at one that has answered, only
      // for somebody who waits as well.
      if (!isOpening && connecting + attending >= parts.radios) return;
      const more = isOpening ? LINKS_FOR_OPENINGS : 0;
      if (visiting.size >= parts.radios * (MOST_LINKS + more)) return endOneLingering();
      const visit: Promise<void> = begin(lock).finally(() => visits.delete(visit));
      visits.add(visit);
    }
  }

  /** A link that only waits for a second tap makes room. */
  function endOneLingering(): void {
    for (const [lockId, { end }] of lingering) if (!openings.waiting(lockId)) return end();
  }

  async function begin(lock: KnownLock): Promise<void> {
    const { lockId } = lock.assignment;
    visiting.set(lockId, lock);
    const fault = await visit(lock).catch((error: unknown) =>
      error instanceof LockRadioError ? error.code : String(error),
    );
    delete lock.session;
    visiting.delete(lockId);
    conclude(lock, fault);
    parts.onChange(lockId);
    pump();
    if (openings.waiting(lockId) && !visiting.has(lockId)) pumpSoon();
  }

  function pumpSoon(): void {
    cancelSoon?.();
    if (!closed) cancelSoon = clock.after(OPENING_PAUSE_MS, pump);
  }

  function conclude(lock: KnownLock, fault: string | undefined): void {
    const { lockId, portal } = lock.assignment;
    // Taken away meanwhile: what became of the visit is nobody's fault.
    if (!isOurs(lock)) return;
    if (fault === undefined) {
      setAlarm('lock-clock', lock.status?.clock === CLOCK_UNSURE || lock.isClockOff, portal);
      queue.succeeded(lockId);
      rest(lock);
      delete lock.fault;
      const [refused] = lock.refused;
      if (refused !== undefined) lock.fault = refused;
    } else {
      queue.failed(lockId, clock.monotonic());
      lock.fault = fault.slice(0, FAULT_CHARACTERS);
      parts.log('visit of a lock failed', { portal, reason: fault });
    }
    // Who came while it was visited, and the people who wait still.
    if (openings.waiting(lockId)) queue.want(lockId, 'open', clock.monotonic());
  }

  /** What was wanted of it was brought, or refused. */
  function rest(lock: KnownLock): void {
    queue.done(lock.assignment.lockId);
    lock.restsUntilMs = clock.monotonic() + REST_MS;
  }

  /** Why it failed; undefined: it went well. */
  async function visit(lock: KnownLock): Promise<string | undefined> {
    const { lockId } = lock.assignment;
    connecting += 1;
    let stage: 'connecting' | 'attending' | 'over' = 'connecting';
    function reached(next: 'attending' | 'over'): void {
      if (stage === next || stage === 'over') return;
      if (stage === 'connecting') connecting -= 1;
      else attending -= 1;
      if (next === 'attending') attending += 1;
      stage = next;
      // Others connect while this one is served.
      queueMicrotask(pump);
    }
    const onReached = () => reached(openings.waiting(lockId) ? 'attending' : 'over');
    const met = await meet(lock, onReached).catch((error: unknown) => {
      reached('over');
      throw error;
    });
    if (!met.ok) {
      reached('over');
      return met.code;
    }
    onReached();
    try {
      return await attend(lock, met.value, () => reached('over'));
    } finally {
      // Also where the disk took no mark: a link that nobody lets go of keeps out whoever comes next.
      reached('over');
      await met.value.close();
    }
  }

  /** The people who wait, then all the rest, as long as taps keep the link up. */
  async function attend(lock: KnownLock, session: LockSession, onAttended: () => void): Promise<string | undefined> {
    const { lockId } = lock.assignment;
    lock.session = session;
    const urgent = openings.run(lockId, session);
    const isUrgent = openings.waiting(lockId);
    // Nothing goes before the person at the door, not even a question.
    if (isUrgent) await urgent;
    onAttended();
    let visited = await serve(lock, session);
    // Also who came meanwhile.
    const until = { ms: clock.monotonic() + LINGER_MS };
    while (visited.ok && (isUrgent || openings.waiting(lockId))) {
      rest(lock);
      if ((await linger(lock, until)) === 'end') break;
      visited = await serve(lock, session);
    }
    return visited.ok ? undefined : visited.code;
  }

  async function serve(lock: KnownLock, session: LockSession) {
    const { lockId, portal } = lock.assignment;
    const refused: string[] = [];
    const visited = await visitLock({
      session,
      assignment: lock.assignment,
      sources,
      clock,
      log: { portal, lockId, next: () => marks.next(lockId), keep: parts.keep, raise: (to) => marks.raise(lockId, to) },
      onStatus(status) {
        lock.status = status;
        lock.statusAtMs = clock.monotonic();
        lock.isClockOff = Math.abs(status.nowMs - sources.nowMs()) > CLOCK_OFF_MS;
        parts.onChange(lockId);
      },
      onRefused: (what, code) => void refused.push(`${what}: ${code}`.slice(0, FAULT_CHARACTERS)),
    });
    tellRefused(lock, refused, visited.ok);
    return visited;
  }

  /** What it does not refuse any more is over only after a visit that was seen to its end. */
  function tellRefused(lock: KnownLock, refused: readonly string[], isWhole: boolean): void {
    const { portal } = lock.assignment;
    for (const what of refused) setAlarm('lock-refused', true, `${portal}: ${what}`);
    const over = isWhole ? lock.refused.filter((what) => !refused.includes(what)) : [];
    for (const what of over) setAlarm('lock-refused', false, `${portal}: ${what}`);
    lock.refused = [...new Set([...lock.refused, ...refused])].filter((what) => !over.includes(what));
  }

  async function meet(lock: KnownLock, onReached: () => void) {
    const { lockId, key } = lock.assignment;
    const peer = fromHex(key);
    if (!lock.heard || !peer.ok) return err('not-seen');
    const { address } = lock.heard;
    const link = await parts.radio.connect(address, CONNECT_MS, onReached);
    if (!isOurs(lock)) {
      await link.close();
      return err('other-corridor');
    }
    const ephemeral = keyPair(parts.random.bytes(EPHEMERAL_BYTES));
    const { own } = parts;
    const deadlineMs = HANDSHAKE_MS;
    const session = await openLockSession({ link, lockId, own, peer: peer.value, ephemeral, clock, deadlineMs });
    if (session.ok) lock.metAt = address;
    return session;
  }

  /** `until`: as long as taps have earned, however often it is served meanwhile. */
  function linger(lock: KnownLock, until: { ms: number }): Promise<'end' | 'serve'> {
    const { lockId } = lock.assignment;
    return new Promise((resolve) => {
      const settle = (then: 'end' | 'serve') => {
        cancel();
        lingering.delete(lockId);
        resolve(then);
      };
      const end = () => settle('end');
      const later = () => clock.after(until.ms - clock.monotonic(), () => (openings.waiting(lockId) ? again() : end()));
      const again = () => {
        until.ms = clock.monotonic() + LINGER_MS;
        cancel();
        cancel = later();
      };
      let cancel = later();
      lingering.set(lockId, { end, again, serve: () => settle('serve') });
      lock.session?.onEnd(end);
    });
  }

  return {
    pump,
    stay: (lockId) => lingering.get(lockId)?.again(),
    look() {
      for (const lock of visiting.values()) if (!isOurs(lock)) void lock.session?.close();
    },
    async close() {
      closed = true;
      cancelSoon?.();
      for (const { end } of lingering.values()) end();
      for (const { session } of visiting.values()) void session?.close();
      await Promise.all(visits);
    },
  };
}

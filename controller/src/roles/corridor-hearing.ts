// SPDX-License-Identifier: Apache-2.0
// What a corridor learns by listening alone: where its locks are, how they are, which of them nobody hears any more, and whether
// its radios hear anything at all. Advertisements without the lock's key are no news of it.
import { fromHex } from '@latchkey/protocols/bytes/hex';
import { ADVERTISED_FLAGS, readAdvertisement, shortIdOf } from '@latchkey/protocols/lock/advertisement';
import type { AlarmKind } from '@latchkey/protocols/mqtt/door-terms';
import type { Clock } from '../ports/clock.ts';
import type { SeenLock } from '../ports/lock-radio.ts';
import { batteryOf, isServed, type KnownLock, newsOf } from './corridor-lock.ts';

export interface CorridorHearing {
  onSeen(seen: SeenLock): void;
  /** Locks and radios that have fallen silent. */
  look(): void;
}

export interface CorridorHearingParts {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Trusted time. */
  readonly nowMs: () => number;
  readonly locks: ReadonlyMap<string, KnownLock>;
  readonly failures: (lockId: string) => number;
  readonly setAlarm: (alarm: AlarmKind, active: boolean, subject?: string) => void;
  /** It advertises something else than before. */
  readonly onNews: (lock: KnownLock) => void;
}

const COMPANY_BYTES = 2;
const BATTERY_LOW = 20;
const BATTERY_CRITICAL = 5;
/** Visits that failed one after the other. */
const MOST_FAILURES = 5;
/** A lock advertises every few seconds. */
const UNHEARD_MS = 10 * 60_000;
const RADIO_SILENT_MS = 2 * 60_000;

export function createCorridorHearing(parts: CorridorHearingParts): CorridorHearing {
  const { locks, setAlarm } = parts;
  /** By adapter: when it last heard anything. */
  const heardAt = new Map<string, number>();
  const monotonic = () => parts.clock.monotonic();

  /** Not its key: it may have lost it, or somebody pretends. */
  function onStrange(lock: KnownLock, bytes: Uint8Array): void {
    const bare = readAdvertisement(bytes, undefined);
    const unpaired = bare.ok && (bare.value.flags & ADVERTISED_FLAGS.unpaired) !== 0;
    if (unpaired && !lock.unpaired) setAlarm('lock-unpaired', true, lock.assignment.portal);
    lock.unpaired ||= unpaired;
  }

  /**
   * A lock keeps its address until it starts anew, and then has something newer to say: the same words from elsewhere are
   * somebody's who repeats them, and no sign that it lives.
   */
  const isCopy = ({ heard, metAt }: KnownLock, address: string): boolean =>
    metAt !== undefined && address !== metAt && address !== heard?.address;

  function onHeard(lock: KnownLock, bytes: Uint8Array, { address, rssi }: SeenLock): void {
    const key = fromHex(lock.assignment.advertisementKey);
    const read = readAdvertisement(bytes, key.ok ? key.value : undefined);
    if (!read.ok) return onStrange(lock, bytes);
    const news = newsOf(read.value, lock.advertised);
    if (news === 'older' || (news === 'same' && isCopy(lock, address))) return;
    if (lock.unpaired) setAlarm('lock-unpaired', false, lock.assignment.portal);
    lock.unpaired = false;
    lock.heard = { address, rssi, atMs: parts.nowMs(), atMonotonicMs: monotonic() };
    lock.advertised = read.value;
    if (news === 'same') return;
    tellFlags(lock);
    parts.onNews(lock);
  }

  function tellFlags(lock: KnownLock): void {
    const { portal } = lock.assignment;
    const has = (flag: keyof typeof ADVERTISED_FLAGS) => ((lock.advertised?.flags ?? 0) & ADVERTISED_FLAGS[flag]) !== 0;
    const battery = batteryOf(lock) ?? 100;
    setAlarm('lock-battery', battery <= BATTERY_LOW || has('batteryLow'), portal);
    setAlarm('lock-battery-critical', battery <= BATTERY_CRITICAL, portal);
    // Raised after a visit that did not help: a lock that was just paired, or had no battery, is told the time at once.
    if (!has('clockUnsure') && !lock.isClockOff) setAlarm('lock-clock', false, portal);
    setAlarm('lock-log-near-full', has('logNearFull'), portal);
    setAlarm('lock-jammed', has('jammed'), portal);
  }

  return {
    onSeen(seen) {
      heardAt.set(seen.adapter, monotonic());
      const bytes = seen.manufacturerData.slice(COMPANY_BYTES);
      const shortId = shortIdOf(bytes);
      if (shortId === undefined) return;
      for (const lock of locks.values()) if (lock.assignment.lockId.startsWith(shortId)) onHeard(lock, bytes, seen);
    },
    look() {
      for (const lock of locks.values()) {
        const { lockId, portal } = lock.assignment;
        const silentMs = monotonic() - (lock.heard?.atMonotonicMs ?? lock.sinceMonotonicMs);
        const isLost = (silentMs > UNHEARD_MS && !lock.session) || parts.failures(lockId) >= MOST_FAILURES;
        // Whom another corridor serves, that one misses.
        setAlarm('lock-unreachable', isLost && isServed(lock, parts.nowMs()), portal);
      }
      // One that did not start at first hears by now.
      if (heardAt.size > 0) setAlarm('lock-radio-down', false);
      for (const [adapter, atMs] of heardAt) setAlarm('lock-radio-down', monotonic() - atMs > RADIO_SILENT_MS, adapter);
    },
  };
}

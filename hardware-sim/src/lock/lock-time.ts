// SPDX-License-Identifier: Apache-2.0
// The lock's time (reference: lock, Time): told by signed beats, counted on by a quartz in between, and set back by no more than
// the quartz may have run ahead: who holds beats and tickets back must not be able to use them later. After a power cut it counts
// on from the last mark and says that it is not sure.
import type { Instant } from '@latchkey/protocols/authorization/signed-time';
import type { LockMemory } from './lock-memory.ts';

export interface LockTime {
  instant(): Instant;
  /** How far off it may be, in seconds. */
  uncertainS(): number;
  /** A beat that was verified. */
  take(beat: { readonly ms: number; readonly epoch: number; readonly beatSeq: number }): void;
  /** The mark in flash catches up with the clock: what has expired by it never comes to life again. Durable on return. */
  mark(): void;
  lastBeat(): { readonly epoch: number; readonly beatSeq: number } | null;
}

/** Without a beat for so long it is no longer in sync. */
const SYNCED_FOR_MS = 24 * 3_600_000;
/** ±20 ppm is 1.7 s a day; doubled for cold and old quartzes. */
const DRIFT = 40e-6;
/** A beat may be as old as the corridor's link to the gateway allows. */
const BEAT_AGE_S = 2;
/** The mark in flash follows this closely: what was signed before it can never be fresh again. */
const MARK_EVERY_MS = 60_000;

export function createLockTime(memory: LockMemory, monotonic: () => number): LockTime {
  const mark = memory.read('time');
  let baseMs = mark?.ms ?? 0;
  let baseAt = monotonic();
  let told = false;
  let last = mark ? { epoch: mark.epoch, beatSeq: mark.beatSeq } : null;
  let markMs = baseMs;

  const sinceMs = () => Math.max(0, monotonic() - baseAt);
  const nowMs = () => Math.floor(baseMs + sinceMs());
  const uncertainS = () => BEAT_AGE_S + Math.ceil((sinceMs() / 1_000) * DRIFT);
  function writeMark(ms: number, beat: { readonly epoch: number; readonly beatSeq: number }): void {
    memory.write('time', { ms, ...beat });
    markMs = ms;
  }

  return {
    instant: () => ({ ms: nowMs(), quality: !told ? 'degraded' : sinceMs() <= SYNCED_FOR_MS ? 'synced' : 'free' }),
    uncertainS,
    take({ ms, epoch, beatSeq }) {
      baseMs = Math.max(ms, nowMs() - uncertainS() * 1_000);
      baseAt = monotonic();
      last = { epoch, beatSeq };
      if (!told || baseMs - markMs >= MARK_EVERY_MS) writeMark(baseMs, last);
      told = true;
    },
    mark() {
      // Never ahead of what time it really is.
      const sureMs = nowMs() - uncertainS() * 1_000;
      if (told && last && sureMs > markMs) writeMark(sureMs, last);
    },
    lastBeat: () => last,
  };
}

// SPDX-License-Identifier: Apache-2.0
// The time this controller believes (reference: lists and codes, rule 6): never behind the highest signed time seen, counted on
// by the monotonic clock when the machine's own clock is behind it. Phones and readers have no say.
import { type Instant, judgeSignedTime, type RootEpoch } from '@latchkey/protocols/authorization/signed-time';
import type { ClockQuality } from '@latchkey/protocols/mqtt/events';

/** Both clocks, read together. */
export interface ClockPair {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/**
 * What an exchange with the gateway showed: add `offsetMs` to `clocks`, read when the question was asked and carried to the answer
 * by the monotonic clock, to have the gateway's time. A clock that was set meanwhile has no part in it.
 */
export interface TimeSample {
  readonly clocks: ClockPair;
  readonly offsetMs: number;
  readonly roundTripMs: number;
}

interface Anchor {
  readonly ms: number;
  readonly monotonicMs: number;
}

export interface TimeState {
  /** Highest signed time seen, to be kept over restarts; and when. */
  readonly mark: Anchor;
  readonly sync: (Anchor & { readonly errorMs: number }) | null;
}

export interface TrustedInstant extends Instant {
  /** Bound of the error against the gateway's clock; infinite without synchronisation. */
  readonly uncertaintyMs: number;
  /** How far the machine's clock is behind what is known, in `degraded`; otherwise 0. */
  readonly behindMs: number;
}

/** 10 s a day, the most that GB 50396 allows a device. */
export const MAX_DRIFT = 10 / 86_400;
/** `synced` promises this much (protocols/mqtt/events), and a clock this little behind signed time is not called wrong. */
export const SYNCED_WITHIN_MS = 5_000;
/** An exchange slower than this says too little about the time. */
export const MAX_ROUND_TRIP_MS = 5_000;

/** `markMs` is what was kept; nothing is known of the time that passed while the controller was off. */
export const startTime = (markMs: number, clocks: ClockPair): TimeState => ({
  mark: { ms: markMs, monotonicMs: clocks.monotonicMs },
  sync: null,
});

const carried = ({ ms, monotonicMs }: Anchor, now: ClockPair): number =>
  ms + Math.max(0, now.monotonicMs - monotonicMs);

function uncertainty(state: TimeState, now: ClockPair): number {
  const { sync } = state;
  if (!sync) return Number.POSITIVE_INFINITY;
  return sync.errorMs + MAX_DRIFT * Math.max(0, now.monotonicMs - sync.monotonicMs);
}

export function readTime(state: TimeState, now: ClockPair): TrustedInstant {
  const uncertaintyMs = uncertainty(state, now);
  const isSynced = uncertaintyMs <= SYNCED_WITHIN_MS;
  // Once exchanged, for as long as it runs: `uncertaintyMs` bounds the monotonic clock's drift, and nothing bounds the other's.
  const own = state.sync ? carried(state.sync, now) : now.wallMs;
  const floor = carried(state.mark, now);
  if (own + SYNCED_WITHIN_MS < floor)
    return { ms: Math.round(floor), quality: 'degraded', uncertaintyMs, behindMs: Math.round(floor - own) };
  const quality: ClockQuality = isSynced ? 'synced' : 'free';
  return { ms: Math.round(Math.max(own, state.mark.ms)), quality, uncertaintyMs, behindMs: 0 };
}

/** A verified statement of the beat key. What lies implausibly far ahead is refused by whoever judged the statement. */
export function raiseMark(state: TimeState, signedMs: number, now: ClockPair): TimeState {
  return signedMs > state.mark.ms ? { ...state, mark: { ms: signedMs, monotonicMs: now.monotonicMs } } : state;
}

/** A signed answer to a question of ours. A worse sample does not replace a better one; a slow or implausible one is nothing. */
export function synchronise(state: TimeState, sample: TimeSample, root: RootEpoch): TimeState {
  const { clocks, offsetMs, roundTripMs } = sample;
  if (roundTripMs > MAX_ROUND_TRIP_MS) return state;
  const ms = clocks.wallMs + offsetMs;
  if (judgeSignedTime(ms, readTime(state, clocks), root) === 'implausible') return state;
  const errorMs = roundTripMs / 2;
  if (errorMs > uncertainty(state, clocks)) return state;
  const sync = { ms, monotonicMs: clocks.monotonicMs, errorMs };
  return raiseMark({ ...state, sync }, Math.floor(ms - errorMs), clocks);
}

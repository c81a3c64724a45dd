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

/** What an exchange with the gateway showed: the gateway's clock is `offsetMs` ahead of ours. */
export interface TimeSample {
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
  const own = isSynced && state.sync ? carried(state.sync, now) : now.wallMs;
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

/** A signed answer to a question of ours. A worse sample does not replace a better one; an implausible one is nothing. */
export function synchronise(state: TimeState, sample: TimeSample, now: ClockPair, root: RootEpoch): TimeState {
  const ms = now.wallMs + sample.offsetMs;
  if (judgeSignedTime(ms, readTime(state, now), root) === 'implausible') return state;
  const errorMs = sample.roundTripMs / 2;
  if (errorMs > uncertainty(state, now)) return state;
  return raiseMark({ ...state, sync: { ms, monotonicMs: now.monotonicMs, errorMs } }, Math.floor(ms - errorMs), now);
}

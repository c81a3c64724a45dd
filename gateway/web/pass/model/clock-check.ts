// SPDX-License-Identifier: Apache-2.0
// How far the phone's clock is from the gateway's, and whether codes suffer from it. Codes always carry the phone's own time:
// a gate takes 15 s of the past and 5 s of the future, whatever the phone believes.

export interface ClockSample {
  /** Phone minus gateway. */
  readonly aheadMs: number;
  /** Half of the round trip: the difference is that uncertain. */
  readonly unsureMs: number;
  readonly takenAtMs: number;
}

export function sampleClock(sentMs: number, receivedMs: number, gatewayMs: number): ClockSample {
  const middleMs = (sentMs + receivedMs) / 2;
  return { aheadMs: Math.round(middleMs - gatewayMs), unsureMs: (receivedMs - sentMs) / 2, takenAtMs: receivedMs };
}

export type ClockVerdict =
  | { readonly kind: 'unknown' | 'fine' }
  | { readonly kind: 'ahead' | 'behind'; readonly seconds: number };

const BEHIND_MS = 10_000;
/** A gate is stricter about the future; 1 s is left for what the check itself does not know. */
const AHEAD_MS = 4_000;
/** A sample with a longer round trip says too little. */
const UNSURE_MS = 3_000;

export function judgeClock(sample: ClockSample | undefined): ClockVerdict {
  if (sample === undefined || sample.unsureMs > UNSURE_MS) return { kind: 'unknown' };
  const { aheadMs } = sample;
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (aheadMs > AHEAD_MS) return { kind: 'ahead', seconds };
  if (aheadMs < -BEHIND_MS) return { kind: 'behind', seconds };
  return { kind: 'fine' };
}

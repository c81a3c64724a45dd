// SPDX-License-Identifier: Apache-2.0
// When the phone's clock is worth a warning.
import { describe, expect, it } from 'vitest';
import { judgeClock, sampleClock } from './clock-check.ts';

const sample = (aheadMs: number, tripMs = 100) =>
  sampleClock(1_000_000, 1_000_000 + tripMs, 1_000_000 + tripMs / 2 - aheadMs);

describe('the clock check', () => {
  it('takes the middle of the round trip', () => {
    expect(sampleClock(1000, 1400, 1200)).toEqual({ aheadMs: 0, unsureMs: 200, takenAtMs: 1400 });
    expect(sample(7000).aheadMs).toBe(7000);
  });

  it('warns beyond what a gate tolerates, sooner of a clock that is ahead', () => {
    expect(judgeClock(sample(0))).toEqual({ kind: 'fine' });
    expect(judgeClock(sample(-9_000))).toEqual({ kind: 'fine' });
    expect(judgeClock(sample(3_000))).toEqual({ kind: 'fine' });
    expect(judgeClock(sample(-11_000))).toEqual({ kind: 'behind', seconds: 11 });
    expect(judgeClock(sample(11_000))).toEqual({ kind: 'ahead', seconds: 11 });
    expect(judgeClock(sample(5_000))).toEqual({ kind: 'ahead', seconds: 5 });
  });

  it('says nothing without a sample, or with one that took too long', () => {
    expect(judgeClock(undefined)).toEqual({ kind: 'unknown' });
    expect(judgeClock(sample(60_000, 8_000))).toEqual({ kind: 'unknown' });
  });
});

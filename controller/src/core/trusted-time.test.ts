// SPDX-License-Identifier: Apache-2.0
// Which time a controller believes (reference: lists and codes, rule 6).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { raiseMark, readTime, startTime, synchronise } from './trusted-time.ts';

const NOW = Date.UTC(2026, 10, 22, 8);
const HOUR = 3_600_000;
const root = { epoch: 1, issuedAtMs: NOW - 30 * 24 * HOUR };
const clocks = (wallMs: number, monotonicMs: number) => ({ wallMs, monotonicMs });

describe('trusted time', () => {
  it('is the clock while nothing signed is ahead of it', () => {
    const state = startTime(NOW - HOUR, clocks(NOW, 100));
    expect(readTime(state, clocks(NOW + 5, 105))).toMatchObject({ ms: NOW + 5, quality: 'free', behindMs: 0 });
  });

  it('never reads less than the highest signed time', () => {
    const state = raiseMark(startTime(0, clocks(NOW, 0)), NOW + 3_000, clocks(NOW, 0));
    expect(readTime(state, clocks(NOW, 0)).ms).toBe(NOW + 3_000);
    expect(raiseMark(state, NOW - HOUR, clocks(NOW, 0))).toBe(state);
  });

  it('clock behind the mark: degraded, counting on from the mark', () => {
    const state = startTime(NOW, clocks(0, 1_000));
    expect(readTime(state, clocks(0, 1_000))).toMatchObject({ ms: NOW, quality: 'degraded', behindMs: NOW });
    expect(readTime(state, clocks(60_000, 61_000))).toMatchObject({ ms: NOW + 60_000, quality: 'degraded' });
  });

  it('attack: clock set back while running is seen, even when it stays ahead of the mark', () => {
    const state = raiseMark(startTime(0, clocks(NOW, 0)), NOW, clocks(NOW, 0));
    const later = readTime(state, clocks(NOW + 10 * HOUR, 10 * HOUR));
    expect(later).toMatchObject({ ms: NOW + 10 * HOUR, quality: 'free' });
    const setBack = readTime(state, clocks(NOW + HOUR, 10 * HOUR));
    expect(setBack).toMatchObject({ ms: NOW + 10 * HOUR, quality: 'degraded', behindMs: 9 * HOUR });
  });

  it('attack: clock set back over a restart cannot go behind the mark', () => {
    const kept = raiseMark(startTime(0, clocks(NOW, 0)), NOW, clocks(NOW, 0)).mark.ms;
    const state = startTime(kept, clocks(NOW - 90 * 24 * HOUR, 0));
    expect(readTime(state, clocks(NOW - 90 * 24 * HOUR, 0))).toMatchObject({ ms: NOW, quality: 'degraded' });
  });

  it('an exchange synchronises whatever the machine clock says, and lasts as long as drift allows', () => {
    const state = synchronise(
      startTime(0, clocks(NOW - HOUR, 0)),
      { clocks: clocks(NOW - HOUR, 0), offsetMs: HOUR, roundTripMs: 40 },
      root,
    );
    expect(readTime(state, clocks(NOW - HOUR, 0))).toMatchObject({ ms: NOW, quality: 'synced', uncertaintyMs: 20 });
    expect(readTime(state, clocks(5, 11 * HOUR))).toMatchObject({ ms: NOW + 11 * HOUR, quality: 'synced' });
    const longAfter = readTime(state, clocks(NOW + 13 * HOUR, 13 * HOUR));
    expect(longAfter.quality).toBe('free');
    expect(longAfter.uncertaintyMs).toBeGreaterThan(5_000);
  });

  it('out of sync for long, still counts on from the last exchange: a clock known to be wrong is not believed again', () => {
    const wrong = NOW + 40 * 24 * HOUR;
    const sample = { clocks: clocks(wrong, 0), offsetMs: NOW - wrong, roundTripMs: 40 };
    const state = synchronise(startTime(0, clocks(wrong, 0)), sample, root);
    const later = readTime(state, clocks(wrong + 20 * HOUR, 20 * HOUR));
    expect(later).toMatchObject({ ms: NOW + 20 * HOUR, quality: 'free' });
  });

  it('an exchange that took too long synchronises nothing', () => {
    const state = startTime(0, clocks(NOW, 0));
    const slow = { clocks: clocks(NOW, 0), offsetMs: HOUR, roundTripMs: 5_001 };
    expect(synchronise(state, slow, root)).toBe(state);
    expect(synchronise(state, { ...slow, roundTripMs: 5_000 }, root)).not.toBe(state);
  });

  it('a slow exchange does not replace a good one', () => {
    const good = synchronise(
      startTime(0, clocks(NOW, 0)),
      { clocks: clocks(NOW, 0), offsetMs: 10, roundTripMs: 20 },
      root,
    );
    expect(synchronise(good, { clocks: clocks(NOW, 0), offsetMs: 900, roundTripMs: 3_000 }, root)).toBe(good);
  });

  it('attack: fast-forward by an answer beyond a day is refused once in sync', () => {
    const good = synchronise(
      startTime(0, clocks(NOW, 0)),
      { clocks: clocks(NOW, 0), offsetMs: 0, roundTripMs: 20 },
      root,
    );
    expect(synchronise(good, { clocks: clocks(NOW, 0), offsetMs: 48 * HOUR, roundTripMs: 0 }, root)).toBe(good);
  });

  it('without synchronisation the uncertainty is infinite', () => {
    expect(readTime(startTime(0, clocks(NOW, 0)), clocks(NOW, 0)).uncertaintyMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('never falls below the mark and never leaves it behind for longer than the clock allows, whatever the clock does', () => {
    const steps = fc.array(
      fc.record({
        wall: fc.integer({ min: 0, max: 2 * NOW }),
        passed: fc.integer({ min: 0, max: HOUR }),
        signed: fc.option(fc.integer({ min: 0, max: 2 * NOW })),
      }),
    );
    fc.assert(
      fc.property(steps, (all) => {
        let monotonicMs = 0;
        let state = startTime(0, clocks(NOW, 0));
        for (const { wall, passed, signed } of all) {
          monotonicMs += passed;
          if (signed !== null) state = raiseMark(state, signed, clocks(wall, monotonicMs));
          const read = readTime(state, clocks(wall, monotonicMs));
          expect(read.ms).toBeGreaterThanOrEqual(state.mark.ms);
          expect(read.ms).toBeGreaterThanOrEqual(state.mark.ms + monotonicMs - state.mark.monotonicMs - 5_000);
        }
      }),
    );
  });
});

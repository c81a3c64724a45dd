// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { codeDriftMs, codesFromMs } from './code-clock.ts';
import type { TrustedInstant } from './trusted-time.ts';

const NOW_MS = Date.UTC(2026, 10, 23, 4);
const DAY_MS = 86_400_000;
const instant = (change: Partial<TrustedInstant>): TrustedInstant => ({
  ms: NOW_MS,
  quality: 'free',
  uncertaintyMs: Number.POSITIVE_INFINITY,
  behindMs: 0,
  ...change,
});
const OFF = { keptWhileOff: false, markMs: NOW_MS - DAY_MS };
const KEPT = { ...OFF, keptWhileOff: true };

describe('the clock that codes are judged by', () => {
  it('is as sure as the last exchange with the gateway left it', () => {
    expect(codeDriftMs(instant({ uncertaintyMs: 1_200 }), OFF)).toBe(1_200);
  });

  it('that is behind signed time is not sure at all', () => {
    expect(codeDriftMs(instant({ quality: 'degraded', uncertaintyMs: 10 }), KEPT)).toBe(Number.POSITIVE_INFINITY);
  });

  it('after a start is not sure until the gateway has told the time', () => {
    expect(codeDriftMs(instant({}), OFF)).toBe(Number.POSITIVE_INFINITY);
  });

  it('that was kept while off is off by 5 s and 10 s for each day since signed time was seen', () => {
    expect(codeDriftMs(instant({}), KEPT)).toBeCloseTo(15_000);
    expect(codeDriftMs(instant({}), { ...KEPT, markMs: NOW_MS - 3 * DAY_MS })).toBeGreaterThan(30_000);
  });

  it('that was kept while off, on a controller that never saw signed time, is not sure', () => {
    expect(codeDriftMs(instant({}), { ...KEPT, markMs: 0 })).toBe(Number.POSITIVE_INFINITY);
  });
});

it('after a start no code is taken that may have been accepted before: 5 s ahead, and the drift', () => {
  expect(codesFromMs(NOW_MS, 1_000, 200)).toBe(NOW_MS - 1_000 + 5_000 + 200);
  expect(codesFromMs(NOW_MS, 1_000, Number.POSITIVE_INFINITY)).toBe(NOW_MS + 4_000);
});

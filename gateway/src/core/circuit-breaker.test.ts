// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ask, type BreakerState, CLOSED, settle } from './circuit-breaker.ts';

const LIMITS = { failures: 3, openMs: 1_000 };
const fail = (state: BreakerState, nowMs: number) => settle(state, true, LIMITS, nowMs);

it('opens after so many failures in a row, not after as many with an answer between', () => {
  const twice = fail(fail(CLOSED, 0), 1);
  expect(settle(twice, false, LIMITS, 2)).toEqual(CLOSED);
  expect(fail(twice, 2)).toEqual({ kind: 'open', untilMs: 1_002 });
});

it('lets one ask for all when its time is over, and goes by the answer', () => {
  const open: BreakerState = { kind: 'open', untilMs: 1_000 };
  expect(ask(open, LIMITS, 999).allowed).toBe(false);
  const probe = ask(open, LIMITS, 1_000);
  expect(probe.allowed).toBe(true);
  expect(ask(probe.state, LIMITS, 1_500).allowed).toBe(false);
  expect(settle(probe.state, false, LIMITS, 1_500)).toEqual(CLOSED);
  expect(fail(probe.state, 1_500)).toEqual({ kind: 'open', untilMs: 2_500 });
});

it('does not wait for ever for a probe that was lost', () => {
  const probe = ask({ kind: 'open', untilMs: 0 }, LIMITS, 0).state;
  expect(ask(probe, LIMITS, 1_000).allowed).toBe(true);
});

it('is not held open by failures of questions from before', () => {
  const open: BreakerState = { kind: 'open', untilMs: 500 };
  expect(fail(open, 400)).toEqual(open);
});

it('asks a dead system at most once in its time, however many want to know', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 50, maxLength: 400 }), (pauses) => {
      let state: BreakerState = CLOSED;
      let nowMs = 0;
      let asked = 0;
      for (const pause of pauses) {
        nowMs += pause;
        const turn = ask(state, LIMITS, nowMs);
        state = turn.state;
        if (!turn.allowed) continue;
        asked += 1;
        state = fail(state, nowMs);
      }
      expect(asked).toBeLessThanOrEqual(LIMITS.failures + nowMs / LIMITS.openMs);
    }),
  );
});

// SPDX-License-Identifier: Apache-2.0
// A clock that tests move: timers fire in order, and promises settle in between.
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';

interface LabClock extends Clock {
  /** Runs what is due, in order, and lets promises settle in between. */
  advance(ms: number): Promise<void>;
}

const EPOCH_MS = 1_790_000_000_000;
const TURNS = 4;

export function labClock(): LabClock {
  let now = 0;
  const timers = new Map<symbol, { readonly atMs: number; readonly action: () => void }>();
  const settle = async () => {
    for (let n = 0; n < TURNS; n++) await turn();
  };
  return {
    now: () => EPOCH_MS + now,
    monotonic: () => now,
    after(delayMs, action) {
      const id = Symbol('timer');
      timers.set(id, { atMs: now + Math.max(0, delayMs), action });
      return () => void timers.delete(id);
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const due = [...timers].filter(([, { atMs }]) => atMs <= end).sort(([, a], [, b]) => a.atMs - b.atMs)[0];
        if (!due) break;
        timers.delete(due[0]);
        now = Math.max(now, due[1].atMs);
        due[1].action();
        await settle();
      }
      now = end;
    },
  };
}

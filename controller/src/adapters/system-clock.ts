// SPDX-License-Identifier: Apache-2.0
// The machine's clocks and timers.
import type { Clock } from '../ports/clock.ts';

/** Longest delay a timer of Node takes; above it would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, Math.min(Math.max(0, delayMs), MAX_DELAY_MS));
    return () => clearTimeout(timer);
  },
};

// SPDX-License-Identifier: Apache-2.0
// Wakes those who follow events when some were committed.
import type { EventWake } from './events.ts';

export interface EventBell extends EventWake {
  ring(): void;
}

export function createEventBell(): EventBell {
  const waiting = new Set<() => void>();
  return {
    ring() {
      for (const wake of waiting) wake();
    },
    wait(ms, signal) {
      return new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          waiting.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        waiting.add(done);
        signal.addEventListener('abort', done, { once: true });
        if (signal.aborted) done();
      });
    },
  };
}

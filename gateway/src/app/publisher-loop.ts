// SPDX-License-Identifier: Apache-2.0
// When lists are published: shortly after changes, several of them together, and now and then for signatures that come of age.
import type { PublishOnce } from './publisher.ts';

export interface PublisherLoop {
  /** Something changed. The first call starts the wait, later ones join it. */
  wake(): void;
  /** Resolves when everything marked so far is published. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface PublisherLoopOptions {
  readonly publishOnce: PublishOnce;
  /** The database failed; the loop tries again at the next call or interval. Must not throw. */
  readonly onFailure: (error: unknown) => void;
  /** Waits so long for further changes: a clerk's form is several of them. */
  readonly coalesceMs?: number;
  readonly sweepMs?: number;
}

const COALESCE_MS = 100;
const SWEEP_MS = 10 * 60_000;

export function startPublisher({
  publishOnce,
  onFailure,
  coalesceMs = COALESCE_MS,
  sweepMs = SWEEP_MS,
}: PublisherLoopOptions): PublisherLoop {
  let running: Promise<void> = Promise.resolve();
  let waiting: NodeJS.Timeout | undefined;
  let closed = false;

  function run(): Promise<void> {
    clearTimeout(waiting);
    waiting = undefined;
    running = running.then(async () => {
      if (closed) return;
      await publishOnce().catch(onFailure);
    });
    return running;
  }

  const sweep = setInterval(() => void run(), sweepMs);
  sweep.unref();
  return {
    wake() {
      if (!closed) waiting ??= setTimeout(() => void run(), coalesceMs);
    },
    settled: () => run(),
    async close() {
      clearInterval(sweep);
      clearTimeout(waiting);
      closed = true;
      await running;
    },
  };
}

// SPDX-License-Identifier: Apache-2.0
// Time that a test moves: timers fire in order, and only once whatever computes meanwhile has come to rest, so that a day passes in
// seconds and a deadline never strikes because a signature took real time to check.
import { setImmediate as turn } from 'node:timers/promises';

export interface VirtualClock {
  now(): number;
  monotonic(): number;
  after(delayMs: number, action: () => void): () => void;
  /** Something is being computed on another thread: time stands still. */
  readonly busy: Set<() => boolean>;
  advance(ms: number): Promise<void>;
  /** Moves time until the promise settles. Throws after `mostMs` of virtual time. */
  until<T>(promise: Promise<T>, mostMs?: number): Promise<T>;
}

const QUIET_TURNS = 6;

export function createVirtualClock(startMs: number): VirtualClock {
  let elapsed = 0;
  let serial = 0;
  const timers = new Map<number, { readonly atMs: number; readonly action: () => void }>();
  const busy = new Set<() => boolean>();

  async function rest(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
      await turn();
      if ([...busy].some((isBusy) => isBusy())) quiet = -1;
    }
  }

  function nextDue(endMs: number): (() => void) | undefined {
    let due: { key: number; atMs: number; action: () => void } | undefined;
    for (const [key, { atMs, action }] of timers)
      if (atMs <= endMs && (due === undefined || atMs < due.atMs)) due = { key, atMs, action };
    if (!due) return undefined;
    timers.delete(due.key);
    elapsed = Math.max(elapsed, due.atMs);
    return due.action;
  }

  async function advance(ms: number): Promise<void> {
    const end = elapsed + ms;
    await rest();
    for (let action = nextDue(end); action; action = nextDue(end)) {
      action();
      await rest();
    }
    elapsed = end;
  }

  return {
    now: () => startMs + elapsed,
    monotonic: () => elapsed,
    busy,
    after(delayMs, action) {
      const key = serial++;
      timers.set(key, { atMs: elapsed + Math.max(0, delayMs), action });
      return () => void timers.delete(key);
    },
    advance,
    async until(promise, mostMs = 60_000) {
      let settled = false;
      const done = promise.finally(() => {
        settled = true;
      });
      done.catch(() => undefined);
      const end = elapsed + mostMs;
      for (await rest(); !settled; await rest()) {
        const action = nextDue(end);
        if (!action) throw new Error(`nothing came of it in ${mostMs} ms`);
        action();
      }
      return done;
    },
  };
}

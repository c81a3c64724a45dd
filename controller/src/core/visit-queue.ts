// SPDX-License-Identifier: Apache-2.0
// Which lock is visited next (reference: lock): opening before deny, before a log that is nearly full, before lists, before the
// rest. Waiting raises: nobody starves, and still nothing passes a person at a door. Pure: time is handed in.

export const WANTS = ['open', 'deny', 'log', 'list', 'check'] as const;
export type Want = (typeof WANTS)[number];

export interface VisitQueue {
  /** Asked for more than once, the first counts. */
  want(lock: string, want: Want, nowMs: number): void;
  /** All of it, or one thing, has been done or is not wanted any more. */
  done(lock: string, want?: Want): void;
  /** What this lock is visited for. */
  wants(lock: string): ReadonlySet<Want>;
  /** The most urgent that may be visited now; `busy` are being visited, `reachable` were heard lately. */
  next(nowMs: number, busy: ReadonlySet<string>, reachable: (lock: string) => boolean): string | undefined;
  /** A visit failed: not again before a while has passed, longer with every failure; for an opening, before a moment has. */
  failed(lock: string, nowMs: number): void;
  succeeded(lock: string): void;
  failures(lock: string): number;
  forget(lock: string): void;
  /** Locks for which something is wanted. */
  size(): number;
}

/** Waiting this long lifts by one rank. */
export const AGEING_MS = 30_000;
/** A radio that refuses at once must not be asked in a circle. */
export const OPENING_PAUSE_MS = 100;
const FIRST_PAUSE_MS = 2_000;
const MAX_PAUSE_MS = 60_000;

interface Entry {
  readonly since: Map<Want, number>;
  failures: number;
  notBeforeMs: number;
  openNotBeforeMs: number;
}

export function createVisitQueue(): VisitQueue {
  const entries = new Map<string, Entry>();

  function entryOf(lock: string): Entry {
    const known = entries.get(lock);
    if (known) return known;
    const made: Entry = { since: new Map(), failures: 0, notBeforeMs: 0, openNotBeforeMs: 0 };
    entries.set(lock, made);
    return made;
  }

  /** Lower is more urgent. Only an opening has rank 0. */
  function rankOf({ since }: Entry, nowMs: number): number {
    let best = Number.POSITIVE_INFINITY;
    for (const [want, sinceMs] of since) {
      const rank = WANTS.indexOf(want);
      const aged = rank === 0 ? 0 : Math.max(0.5, rank - (nowMs - sinceMs) / AGEING_MS);
      best = Math.min(best, aged);
    }
    return best;
  }

  const mayGo = (entry: Entry, nowMs: number) =>
    nowMs >= (entry.since.has('open') ? entry.openNotBeforeMs : entry.notBeforeMs);

  return {
    want(lock, want, nowMs) {
      const { since } = entryOf(lock);
      if (!since.has(want)) since.set(want, nowMs);
    },
    done(lock, want) {
      const since = entries.get(lock)?.since;
      if (want === undefined) since?.clear();
      else since?.delete(want);
    },
    wants: (lock) => new Set(entries.get(lock)?.since.keys()),
    next(nowMs, busy, reachable) {
      let chosen: string | undefined;
      let best = Number.POSITIVE_INFINITY;
      let oldest = Number.POSITIVE_INFINITY;
      for (const [lock, entry] of entries) {
        if (entry.since.size === 0 || busy.has(lock) || !mayGo(entry, nowMs) || !reachable(lock)) continue;
        const rank = rankOf(entry, nowMs);
        const sinceMs = Math.min(...entry.since.values());
        if (rank > best || (rank === best && sinceMs >= oldest)) continue;
        [chosen, best, oldest] = [lock, rank, sinceMs];
      }
      return chosen;
    },
    failed(lock, nowMs) {
      const entry = entryOf(lock);
      entry.notBeforeMs = nowMs + Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** entry.failures);
      entry.openNotBeforeMs = nowMs + OPENING_PAUSE_MS;
      entry.failures += 1;
    },
    succeeded(lock) {
      const entry = entryOf(lock);
      entry.failures = 0;
      entry.notBeforeMs = 0;
      entry.openNotBeforeMs = 0;
    },
    failures: (lock) => entries.get(lock)?.failures ?? 0,
    forget: (lock) => void entries.delete(lock),
    size: () => [...entries.values()].filter(({ since }) => since.size > 0).length,
  };
}

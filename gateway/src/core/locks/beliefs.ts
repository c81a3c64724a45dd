// SPDX-License-Identifier: Apache-2.0
// Until when each controller may believe that it serves a lock. What was sent may have arrived or not, so the latest of all it may
// have been told counts, until it reports under the number of the last.
export interface Beliefs {
  untilMs(lock: string, device: string): number;
  /** Before it is sent. `Infinity`: no end. */
  sends(lock: string, device: string, told: Told): void;
  /** What it is now known to believe; undefined: it reports of something older. */
  reports(lock: string, device: string, order: number): number | undefined;
}

export interface Told {
  /** Rises with everything said of a lock. */
  readonly order: number;
  readonly untilMs: number;
}

interface Belief {
  readonly untilMs: number;
  readonly last?: Told;
}

/** `before`: what it may believe of whom nothing was sent yet. */
export function createBeliefs(before: (lock: string, device: string) => number): Beliefs {
  const beliefs = new Map<string, Belief>();
  const nameOf = (lock: string, device: string) => `${lock} ${device}`;
  const untilMs = (lock: string, device: string) => beliefs.get(nameOf(lock, device))?.untilMs ?? before(lock, device);
  return {
    untilMs,
    sends(lock, device, last) {
      beliefs.set(nameOf(lock, device), { untilMs: Math.max(untilMs(lock, device), last.untilMs), last });
    },
    reports(lock, device, order) {
      const last = beliefs.get(nameOf(lock, device))?.last;
      if (last === undefined || order < last.order) return undefined;
      beliefs.set(nameOf(lock, device), { untilMs: last.untilMs, last });
      return last.untilMs;
    },
  };
}

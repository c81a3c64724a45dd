// SPDX-License-Identifier: Apache-2.0
// Bounded parallelism for costly work: a few lanes, urgent work first, and a queue with an end. Work that nobody waits for in
// front of a screen is patient: it queues without an end, and runs only when nothing else waits.

export interface Lanes {
  /** Rejects with LanesFull where too many wait already. */
  run<T>(work: () => Promise<T>, how: Waiting): Promise<T>;
}
export interface Waiting {
  readonly urgent: boolean;
  readonly patient: boolean;
}

export class LanesFull extends Error {
  constructor() {
    super('too much waits already');
    this.name = 'LanesFull';
  }
}

export interface LaneOptions {
  readonly lanes: number;
  /** How many of each urgency may wait. */
  readonly waiting: number;
}

export function createLanes({ lanes, waiting }: LaneOptions): Lanes {
  const queues = { urgent: [] as (() => void)[], usual: [] as (() => void)[], patient: [] as (() => void)[] };
  let running = 0;
  const next = () => {
    while (running < lanes) {
      const start = queues.urgent.shift() ?? queues.usual.shift() ?? queues.patient.shift();
      if (start === undefined) return;
      running += 1;
      start();
    }
  };
  return {
    run: (work, { urgent, patient }) =>
      new Promise((resolve, reject) => {
        const queue = queues[patient ? 'patient' : urgent ? 'urgent' : 'usual'];
        if (!patient && running >= lanes && queue.length >= waiting) {
          reject(new LanesFull());
          return;
        }
        queue.push(() => {
          work()
            .then(resolve, reject)
            .finally(() => {
              running -= 1;
              next();
            });
        });
        next();
      }),
  };
}

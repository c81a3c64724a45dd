// SPDX-License-Identifier: Apache-2.0
// A corridor's process on a virtual clock: the real role over a radio in memory, with the real store of its marks on disk. It is
// killed at any step; what is in journal and store outlives it, and nothing else does.
import { type CorridorStore, openCorridorStore } from '@latchkey/controller/app/corridor-store';
import type { Journal } from '@latchkey/controller/ports/journal';
import type { LockRadio } from '@latchkey/controller/ports/lock-radio';
import { type Corridor, type CorridorParts, createCorridor } from '@latchkey/controller/roles/corridor';
import type { KeyPair } from '@latchkey/protocols/lock/noise';
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';
import type { VirtualClock } from '../virtual-clock.ts';
import { CORRIDOR, countedRandom } from './lock.test-support.ts';
import type { LockCampus } from './lock-campus.test-support.ts';
import { createMemoryRadio, type MemoryAir } from './memory-radio.ts';

export interface CorridorDisk {
  readonly events: JournalEvent[];
  readonly journal: Journal;
  readonly folder: { readonly locks: string; readonly lockMarks: string };
}

export function corridorDisk(folder: string): CorridorDisk {
  const events: JournalEvent[] = [];
  const status = () => ({ epoch: '0'.repeat(16), nextSeq: events.length + 1, ackedSeq: 0, stored: events.length });
  const journal: Journal = {
    append: async (event) => ({ seq: events.push(event) }),
    read: async (from, limit) =>
      events.slice(from - 1, from - 1 + limit).map((event, at) => ({ seq: from + at, event })),
    acknowledge: async () => undefined,
    status: async () => ({ ...status(), pending: events.length, freeBytes: 1e9 }),
    close: async () => undefined,
  };
  return { events, journal, folder: { locks: `${folder}/locks.json`, lockMarks: `${folder}/marks.json` } };
}

export interface CorridorProcess {
  readonly corridor: Corridor;
  readonly alarms: Set<string>;
  /** At once, whatever runs: no frame more, no write more, no timer more. */
  kill(): void;
  close(): Promise<void>;
}

export interface CorridorProcessOptions {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly air: MemoryAir;
  readonly campus: LockCampus;
  readonly disk: CorridorDisk;
  readonly own?: KeyPair;
  /** Before and after each thing that outlives it: a frame, an event, a mark. */
  readonly onStep?: () => void;
  readonly radio?: (radio: LockRadio) => LockRadio;
  readonly locks?: readonly Parameters<Corridor['assign']>[0][];
}

const FOREVER = new Promise<never>(() => undefined);
let generation = 0;

export async function startCorridorProcess(options: CorridorProcessOptions): Promise<CorridorProcess> {
  const { name, clock, air, campus, disk, own = CORRIDOR } = options;
  let dead = false;
  let writing = 0;
  generation += 1;
  clock.busy.add(() => writing > 0);
  const kill = () => {
    dead = true;
    void radio.close();
  };
  const mortal = {
    now: clock.now,
    monotonic: clock.monotonic,
    after: (ms: number, action: () => void) => clock.after(ms, () => (dead ? undefined : action())),
  };
  const step = () => {
    if (!dead) options.onStep?.();
    return dead;
  };
  const busy = async <T>(work: () => Promise<T>): Promise<T> => {
    writing += 1;
    return work().finally(() => {
      writing -= 1;
    });
  };
  const store: CorridorStore = await busy(() => openCorridorStore(disk.folder, disk.journal));
  const radio = createMemoryRadio({ name, air, timers: clock, frameMs: 4, connectMs: 80 });
  const alarms = new Set<string>();
  const parts: CorridorParts = {
    radio: options.radio?.(radio) ?? radio,
    radios: 1,
    clock: mortal,
    random: countedRandom(`${name} ${generation}`),
    own,
    sources: campus.sources,
    async keep(body) {
      if (step()) return FOREVER;
      await disk.journal.append({ ...body, at: clock.now(), clock: 'synced' });
      return step() ? FOREVER : true;
    },
    marks: {
      next: store.next,
      async raise(lockId, next) {
        if (step()) return FOREVER;
        await busy(() => store.raise(lockId, next));
        if (step()) await FOREVER;
      },
    },
    setAlarm: (alarm, active, subject = '') => {
      const word = `${alarm} ${subject}`;
      if (active) alarms.add(word);
      else alarms.delete(word);
    },
    onChange: () => undefined,
    log: () => undefined,
  };
  const corridor = createCorridor(parts);
  for (const assignment of options.locks ?? campus.locks.map((lock) => campus.assignment(lock)))
    corridor.assign(assignment);
  await corridor.start();
  return { corridor, alarms, kill, close: () => clock.until(corridor.close()) };
}

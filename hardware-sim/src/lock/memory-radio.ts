// SPDX-License-Identifier: Apache-2.0
// Locks and a corridor's radio in one memory: the plainest of the radios, with links that break where a test says so, loudly or
// without a word. Frames take time only where it is asked for.
import { type LockLink, type LockRadio, LockRadioError, type SeenLock } from '@latchkey/controller/ports/lock-radio';
import type { LockTimers } from './lock-body.ts';
import type { LockPeer } from './lock-link.ts';

/** What can be met: a lock, or an echo for the contract. */
export interface AirLock {
  readonly address: string;
  manufacturerData(): Uint8Array | undefined;
  connect(peer: LockPeer, room: number): { onFrame(frame: Uint8Array): void; onClosed(): void } | undefined;
}

/**
 * `cut`: the link ends in the frame's place. `silent`: from this frame on nothing comes through either way, and each end finds
 * out by itself. `late`: this frame and all that follow it this way come `lateMs` later.
 */
export type Fate = 'pass' | 'cut' | 'twice' | 'lost' | 'silent' | 'late';

type Way = 'up' | 'down';

export interface MemoryAir {
  readonly locks: Set<AirLock>;
  /** Of one frame, either way: what becomes of it. It may also change the frame. */
  fate: (way: Way, frame: Uint8Array, lock: AirLock) => Fate;
  /** After how long the ends of a link give up once it is silent. */
  silence: { lockMs: number; corridorMs: number };
  lateMs: number;
  /** dBm with which a radio hears a lock; `undefined`: not at all. */
  rssi: (radio: string, lock: AirLock) => number | undefined;
}

export interface MemoryRadioOptions {
  readonly name: string;
  readonly air: MemoryAir;
  readonly timers: LockTimers;
  /** Bytes a frame may have. */
  readonly room?: number;
  readonly connectMs?: number;
  readonly frameMs?: number;
  readonly advertiseEveryMs?: number;
}

export const createMemoryAir = (): MemoryAir => ({
  locks: new Set(),
  fate: () => 'pass',
  silence: { lockMs: 4_000, corridorMs: 4_000 },
  lateMs: 1_000,
  rssi: () => -60,
});

const ROOM = 244;
/** How often a frame arrives; `undefined`: the link ends instead. */
const TIMES: Readonly<Record<Fate, number | undefined>> = {
  pass: 1,
  late: 1,
  twice: 2,
  lost: 0,
  silent: 0,
  cut: undefined,
};

export function createMemoryRadio(options: MemoryRadioOptions): LockRadio {
  const { name, air, timers, room = ROOM, connectMs = 5, frameMs = 0, advertiseEveryMs = 500 } = options;
  const links = new Set<() => void>();
  const pending = new Set<() => void>();
  let listener: ((seen: SeenLock) => void) | undefined;
  let cancelAdvertising: (() => void) | undefined;
  let closed = false;

  function advertise(): void {
    for (const lock of air.locks) {
      const rssi = air.rssi(name, lock);
      const manufacturerData = lock.manufacturerData();
      if (rssi !== undefined && manufacturerData)
        listener?.({ address: lock.address, rssi, manufacturerData, adapter: name });
    }
    cancelAdvertising = timers.after(advertiseEveryMs, advertise);
  }

  /** In order, so much later. */
  function later(delayMs: number, action: () => void): void {
    if (delayMs > 0) timers.after(delayMs, action);
    else queueMicrotask(action);
  }

  function open(lock: AirLock): LockLink | undefined {
    const early: Uint8Array[] = [];
    const delayMs: Record<Way, number> = { up: frameMs, down: frameMs };
    let onFrame: ((frame: Uint8Array) => void) | undefined;
    let onClosed: (() => void) | undefined;
    let isHere = true;
    let isThere = true;
    let isSilent = false;
    const endHere = () => {
      if (!isHere) return;
      isHere = false;
      links.delete(end);
      onClosed?.();
    };
    const endThere = () => {
      if (!isThere) return;
      isThere = false;
      other?.onClosed();
    };
    const end = () => {
      endThere();
      endHere();
    };
    /** How often a frame arrives; `undefined`: the link has just ended. */
    const timesOf = (way: Way, frame: Uint8Array): number | undefined => {
      if (isSilent) return 0;
      const fate = air.fate(way, frame, lock);
      if (fate === 'late') delayMs[way] += air.lateMs;
      if (fate === 'silent') {
        isSilent = true;
        timers.after(air.silence.lockMs, endThere);
        timers.after(air.silence.corridorMs, endHere);
      }
      return TIMES[fate];
    };
    const notify = (frame: Uint8Array) => {
      const copy = frame.slice();
      const times = isHere && isThere ? timesOf('up', copy) : 0;
      if (times === undefined) return end();
      for (let time = 0; time < times; time += 1)
        later(delayMs.up, () => {
          if (!isHere) return;
          if (onFrame) onFrame(copy);
          else early.push(copy);
        });
    };
    const other = lock.connect({ notify, drop: () => (isSilent ? endThere() : end()) }, room);
    if (!other) return undefined;
    links.add(end);
    return {
      room,
      write(frame) {
        const copy = frame.slice();
        const times = isHere ? timesOf('down', copy) : undefined;
        if (times === undefined) end();
        if (!isHere) return Promise.reject(new LockRadioError('link-lost'));
        return new Promise((resolve, reject) =>
          later(delayMs.down, () => {
            if (!isHere) return reject(new LockRadioError('link-lost'));
            for (let time = 0; isThere && time < (times ?? 0); time += 1) other.onFrame(copy);
            resolve();
          }),
        );
      },
      onFrame(given) {
        onFrame = given;
        for (const frame of early.splice(0)) given(frame);
      },
      onClosed(given) {
        if (!isHere) given();
        else onClosed = given;
      },
      close: async () => (isSilent ? endHere() : end()),
    };
  }

  return {
    async start(given) {
      listener = given;
      advertise();
    },
    connect(address, deadlineMs) {
      const lock = [...air.locks].find((each) => each.address === address);
      if (closed) return Promise.reject(new LockRadioError('radio-down'));
      return new Promise((resolve, reject) => {
        const settle = (action: () => void) => {
          cancel();
          pending.delete(abort);
          action();
        };
        const abort = () => settle(() => reject(new LockRadioError('radio-down')));
        const reached = lock && air.rssi(name, lock) !== undefined && lock.manufacturerData() ? lock : undefined;
        const cancel = timers.after(reached ? connectMs : deadlineMs, () =>
          settle(() => {
            const link = reached && open(reached);
            if (link) resolve(link);
            else reject(new LockRadioError(lock ? 'timeout' : 'not-seen'));
          }),
        );
        pending.add(abort);
      });
    },
    async reset() {
      for (const abort of pending) abort();
      for (const end of links) end();
    },
    async close() {
      closed = true;
      listener = undefined;
      cancelAdvertising?.();
      await this.reset();
    },
  };
}

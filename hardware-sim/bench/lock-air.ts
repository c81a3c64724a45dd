// SPDX-License-Identifier: Apache-2.0
// The air of the benches of locks: the real noble over a controller in TypeScript whose links keep the pace of Bluetooth LE, the
// campus whose locks hang in it, and noble bare, as the floor.
import type { Noble, NobleCharacteristic, NoblePeripheral } from '@latchkey/controller/adapters/noble';
import { NobleRadio } from '@latchkey/controller/adapters/noble-radio';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import { LOCK_SERVICE } from '@latchkey/controller/ports/lock-radio';
import { type Corridor, type CorridorParts, createCorridor } from '@latchkey/controller/roles/corridor';
import { NOW_MS } from '@latchkey/protocols/authorization/authority.test-support';
import { type Air, createAir, nobleOver } from '../src/lock/hci-controller.ts';
import { CORRIDOR } from '../src/lock/lock.test-support.ts';
import type { LockCampus } from '../src/lock/lock-campus.test-support.ts';
import { createMemoryAir, createMemoryRadio } from '../src/lock/memory-radio.ts';

/** noble asks for 7.5 to 22.5 ms; a controller takes what suits it, and this is the slowest. */
export const INTERVAL_MS = 22.5;
/** A lock advertises twice a second: who connects waits half of that in the middle. */
export const ADVERTISING_MS = 500;

export const benchAir = (connectMs: number | (() => number) = ADVERTISING_MS / 2): Air =>
  createAir({ connectMs, advertiseEveryMs: ADVERTISING_MS, intervalMs: INTERVAL_MS });

const offsetMs = NOW_MS - performance.now();
/** Real time, in the days of the campus whose signatures the locks check. */
export const benchClock = {
  now: () => Math.floor(offsetMs + performance.now()),
  monotonic: () => performance.now(),
  after: systemClock.after,
  until: <T>(promise: Promise<T>): Promise<T> => promise,
};

export const nobleRadioIn = (air: Air): NobleRadio =>
  new NobleRadio({ device: 0, clock: benchClock, log: () => undefined, load: nobleOver(air) });

/** The real role, with a journal in memory. */
export function corridorOver(radio: CorridorParts['radio'], campus: LockCampus): Corridor {
  const marks = new Map<string, number>();
  const corridor = createCorridor({
    radio,
    radios: 1,
    clock: benchClock,
    random: { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
    own: CORRIDOR,
    sources: campus.sources,
    keep: () => Promise.resolve(true),
    marks: {
      next: (lockId) => marks.get(lockId) ?? 0,
      raise: (lockId, next) => Promise.resolve(void marks.set(lockId, next)),
    },
    setAlarm: () => undefined,
    onChange: () => undefined,
    log: () => undefined,
  });
  for (const lock of campus.locks) corridor.assign(campus.assignment(lock));
  return corridor;
}

/** Time, keys and list reach every lock through a radio that costs nothing. */
export async function furnish(campus: LockCampus): Promise<void> {
  const air = createMemoryAir();
  for (const lock of campus.locks) air.locks.add(lock);
  const radio = createMemoryRadio({ name: 'furnish', air, timers: benchClock });
  await campus.beat();
  const corridor = corridorOver(radio, campus);
  await corridor.start();
  await until(() => corridor.reports().every(({ list, state }) => list !== undefined && state === 'seen'));
  await corridor.close();
}

export async function until(holds: () => boolean, mostMs = 60_000): Promise<void> {
  const endMs = performance.now() + mostMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error('it does not come to that');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** noble by its own interface, and nothing of ours. */
export interface BareNoble {
  /** Connects, and finds what is needed to write and to be notified. */
  connect(address: string): Promise<BareLink>;
  close(): void;
}

export interface BareLink {
  readonly room: number;
  readonly rx: NobleCharacteristic;
  readonly tx: NobleCharacteristic;
  close(): Promise<void>;
}

export async function openBareNoble(air: Air, addresses: readonly string[]): Promise<BareNoble> {
  const noble: Noble = nobleOver(air)(1);
  const seen = new Map<string, NoblePeripheral>();
  noble.on('discover', (peripheral) => void seen.set(peripheral.address, peripheral));
  await new Promise<void>((resolve) => {
    noble.on('stateChange', (state) => {
      if (state === 'poweredOn') resolve();
    });
  });
  noble.startScanning([], true);
  await until(() => addresses.every((address) => seen.has(address)));
  noble.stopScanning();
  const { service, rx, tx } = LOCK_SERVICE;
  return {
    async connect(address) {
      const peripheral = seen.get(address);
      if (!peripheral) throw new Error('not seen');
      await peripheral.connectAsync();
      const { characteristics } = await peripheral.discoverSomeServicesAndCharacteristicsAsync([service], [rx, tx]);
      const [towards, from] = [rx, tx].map((id) => characteristics.find(({ uuid }) => uuid === id));
      if (!towards || !from) throw new Error('not a lock');
      await from.subscribeAsync();
      const close = () =>
        new Promise<void>((resolve) => {
          peripheral.once('disconnect', resolve);
          peripheral.disconnect();
        });
      return { room: (peripheral.mtu ?? 23) - 3, rx: towards, tx: from, close };
    },
    close() {
      noble.removeAllListeners();
      noble._bindings._hci.pollIsDevUp = () => undefined;
      noble._bindings._hci._socket.stop();
    },
  };
}

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
export const median = (values: readonly number[]): number =>
  sorted(values)[Math.floor(values.length / 2)] ?? Number.NaN;
export const p95 = (values: readonly number[]): number =>
  sorted(values)[Math.ceil(values.length * 0.95) - 1] ?? Number.NaN;
export const round = (value: number, digits = 0): number => Math.round(value * 10 ** digits) / 10 ** digits;

// SPDX-License-Identifier: Apache-2.0
// One suite for a lock whatever radio is beneath: in memory, and through the real noble over a controller in TypeScript. (Over the
// kernel's Bluetooth it runs in the lab.) And the contract of radios, for the one in memory.
import { NobleRadio } from '@latchkey/controller/adapters/noble-radio';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import type { LockRadio } from '@latchkey/controller/ports/lock-radio';
import { type EchoPeer, lockRadioContract } from '@latchkey/controller/ports/lock-radio.contract';
import { afterEach, describe } from 'vitest';
import { createAir, nobleOver } from './hci-controller.ts';
import { lockContract } from './lock.contract.ts';
import { peripheralOf } from './lock-peripheral.ts';
import { createMemoryAir, createMemoryRadio, type MemoryAir } from './memory-radio.ts';

function echoIn(air: MemoryAir, last: number): EchoPeer {
  const address = `c0:00:00:00:00:${last.toString(16).padStart(2, '0')}`;
  const manufacturerData = Uint8Array.of(0xff, 0xff, 0x4c, last);
  let silent = false;
  let standing: { notify(frame: Uint8Array): void; drop(): void } | undefined;
  air.locks.add({
    address,
    manufacturerData: () => manufacturerData,
    connect(peer) {
      if (silent) return undefined;
      standing = peer;
      return {
        onFrame: (frame) => peer.notify(frame.map((byte, at) => (at === 0 ? byte + 1 : byte))),
        onClosed: () => void (standing = undefined),
      };
    },
  });
  return {
    address,
    manufacturerData,
    setSilent: (now) => void (silent = now),
    drop: () => standing?.drop(),
    say: (frame) => standing?.notify(frame),
  };
}

describe('the radio in memory', () => {
  lockRadioContract(async () => {
    const air = createMemoryAir();
    const peers = [echoIn(air, 1), echoIn(air, 2)];
    const radio = createMemoryRadio({ name: 'memory', air, timers: systemClock, advertiseEveryMs: 20 });
    return { radio, peers, close: () => radio.close() };
  });
});

const radios: LockRadio[] = [];
afterEach(async () => {
  await Promise.all(radios.splice(0).map((radio) => radio.close()));
});

describe('a lock in memory', () => {
  lockContract((locks) => {
    const air = createMemoryAir();
    for (const lock of locks) air.locks.add(lock);
    const radio = createMemoryRadio({ name: 'memory', air, timers: systemClock, advertiseEveryMs: 20 });
    radios.push(radio);
    return radio;
  });
});

describe('a lock beneath the real noble', () => {
  lockContract((locks) => {
    const air = createAir({ connectMs: 5, advertiseEveryMs: 20 });
    for (const lock of locks) air.peripherals.add(peripheralOf(lock));
    const radio = new NobleRadio({ device: 0, clock: systemClock, log: () => undefined, load: nobleOver(air) });
    radios.push(radio);
    return radio;
  });
});

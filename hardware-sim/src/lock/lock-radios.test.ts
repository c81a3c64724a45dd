// SPDX-License-Identifier: Apache-2.0
// One suite for a lock whatever radio is beneath: in memory, and through the real noble over a controller in TypeScript. (Over the
// kernel's Bluetooth it runs in the lab.) And the contract of radios, for the one in memory.
import { NobleRadio } from '@latchkey/controller/adapters/noble-radio';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import { pairLock } from '@latchkey/controller/core/lock-pairing';
import { readStatus } from '@latchkey/controller/core/lock-push';
import { type LockSession, openLockSession } from '@latchkey/controller/core/lock-session';
import type { LockRadio } from '@latchkey/controller/ports/lock-radio';
import { type EchoPeer, lockRadioContract } from '@latchkey/controller/ports/lock-radio.contract';
import { CAMPUS, makeAuthority, SCOPE } from '@latchkey/protocols/authorization/authority.test-support';
import { encodeRoot, rootDigest } from '@latchkey/protocols/authorization/root-document';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { keyPair } from '@latchkey/protocols/lock/noise';
import { afterEach, describe, expect, it } from 'vitest';
import { createAir, nobleOver } from './hci-controller.ts';
import { type ContractAir, LOCK_CONTRACT } from './lock.contract.ts';
import { CORRIDOR, countedRandom, must } from './lock.test-support.ts';
import { peripheralOf } from './lock-peripheral.ts';
import { createMemoryAir, createMemoryRadio, type MemoryAir } from './memory-radio.ts';
import { createSimulatedLock, type SimulatedLock } from './simulated-lock.ts';

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

function lockContract(radioFor: ContractAir['radioFor']): void {
  it.each(LOCK_CONTRACT)('$name', { timeout: 20_000 }, ({ run }) => run({ radioFor }));
}

describe('a lock in memory', () => {
  lockContract((lock) => {
    const air = createMemoryAir();
    air.locks.add(lock);
    const radio = createMemoryRadio({ name: 'memory', air, timers: systemClock, advertiseEveryMs: 20 });
    radios.push(radio);
    return radio;
  });
});

describe('a lock beneath the real noble', () => {
  lockContract((lock) => {
    const air = createAir({ connectMs: 5, advertiseEveryMs: 20 });
    air.peripherals.add(peripheralOf(lock));
    const radio = new NobleRadio({ device: 0, clock: systemClock, log: () => undefined, load: nobleOver(air) });
    radios.push(radio);
    return radio;
  });
});

describe('many locks beneath the real noble', () => {
  it('are met by one radio at the same time, each with its own keys', { timeout: 30_000 }, async () => {
    const air = createAir({ connectMs: 5, advertiseEveryMs: 20 });
    const { document, rootFrame } = await makeAuthority();
    const locks = await Promise.all(Array.from({ length: 12 }, (_, number) => namedLock(number)));
    for (const lock of locks) air.peripherals.add(peripheralOf(lock));
    const radio = new NobleRadio({ device: 0, clock: systemClock, log: () => undefined, load: nobleOver(air) });
    radios.push(radio);
    const seen = new Set<string>();
    await radio.start(({ address }) => void seen.add(address));
    await expect.poll(() => seen.size, { timeout: 5_000 }).toBe(locks.length);

    async function pair(lock: SimulatedLock): Promise<string> {
      const link = await radio.connect(lock.address, 5_000);
      const paired = await pairLock({
        link,
        clock: systemClock,
        ephemeral: keyPair(crypto.getRandomValues(new Uint8Array(32))),
        code: lock.labelCode,
        rootFrame,
        deadlineMs: 5_000,
        block: {
          corridor: toHex(CORRIDOR.open),
          lockId: lock.lockId,
          campusId: CAMPUS,
          scopeId: SCOPE,
          advertisementKey: '0'.repeat(32),
          rootDigest: rootDigest(encodeRoot(document)),
        },
      });
      return paired.ok ? paired.value.lock : paired.code;
    }
    expect(await Promise.all(locks.map(pair))).toEqual(locks.map((lock) => toHex(lock.key())));

    const sessions: LockSession[] = [];
    for (const lock of locks.slice(0, 5)) {
      const link = await radio.connect(lock.address, 5_000);
      const ephemeral = keyPair(crypto.getRandomValues(new Uint8Array(32)));
      const parts = { link, lockId: lock.lockId, own: CORRIDOR, peer: lock.key(), ephemeral, clock: systemClock };
      sessions.push(must(await openLockSession({ ...parts, deadlineMs: 5_000 })));
    }
    const states = await Promise.all(sessions.map(async (session) => must(await readStatus(session))));
    expect(states.map(({ logNext }) => logNext)).toEqual([2, 2, 2, 2, 2]);
    await Promise.all(sessions.map((session) => session.close()));
  });
});

function namedLock(number: number): Promise<SimulatedLock> {
  const last = (number + 16).toString(16);
  return createSimulatedLock({
    lockId: `0000${last}0000000000`,
    labelCode: new Uint8Array(16).fill(number),
    address: `c0:00:00:00:01:${last}`,
    timers: systemClock,
    random: countedRandom(`lock ${number}`),
  });
}

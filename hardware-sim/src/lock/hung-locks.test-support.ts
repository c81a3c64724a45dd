// SPDX-License-Identifier: Apache-2.0
// Simulated locks in the doors of a corridor: made, paired, and assigned to the corridor that is to serve them.
import { pairLock } from '@latchkey/controller/core/lock-pairing';
import type { LockRadio } from '@latchkey/controller/ports/lock-radio';
import {
  type Authority,
  CAMPUS,
  CAMPUS_PRF_KEY,
  must,
  PRF_KEY,
  SCOPE,
} from '@latchkey/protocols/authorization/authority.test-support';
import { encodeRoot, rootDigest } from '@latchkey/protocols/authorization/root-document';
import { toHex } from '@latchkey/protocols/bytes/hex';
import type { LockAssignment } from '@latchkey/protocols/lock/assignment';
import type { LockKeyOrder } from '@latchkey/protocols/lock/key-wrap';
import { keyPair } from '@latchkey/protocols/lock/noise';
import type { VirtualClock } from '../virtual-clock.ts';
import { CAMPUS_ORDER, CORRIDOR, KEY_ID, SCOPE_ORDER, wrappedFor } from './lock.test-support.ts';
import type { MemoryAir } from './memory-radio.ts';
import { createSimulatedLock, type SimulatedLock } from './simulated-lock.ts';

const AD_KEY = 'cd'.repeat(16);

export const portalOf = (at: number): string => `room-${at + 101}`;

export interface HangParts {
  readonly count: number;
  readonly clock: VirtualClock;
  readonly air: MemoryAir;
  readonly random: { bytes(count: number): Uint8Array };
  /** Parts per million, of each lock's quartz. */
  readonly driftOf?: () => number;
}

export async function hangLocks({ count, clock, air, random, driftOf }: HangParts): Promise<SimulatedLock[]> {
  const locks: SimulatedLock[] = [];
  for (let n = 0; n < count; n += 1) {
    const lock = await createSimulatedLock({
      lockId: n.toString(16).padStart(8, '0') + 'aabbccdd',
      labelCode: random.bytes(16),
      address: `c0:00:00:00:00:${n.toString(16).padStart(2, '0')}`,
      timers: clock,
      random,
      drift: driftOf?.() ?? 0,
    });
    clock.busy.add(lock.isBusy);
    air.locks.add(lock);
    locks.push(lock);
  }
  return locks;
}

interface PairParts {
  readonly radio: Pick<LockRadio, 'connect'>;
  readonly lock: SimulatedLock;
  readonly portal: string;
  readonly authority: Authority;
  readonly clock: VirtualClock;
  readonly random: { bytes(count: number): Uint8Array };
}

/** At the door, before any corridor serves it. */
export async function pairAndAssign(parts: PairParts): Promise<LockAssignment> {
  const { radio, lock, portal, authority, clock, random } = parts;
  const link = await clock.until(radio.connect(lock.address, 5_000));
  const block = {
    corridor: toHex(CORRIDOR.open),
    lockId: lock.lockId,
    campusId: CAMPUS,
    scopeId: SCOPE,
    advertisementKey: AD_KEY,
    rootDigest: rootDigest(encodeRoot(authority.document)),
  };
  const { rootFrame } = authority;
  const pairing = { link, clock, ephemeral: keyPair(random.bytes(32)), code: lock.labelCode, block, rootFrame };
  must(await clock.until(pairLock({ ...pairing, deadlineMs: 5_000 })));
  const sealed = (key: Uint8Array, order: Pick<LockKeyOrder, 'kind' | 'keyId'>) =>
    toHex(wrappedFor(lock, authority, key, order, random));
  return {
    device: 'corridor-1' as LockAssignment['device'],
    lockId: lock.lockId,
    portal: portal as LockAssignment['portal'],
    scope: SCOPE,
    order: 1,
    key: toHex(lock.key()),
    advertisementKey: AD_KEY,
    prf: { id: KEY_ID, wrapped: sealed(PRF_KEY, SCOPE_ORDER) },
    campus: { id: CAMPUS_ORDER.keyId, wrapped: sealed(CAMPUS_PRF_KEY, CAMPUS_ORDER) },
    servesUntilMs: null,
  };
}

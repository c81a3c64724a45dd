// SPDX-License-Identifier: Apache-2.0
// Every write to a lock's flash and every frame of its link at which something may be cut short, each from the same flash: what
// the lock is then, and that it always goes on.
import { expect } from 'vitest';
import type { PowerCut } from './flash.ts';
import { createLockRig, type LockRig, uidOf } from './lock.test-support.ts';

const PARTS: readonly PowerCut['part'][] = ['none', 'half', 'all'];
const OLD_CARDS = [1, 2];
export const NEW_CARDS = [2, 3];
export const IS_OLD = '110';
export const IS_NEW = '011';

export async function opens(rig: LockRig, card: number): Promise<boolean> {
  const decision = await rig.run(rig.lock.present(uidOf(card), 'uid-only'));
  // The bolt is thrown again.
  await rig.clock.advance(6_000);
  return decision?.outcome === 'granted';
}

/** What the lock holds, by what it does. */
export async function holds(rig: LockRig): Promise<string> {
  const [one, two, three] = [await opens(rig, 1), await opens(rig, 2), await opens(rig, 3)];
  return [one, two, three].map((does) => (does ? '1' : '0')).join('');
}

export async function furnished(room?: number): Promise<LockRig> {
  const rig = await createLockRig(room === undefined ? {} : { room });
  await rig.furnish(OLD_CARDS);
  return rig;
}

/** Boots as often as it takes. */
export async function powerUp(rig: LockRig): Promise<void> {
  rig.lock.flash.cutAt(undefined);
  for (let boots = 0; !rig.lock.hasPower(); boots += 1) {
    expect(boots).toBeLessThan(3);
    await rig.run(rig.lock.powerUp());
  }
}

async function putBack(rig: LockRig, flash: Uint8Array, ready: Work): Promise<void> {
  rig.lock.cutPower();
  rig.lock.flash.load(flash);
  await powerUp(rig);
  await ready(rig);
}

type Work = (rig: LockRig) => Promise<unknown>;

export interface Interrupted {
  /** After each start from the flash. */
  readonly ready?: Work;
  /** What is interrupted; may throw once it is. */
  readonly act: Work;
  /** The lock has power again. */
  readonly check: (rig: LockRig, about: string) => Promise<void>;
}

const tellTime: Work = (rig) => rig.tellTime();

/** Power fails at each write that `act` makes, before it, within it and after it. Gives how many writes there are. */
export async function atEveryWrite(rig: LockRig, { ready = tellTime, act, check }: Interrupted): Promise<number> {
  const { flash } = rig.lock;
  const start = flash.image();
  await putBack(rig, start, ready);
  const before = flash.operations;
  await act(rig);
  const writes = flash.operations - before;
  for (let write = 0; write < writes; write += 1)
    for (const part of PARTS) {
      const about = `write ${write}, ${part}`;
      await putBack(rig, start, ready);
      flash.cutAt({ operation: flash.operations + write, part });
      await act(rig).catch(() => undefined);
      expect(rig.lock.hasPower(), about).toBe(false);
      await powerUp(rig);
      await check(rig, about);
    }
  return writes;
}

/** Power fails at each of the first writes of a boot. */
export async function atEveryBoot(rig: LockRig, writes: number, check: Interrupted['check']): Promise<void> {
  const { flash } = rig.lock;
  const start = flash.image();
  for (let write = 0; write < writes; write += 1)
    for (const part of PARTS) {
      rig.lock.cutPower();
      flash.load(start);
      flash.cutAt({ operation: flash.operations + write, part });
      await rig.run(rig.lock.powerUp());
      await powerUp(rig);
      await check(rig, `write ${write}, ${part}`);
    }
}

/** The link breaks at each frame of `act`, either way. Gives how many frames there are. */
export async function atEveryFrame(rig: LockRig, { ready = tellTime, act, check }: Interrupted): Promise<number> {
  const start = rig.lock.flash.image();
  await putBack(rig, start, ready);
  let frames = 0;
  rig.air.fate = () => {
    frames += 1;
    return 'pass';
  };
  await act(rig);
  for (let frame = 0; frame < frames; frame += 1) {
    rig.air.fate = () => 'pass';
    await putBack(rig, start, ready);
    let count = 0;
    rig.air.fate = () => {
      count += 1;
      return count === frame + 1 ? 'cut' : 'pass';
    };
    await act(rig).catch(() => undefined);
    rig.air.fate = () => 'pass';
    await check(rig, `frame ${frame}`);
  }
  return frames;
}

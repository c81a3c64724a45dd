// SPDX-License-Identifier: Apache-2.0
// A corridor's orders to pair, with a lock that does its part.
import { createLockPairings } from '@latchkey/controller/app/lock-pairings';
import { CAMPUS, SCOPE } from '@latchkey/protocols/authorization/authority.test-support';
import { encodeRoot, rootDigest } from '@latchkey/protocols/authorization/root-document';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { describe, expect, it } from 'vitest';
import { CORRIDOR, countedRandom, createLockRig, LABEL, LOCK_ID, type LockRig } from './lock.test-support.ts';

async function corridor(rig: LockRig) {
  const { rootFrame, document } = rig.authority;
  let told = 0;
  const pairings = createLockPairings({
    radio: rig.radio,
    clock: rig.clock,
    nowMs: rig.clock.now,
    random: countedRandom('pairings'),
    own: CORRIDOR,
    campusId: CAMPUS,
    root: () => ({ frame: rootFrame, digest: rootDigest(encodeRoot(document)) }),
    onOutcome: () => void (told += 1),
    log: () => undefined,
  });
  const order = (more: { id?: string; expiresMs?: number } = {}, code = LABEL) =>
    pairings.order(
      {
        device: 'corridor-1' as never,
        id: '01'.repeat(8),
        portal: 'room-101' as never,
        lockId: LOCK_ID,
        scope: SCOPE,
        code: '',
        advertisementKey: 'cd'.repeat(16),
        expiresMs: rig.clock.now() + 900_000,
        ...more,
      },
      code,
    );
  return { pairings, order, told: () => told };
}

describe('orders to pair a lock', () => {
  it('wait for the lock to be heard, pair it once, and say so until the gateway knows', async () => {
    const rig = await createLockRig();
    const { pairings, order, told } = await corridor(rig);
    order();
    await rig.clock.advance(5_000);
    expect(pairings.outcomes()).toEqual([]);
    await rig.radio.start(pairings.onSeen);
    await rig.clock.advance(5_000);
    const key = toHex(rig.lock.key());
    expect(pairings.outcomes()).toEqual([{ id: '01'.repeat(8), lockId: LOCK_ID, state: 'paired', key, firmware: 1 }]);
    order();
    await rig.clock.advance(5_000);
    expect(told()).toBe(1);
    await rig.run((await rig.session()).close());
    pairings.known(LOCK_ID);
    expect(pairings.outcomes()).toEqual([]);
  });

  it('with the code of another lock say so, and a later order with the right one pairs', async () => {
    const rig = await createLockRig();
    const { pairings, order } = await corridor(rig);
    await rig.radio.start(pairings.onSeen);
    order({}, new Uint8Array(16));
    await rig.clock.advance(5_000);
    expect(pairings.outcomes()).toMatchObject([{ state: 'failed', code: 'wrong-code' }]);
    order({ id: '02'.repeat(8) });
    await rig.clock.advance(5_000);
    expect(pairings.outcomes()).toMatchObject([{ id: '02'.repeat(8), state: 'paired' }]);
  });

  it('go on after a broken link, a power cut, and a lock that is not there yet', async () => {
    const rig = await createLockRig();
    const { pairings, order } = await corridor(rig);
    await rig.radio.start(pairings.onSeen);
    let frames = 0;
    rig.air.fate = () => {
      frames += 1;
      return frames === 5 ? 'cut' : 'pass';
    };
    order();
    await rig.clock.advance(20_000);
    expect(frames).toBeGreaterThan(5);
    expect(pairings.outcomes()).toMatchObject([{ state: 'paired' }]);
  });

  it('that ran out say why', async () => {
    const rig = await createLockRig();
    const { pairings, order } = await corridor(rig);
    order({ expiresMs: rig.clock.now() + 10_000 });
    await rig.clock.advance(20_000);
    expect(pairings.outcomes()).toMatchObject([{ state: 'failed', code: 'not-seen' }]);
  });

  it('of a lock that is paired already say so', async () => {
    const rig = await createLockRig();
    const { pairings, order } = await corridor(rig);
    await rig.radio.start(pairings.onSeen);
    await rig.clock.advance(1_000);
    await rig.pair();
    order();
    await rig.clock.advance(5_000);
    expect(pairings.outcomes()).toMatchObject([{ state: 'failed', code: 'already-paired' }]);
  });
});

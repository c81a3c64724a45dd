// SPDX-License-Identifier: Apache-2.0
// A corridor's orders to pair, with a lock that does its part.
import { createLockPairings } from '@latchkey/controller/app/lock-pairings';
import { CAMPUS, SCOPE } from '@latchkey/protocols/authorization/authority.test-support';
import { encodeRoot, rootDigest } from '@latchkey/protocols/authorization/root-document';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { describe, expect, it } from 'vitest';
import { CORRIDOR, countedRandom, createLockRig, LABEL, LOCK_ID, type LockRig } from './lock.test-support.ts';

const WRONG = LABEL.map((byte) => byte ^ 1);
const FREE_ATTEMPTS = 5;

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

  it('whose answer the radio lost at any frame, or that are given again in the middle, pair it nevertheless', async () => {
    let isOver = false;
    for (let breakAt = 1; !isOver; breakAt += 1) {
      const rig = await createLockRig();
      const { pairings, order } = await corridor(rig);
      await rig.radio.start(pairings.onSeen);
      let frames = 0;
      let given = 0;
      rig.air.fate = () => {
        frames += 1;
        if (frames === breakAt) order({ id: `0${(given += 1)}`.repeat(8) });
        return frames === breakAt && breakAt % 2 === 0 ? 'cut' : 'pass';
      };
      order();
      await rig.clock.advance(20_000);
      isOver = frames < breakAt;
      const id = isOver ? '01'.repeat(8) : expect.any(String);
      expect(pairings.outcomes(), `frame ${breakAt}`).toMatchObject([
        { id, state: 'paired', key: toHex(rig.lock.key()) },
      ]);
    }
  });

  it('of a controller that started anew after the lock had taken them pair it nevertheless', async () => {
    const rig = await createLockRig();
    const before = await corridor(rig);
    await rig.radio.start((seen) => before.pairings.onSeen(seen));
    before.order();
    await rig.clock.advance(5_000);
    before.pairings.close();
    const { pairings, order } = await corridor(rig);
    await rig.radio.start(pairings.onSeen);
    order();
    await rig.clock.advance(5_000);
    expect(pairings.outcomes()).toMatchObject([{ state: 'paired', key: toHex(rig.lock.key()) }]);
  });

  it('of a lock that is paired by another already say so', async () => {
    const rig = await createLockRig();
    const { pairings, order } = await corridor(rig);
    await rig.radio.start(pairings.onSeen);
    await rig.clock.advance(1_000);
    await rig.pair(LABEL, { scopeId: SCOPE + 1 });
    order();
    await rig.clock.advance(5_000);
    expect(pairings.outcomes()).toMatchObject([{ state: 'failed', code: 'already-paired' }]);
  });

  it('wait while somebody else is with the lock, and say so where that goes on until they run out', async () => {
    const rig = await createLockRig();
    const { pairings, order } = await corridor(rig);
    await rig.radio.start(pairings.onSeen);
    await rig.clock.advance(1_000);
    const other = await rig.run(rig.radio.connect(rig.lock.address, 3_000));
    order();
    await rig.clock.advance(3_000);
    expect(pairings.outcomes()).toEqual([]);
    await other.close();
    await rig.clock.advance(5_000);
    expect(pairings.outcomes()).toMatchObject([{ state: 'paired' }]);

    await rig.run(rig.lock.factoryReset());
    await rig.clock.advance(1_000);
    await rig.run(rig.radio.connect(rig.lock.address, 3_000));
    order({ id: '02'.repeat(8), expiresMs: rig.clock.now() + 3_000 });
    await rig.clock.advance(4_000);
    expect(pairings.outcomes()).toMatchObject([{ state: 'failed', code: 'busy' }]);
  });

  it('that met too many wrong codes before say so, and a later one pairs', async () => {
    const rig = await createLockRig();
    const { pairings, order } = await corridor(rig);
    await rig.radio.start(pairings.onSeen);
    await rig.clock.advance(1_000);
    for (let attempt = 0; attempt < FREE_ATTEMPTS; attempt += 1) expect(await rig.pair(WRONG)).toBe('wrong-code');
    order();
    await rig.clock.advance(5_000);
    expect(pairings.outcomes()).toMatchObject([{ state: 'failed', code: 'too-many-attempts' }]);
    await rig.clock.advance(30_000);
    order({ id: '02'.repeat(8) });
    await rig.clock.advance(5_000);
    expect(pairings.outcomes()).toMatchObject([{ state: 'paired' }]);
  });
});

describe('the code on a label', () => {
  const wait = (rig: LockRig, ms: number) => rig.clock.advance(ms);
  const TOO_MANY = 'refused 5';

  async function exhausted(): Promise<LockRig> {
    const rig = await createLockRig();
    for (let attempt = 0; attempt < FREE_ATTEMPTS; attempt += 1) expect(await rig.pair(WRONG)).toBe('wrong-code');
    return rig;
  }

  it('may be tried five times, then after 30 s, then after twice as long each time, an hour at most', async () => {
    const rig = await exhausted();
    for (const waitS of [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]) {
      await wait(rig, waitS * 1_000 - 2_000);
      expect(await rig.pair(), `${waitS} s`).toBe(TOO_MANY);
      await wait(rig, 2_000);
      expect(await rig.pair(WRONG), `${waitS} s`).toBe('wrong-code');
    }
    await wait(rig, 3_600_000);
    expect(await rig.pair()).toMatchObject({ kind: 'paired', code: 0 });
  });

  it('is not to be tried more often with the battery taken out in between', async () => {
    const rig = await exhausted();
    for (let time = 0; time < 3; time += 1) {
      await wait(rig, 20_000);
      rig.lock.cutPower();
      await rig.run(rig.lock.powerUp());
      expect(await rig.pair()).toBe(TOO_MANY);
    }
    await wait(rig, 30_000);
    expect(await rig.pair()).toMatchObject({ kind: 'paired', code: 0 });
  });

  it('counts as tried before the lock answers, wherever its power fails', async () => {
    const rig = await createLockRig();
    let answered = 0;
    rig.air.fate = (way) => {
      if (way === 'up') answered += 1;
      return 'pass';
    };
    for (let attempt = 0; attempt < 3 * FREE_ATTEMPTS; attempt += 1) {
      rig.lock.flash.cutAt({ operation: rig.lock.flash.operations, part: attempt % 2 === 0 ? 'half' : 'all' });
      await rig.pair(WRONG);
      rig.lock.flash.cutAt(undefined);
      await rig.run(rig.lock.powerUp());
    }
    expect(answered).toBeLessThanOrEqual(FREE_ATTEMPTS);
  });

  it('is free again once somebody has shown it', async () => {
    const rig = await createLockRig();
    for (let attempt = 1; attempt < FREE_ATTEMPTS; attempt += 1) await rig.pair(WRONG);
    expect(await rig.pair()).toMatchObject({ kind: 'paired', code: 0 });
    await rig.run(rig.lock.factoryReset());
    for (let attempt = 1; attempt < FREE_ATTEMPTS; attempt += 1) await rig.pair(WRONG);
    expect(await rig.pair()).toMatchObject({ kind: 'paired', code: 0 });
  });
});

describe('a second central', () => {
  it('is told that the lock is busy, and the first goes on', async () => {
    const rig = await createLockRig();
    await rig.furnish([1]);
    const first = await rig.session();
    await expect(rig.session()).rejects.toThrow('lock-busy');
    expect(await rig.open(rig.ticket(), first)).toEqual(['accepted', 'done']);
    await rig.run(first.close());
    await rig.run((await rig.session()).close());
  });

  it('that would pair is told so too', async () => {
    const rig = await createLockRig();
    const link = await rig.run(rig.radio.connect(rig.lock.address, 3_000));
    expect(await rig.pair()).toBe('refused 1');
    await link.close();
    expect(await rig.pair()).toMatchObject({ kind: 'paired', code: 0 });
  });
});

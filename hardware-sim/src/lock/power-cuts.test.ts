// SPDX-License-Identifier: Apache-2.0
// Power fails at every write to the flash and at every frame of a transfer, one after the other: the old list or the new one, never
// a mixture, and it always goes on from there. The same for a ticket: never a second opening.
import { ADVERTISED_FLAGS } from '@latchkey/protocols/lock/advertisement';
import { LOCK_CODES } from '@latchkey/protocols/lock/messages';
import { describe, expect, it } from 'vitest';
import type { PowerCut } from './flash.ts';
import { createLockRig, type LockRig, uidOf } from './lock.test-support.ts';

const PARTS: readonly PowerCut['part'][] = ['none', 'half', 'all'];
const OLD = [1, 2];
const NEW = [2, 3];

async function opens(rig: LockRig, card: number): Promise<boolean> {
  const decision = await rig.run(rig.lock.present(uidOf(card), 'uid-only'));
  await rig.clock.advance(10_000);
  return decision?.outcome === 'granted';
}

/** What the lock holds, by what it does. */
async function holds(rig: LockRig): Promise<string> {
  const [one, two, three] = [await opens(rig, 1), await opens(rig, 2), await opens(rig, 3)];
  return [one, two, three].map((does) => (does ? '1' : '0')).join('');
}

const IS_OLD = '110';
const IS_NEW = '011';

async function furnished(room?: number): Promise<LockRig> {
  const rig = await createLockRig(room === undefined ? {} : { room });
  await rig.furnish(OLD);
  return rig;
}

/** A push that may die with the lock; true where it went through. */
async function tries(rig: LockRig, image: Awaited<ReturnType<LockRig['image']>>): Promise<boolean> {
  return rig.push(image).then(
    (word) => word === 'ok',
    () => false,
  );
}

async function powerUp(rig: LockRig): Promise<void> {
  for (let boots = 0; !rig.lock.hasPower(); boots += 1) {
    expect(boots).toBeLessThan(3);
    await rig.run(rig.lock.powerUp());
  }
  await rig.tellTime();
}

describe('a list on its way to a lock', () => {
  it('survives a power cut at every write to the flash', { timeout: 240_000 }, async () => {
    const plain = await furnished();
    const before = plain.lock.flash.operations;
    expect(await plain.push(await plain.image(2, NEW))).toBe('ok');
    const writes = plain.lock.flash.operations - before;
    expect(writes).toBeGreaterThan(8);
    const seen = { [IS_OLD]: 0, [IS_NEW]: 0 } as Record<string, number>;
    for (let write = 0; write < writes; write += 1)
      for (const part of PARTS) {
        const rig = await furnished();
        const image = await rig.image(2, NEW);
        rig.lock.flash.cutAt({ operation: rig.lock.flash.operations + write, part });
        await tries(rig, image);
        expect(rig.lock.hasPower(), `write ${write}, ${part}`).toBe(false);
        await powerUp(rig);
        const now = await holds(rig);
        expect([IS_OLD, IS_NEW], `write ${write}, ${part}`).toContain(now);
        seen[now] = (seen[now] ?? 0) + 1;
        if (now === IS_OLD) expect(await rig.push(image), `write ${write}, ${part}`).toBe('ok');
        expect(await holds(rig)).toBe(IS_NEW);
      }
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
  });

  it('survives a power cut during the boot after a power cut', { timeout: 60_000 }, async () => {
    for (let write = 0; write < 6; write += 1)
      for (const part of PARTS) {
        const rig = await furnished();
        rig.lock.cutPower();
        rig.lock.flash.cutAt({ operation: rig.lock.flash.operations + write, part });
        await rig.run(rig.lock.powerUp());
        rig.lock.flash.cutAt(undefined);
        await powerUp(rig);
        expect(await holds(rig)).toBe(IS_OLD);
      }
  });

  it.each([
    ['large frames', 244],
    ['the smallest frames', 20],
  ])('survives the loss of its link at every frame, with %s', { timeout: 240_000 }, async (_, room) => {
    const plain = await furnished(room);
    const image = await plain.image(2, NEW);
    let frames = 0;
    plain.air.fate = () => {
      frames += 1;
      return 'pass';
    };
    expect(await plain.push(image)).toBe('ok');
    const rig = await furnished(room);
    let version = 2;
    for (let frame = 0; frame < frames; frame += 1) {
      const [cards, before] = version % 2 === 0 ? [NEW, IS_OLD] : [OLD, IS_NEW];
      const next = await rig.image(version, cards);
      let count = 0;
      rig.air.fate = () => {
        count += 1;
        return count === frame + 1 ? 'cut' : 'pass';
      };
      const through = await tries(rig, next);
      rig.air.fate = () => 'pass';
      const after = cards === NEW ? IS_NEW : IS_OLD;
      // The answer to the last message may be what was lost.
      expect([before, after], `frame ${frame}`).toContain(await holds(rig));
      if (!through) expect(['ok', 'not-newer']).toContain(await rig.push(next));
      expect(await holds(rig), `frame ${frame}`).toBe(after);
      version += 1;
    }
  });
});

describe('a transfer that broke off', () => {
  it('goes on where it was, over a new link and over a power cut', { timeout: 60_000 }, async () => {
    const rig = await furnished();
    const image = await rig.image(
      2,
      Array.from({ length: 1_500 }, (_, card) => card),
    );
    let sent = 0;
    rig.air.fate = (way, frame) => {
      if (way === 'down') sent += frame.length;
      return sent > image.file.length * 0.6 ? 'cut' : 'pass';
    };
    expect(await tries(rig, image)).toBe(false);
    rig.lock.cutPower();
    await rig.run(rig.lock.powerUp());
    sent = 0;
    rig.air.fate = (way, frame) => {
      if (way === 'down') sent += frame.length;
      return 'pass';
    };
    await rig.tellTime();
    const { shadowVersion, shadowOffset } = await rig.status();
    expect([shadowVersion, shadowOffset > image.file.length * 0.3]).toEqual([2, true]);
    expect(await rig.push(image)).toBe('ok');
    expect(sent).toBeLessThan(image.file.length * 0.8);
  });
});

/** Every write that `act` makes, with every part of it done: what the lock is then, as `check` sees it. */
async function atEveryWrite(
  ready: () => Promise<LockRig>,
  act: (rig: LockRig) => Promise<unknown>,
  check: (rig: LockRig, about: string) => Promise<void>,
): Promise<void> {
  const plain = await ready();
  const before = plain.lock.flash.operations;
  await act(plain);
  const writes = plain.lock.flash.operations - before;
  expect(writes).toBeGreaterThan(0);
  for (let write = 0; write < writes; write += 1)
    for (const part of PARTS) {
      const rig = await ready();
      rig.lock.flash.cutAt({ operation: rig.lock.flash.operations + write, part });
      await act(rig).catch(() => undefined);
      rig.lock.flash.cutAt(undefined);
      for (let boots = 0; !rig.lock.hasPower() && boots < 3; boots += 1) await rig.run(rig.lock.powerUp());
      await check(rig, `write ${write}, ${part}`);
    }
}

const isUnpaired = (rig: LockRig) =>
  ((rig.lock.manufacturerData()?.[4] ?? 0) & ADVERTISED_FLAGS.unpaired) === ADVERTISED_FLAGS.unpaired;

async function deny(rig: LockRig): Promise<void> {
  const { frame } = await rig.deny(1, [2]);
  const session = await rig.session();
  await rig.run(session.request({ kind: 'deny', tail: frame }, 3_000));
  await rig.run(session.close());
}

describe('power that fails', () => {
  it('while a lock is paired leaves it paired, or to be paired', { timeout: 60_000 }, () =>
    atEveryWrite(
      createLockRig,
      (rig) => rig.pair(),
      async (rig, about) => {
        if (isUnpaired(rig)) expect(await rig.pair(), about).toMatchObject({ kind: 'paired', code: 0 });
        expect(isUnpaired(rig), about).toBe(false);
        expect((await rig.status()).rootVersion, about).toBe(1);
      },
    ),
  );

  it('while it forgets everything leaves it as it was, or new', { timeout: 60_000 }, () =>
    atEveryWrite(
      () => furnished(),
      (rig) => rig.run(rig.lock.factoryReset()),
      async (rig, about) => {
        const isNew = isUnpaired(rig);
        if (isNew) expect(await rig.pair(), about).toMatchObject({ kind: 'paired', code: 0 });
        await rig.tellTime();
        expect(await holds(rig), about).toBe(isNew ? '000' : IS_OLD);
      },
    ),
  );

  it('while it takes a denial leaves it taken, or to be brought again', { timeout: 60_000 }, () =>
    atEveryWrite(
      () => furnished(),
      deny,
      async (rig, about) => {
        await rig.tellTime();
        if ((await rig.status()).denySeq === 0) {
          expect(await holds(rig), about).toBe(IS_OLD);
          await deny(rig);
        }
        expect(await holds(rig), about).toBe('100');
      },
    ),
  );
});

describe('a ticket', () => {
  it('opens once at most, wherever power fails, and its result is never a guess', { timeout: 120_000 }, async () => {
    const plain = await furnished();
    const before = plain.lock.flash.operations;
    await plain.open(plain.ticket());
    const writes = plain.lock.flash.operations - before;
    expect(writes).toBeGreaterThan(2);
    for (let write = 0; write < writes; write += 1)
      for (const part of PARTS) {
        const rig = await furnished();
        const ticket = rig.ticket();
        rig.lock.flash.cutAt({ operation: rig.lock.flash.operations + write, part });
        await rig.open(ticket).catch(() => undefined);
        rig.lock.flash.cutAt(undefined);
        const drawn = rig.lock.body.drawn;
        await powerUp(rig);
        const words = await rig.open(ticket);
        const about = `write ${write}, ${part}: ${words.join(', ')}`;
        expect(rig.lock.body.drawn, about).toBeLessThanOrEqual(1);
        if (words.at(-1) === 'done') expect(rig.lock.body.drawn, about).toBe(1);
        else expect(words.at(-1), about).toBe(`failed ${LOCK_CODES.interrupted}`);
        // Not begun: it opens now, as it would have then.
        if (drawn === 1) expect(rig.lock.body.drawn, about).toBe(1);
      }
  });
});

describe('the log', () => {
  it('loses no record that a decision was based on, and repeats no number', { timeout: 60_000 }, async () => {
    for (let write = 0; write < 3; write += 1)
      for (const part of PARTS) {
        const rig = await furnished();
        const { logNext } = await rig.status();
        rig.lock.flash.cutAt({ operation: rig.lock.flash.operations + write, part });
        await opens(rig, 1).catch(() => false);
        rig.lock.flash.cutAt(undefined);
        const drawn = rig.lock.body.drawn;
        await powerUp(rig);
        const session = await rig.session();
        const reply = await rig.run(session.request({ kind: 'log-get', from: logNext, most: 50 }, 3_000));
        const { next, tail } =
          reply.ok && reply.value.kind === 'log' ? reply.value : { next: 0, tail: new Uint8Array(0) };
        const records = Array.from({ length: tail.length / 24 }, (_, n) => tail.slice(n * 24, n * 24 + 24));
        const numbers = records.map((record) => new DataView(record.buffer).getUint32(0, true));
        expect(numbers).toEqual(Array.from({ length: next - logNext }, (_, n) => logNext + n));
        // Granted is in the flash before the bolt has its order.
        if (drawn > 0) expect(records.some((record) => record[8] === 1)).toBe(true);
      }
  });
});

// SPDX-License-Identifier: Apache-2.0
// Power fails at every write to the flash and the link at every frame of a transfer, one after the other: the old list or the new
// one, never a mixture, and it always goes on from there. The same for a ticket: never a second opening.
import { makeDelta } from '@latchkey/protocols/authorization/delta';
import { ADVERTISED_FLAGS } from '@latchkey/protocols/lock/advertisement';
import { LOG_KINDS } from '@latchkey/protocols/lock/log-record';
import { LOCK_CODES, readLogRecords } from '@latchkey/protocols/lock/messages';
import { describe, expect, it } from 'vitest';
import { createLockRig, type LockRig, must } from './lock.test-support.ts';
import {
  atEveryBoot,
  atEveryFrame,
  atEveryWrite,
  furnished,
  holds,
  type Interrupted,
  IS_NEW,
  IS_OLD,
  NEW_CARDS,
  opens,
} from './power-cuts.test-support.ts';

type Image = Parameters<LockRig['push']>[0];

const wholeList = (rig: LockRig) => rig.image(2, NEW_CARDS);

async function deltaList(rig: LockRig): Promise<Image> {
  const [before, after] = [await rig.image(1, [1, 2]), await rig.image(2, NEW_CARDS)];
  return { ...after, delta: () => makeDelta(before.sealed, after.sealed) };
}

/** Brought and cut short, the list is the old one or the new one; brought again, the new one. `seen` says which it was. */
function bringing(image: Image, seen: Set<string>): Interrupted {
  return {
    act: (rig) => rig.push(image),
    async check(rig, about) {
      const now = await holds(rig);
      seen.add(now);
      expect([IS_OLD, IS_NEW], about).toContain(now);
      if (now === IS_NEW) return;
      await rig.tellTime();
      expect(await rig.push(image), about).toBe('ok');
      expect(await holds(rig), about).toBe(IS_NEW);
    },
  };
}

const BOTH = new Set([IS_OLD, IS_NEW]);
const KINDS = [
  ['whole', wholeList],
  ['as a delta', deltaList],
] as const;

describe.each(KINDS)('a list on its way to a lock, %s', (_, listOf) => {
  it('survives a power cut at every write to the flash', { timeout: 120_000 }, async () => {
    const rig = await furnished();
    const seen = new Set<string>();
    expect(await atEveryWrite(rig, bringing(await listOf(rig), seen))).toBeGreaterThan(5);
    expect(seen).toEqual(BOTH);
  });

  it.each([
    ['large frames', 244],
    ['the smallest frames', 20],
  ])('survives the loss of its link at every frame, with %s', { timeout: 120_000 }, async (__, room) => {
    const rig = await furnished(room);
    const seen = new Set<string>();
    await atEveryFrame(rig, bringing(await listOf(rig), seen));
    expect(seen).toEqual(BOTH);
  });
});

describe('a list that takes the place of another that broke off', () => {
  it('survives a power cut at every write to the flash, and never goes on where the other was', {
    timeout: 120_000,
  }, async () => {
    const rig = await furnished();
    const first = await rig.image(
      2,
      Array.from({ length: 500 }, (_, card) => card + 10),
    );
    let sent = 0;
    rig.air.fate = (way, frame) => {
      if (way === 'down') sent += frame.length;
      return sent > first.file.length * 0.6 ? 'cut' : 'pass';
    };
    await expect(rig.push(first)).resolves.not.toBe('ok');
    rig.air.fate = () => 'pass';
    await rig.tellTime();
    expect(await rig.status()).toMatchObject({ version: 1, shadowVersion: 2 });
    const seen = new Set<string>();
    await atEveryWrite(rig, bringing(await rig.image(3, NEW_CARDS), seen));
    expect(seen).toEqual(BOTH);
  });
});

describe('a list in a lock', () => {
  it('survives a power cut during the boot after a power cut', { timeout: 60_000 }, async () => {
    const rig = await furnished();
    await atEveryBoot(rig, 2, async (__, about) => expect(await holds(rig), about).toBe(IS_OLD));
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
    await expect(rig.push(image)).resolves.not.toBe('ok');
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

const isUnpaired = (rig: LockRig) =>
  ((rig.lock.manufacturerData()?.[4] ?? 0) & ADVERTISED_FLAGS.unpaired) === ADVERTISED_FLAGS.unpaired;

async function deny(rig: LockRig): Promise<void> {
  const { frame } = await rig.deny(1, [2]);
  const session = await rig.session();
  await rig.run(session.request({ kind: 'deny', tail: frame }, 3_000));
  await rig.run(session.close());
}

const asItIs = async () => undefined;

describe('power that fails', () => {
  it('while a lock is paired leaves it paired, or to be paired', { timeout: 60_000 }, async () => {
    const act = (rig: LockRig) => rig.pair();
    await atEveryWrite(await createLockRig(), {
      ready: asItIs,
      act,
      async check(rig, about) {
        if (isUnpaired(rig)) expect(await rig.pair(), about).toMatchObject({ kind: 'paired', code: 0 });
        expect(isUnpaired(rig), about).toBe(false);
        expect((await rig.status()).rootVersion, about).toBe(1);
      },
    });
  });

  it('while it forgets everything leaves it as it was, or new', { timeout: 60_000 }, async () => {
    await atEveryWrite(await furnished(), {
      ready: asItIs,
      act: (rig) => rig.run(rig.lock.factoryReset()),
      async check(rig, about) {
        const isNew = isUnpaired(rig);
        if (isNew) expect(await rig.pair(), about).toMatchObject({ kind: 'paired', code: 0 });
        await rig.tellTime();
        expect(await holds(rig), about).toBe(isNew ? '000' : IS_OLD);
      },
    });
  });

  it('while it takes a denial leaves it taken, or to be brought again', { timeout: 60_000 }, async () => {
    await atEveryWrite(await furnished(), {
      act: deny,
      async check(rig, about) {
        await rig.tellTime();
        if ((await rig.status()).denySeq === 0) {
          expect(await holds(rig), about).toBe(IS_OLD);
          await deny(rig);
        }
        expect(await holds(rig), about).toBe('100');
      },
    });
  });
});

async function recordsFrom(rig: LockRig, from: number) {
  const session = await rig.session();
  const reply = must(await rig.run(session.request({ kind: 'log-get', from, most: 50 }, 3_000)));
  await rig.run(session.close());
  if (reply.kind !== 'log') throw new Error(reply.kind);
  return { next: reply.next, records: must(readLogRecords(reply.tail)) };
}

describe('a ticket', () => {
  it('opens once at most, wherever power fails, its result is never a guess, and the log has it once', {
    timeout: 120_000,
  }, async () => {
    let ticket = new Uint8Array(0);
    let drawn = 0;
    let next = 0;
    const about = { subject: '' };
    const writes = await atEveryWrite(await furnished(), {
      async ready(rig) {
        await rig.tellTime();
        await rig.clock.advance(20_000);
        ({ drawn } = rig.lock.body);
        next = (await rig.status()).logNext;
        about.subject = '77'.repeat(8);
        ticket = rig.ticket({ commandId: about.subject }).slice();
      },
      act: (rig) => rig.open(ticket),
      async check(rig, where) {
        const hadDrawn = rig.lock.body.drawn - drawn;
        await rig.tellTime();
        const words = await rig.open(ticket);
        const now = rig.lock.body.drawn - drawn;
        const told = `${where}: ${words.join(', ')}`;
        expect(now, told).toBeLessThanOrEqual(1);
        if (words.at(-1) === 'done') expect(now, told).toBe(1);
        else expect(words.at(-1), told).toBe(`failed ${LOCK_CODES.interrupted}`);
        // Not begun: it opens now, as it would have then.
        if (hadDrawn === 1) expect(now, told).toBe(1);
        const { records } = await recordsFrom(rig, next);
        const kinds = records.filter(({ subject }) => subject === about.subject).map(({ kind }) => kind);
        expect(kinds, told).toEqual([LOG_KINDS[words.at(-1) === 'done' ? 'command-done' : 'command-failed']]);
      },
    });
    expect(writes).toBeGreaterThan(2);
  });
});

describe('the log', () => {
  it('loses no record that a decision was based on, and repeats no number', { timeout: 60_000 }, async () => {
    let [before, drawn] = [0, 0];
    const writes = await atEveryWrite(await furnished(), {
      async ready(rig) {
        await rig.tellTime();
        await rig.clock.advance(10_000);
        before = (await rig.status()).logNext;
        ({ drawn } = rig.lock.body);
      },
      act: (rig) => opens(rig, 1),
      async check(rig, about) {
        const { next, records } = await recordsFrom(rig, before);
        expect(
          records.map(({ seq }) => seq),
          about,
        ).toEqual(Array.from({ length: next - before }, (_, n) => before + n));
        // Granted is in the flash before the bolt has its order.
        const isTold = records.some(({ kind }) => kind === LOG_KINDS.granted);
        if (rig.lock.body.drawn > drawn) expect(isTold, about).toBe(true);
      },
    });
    expect(writes).toBeGreaterThan(1);
  });
});

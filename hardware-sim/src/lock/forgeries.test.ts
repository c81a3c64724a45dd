// SPDX-License-Identifier: Apache-2.0
// What a corridor brings that others have signed, each of it replayed, downgraded, changed by a bit, and signed by a key of another
// role, as a stolen corridor would; and a pairing that somebody recorded, reordered or changed (reference: lock).
import { makeKey } from '@latchkey/protocols/authorization/authority.test-support';
import { chainAfter, EMPTY_CHAIN, encodeDeny } from '@latchkey/protocols/authorization/deny';
import type { SigningKey } from '@latchkey/protocols/authorization/keys';
import { frontOf } from '@latchkey/protocols/authorization/list-file';
import { signRoot } from '@latchkey/protocols/authorization/root-document';
import { signFrame } from '@latchkey/protocols/authorization/signed-frame';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { sealJson } from '@latchkey/protocols/commands/seal';
import { corridorKeys } from '@latchkey/protocols/lock/corridor-keys';
import { LOCK_CODES, type LockCode } from '@latchkey/protocols/lock/messages';
import { describe, expect, it } from 'vitest';
import { CORRIDOR, createLockRig, LABEL, LOCK_ID, type LockRig, must, roomList } from './lock.test-support.ts';

type LockSession = Awaited<ReturnType<LockRig['session']>>;
type Request = Parameters<LockSession['request']>[0];

interface Signed {
  /** The `place`-th of its kind, by the right key or another one. */
  make(rig: LockRig, place: number, key?: SigningKey): Promise<Request & { readonly tail: Uint8Array }>;
  /** A key of the campus, for something else. */
  readonly otherRole: 'list' | 'deny' | 'command';
  /** Of the one before, once the next is taken. */
  readonly older: LockCode;
}

const KINDS: Readonly<Record<string, Signed>> = {
  time: {
    make: async (rig, place, key) => ({ kind: 'time', tail: await rig.beat({ beatSeq: 1_000 + place }, key) }),
    otherRole: 'command',
    older: 'not-newer',
  },
  deny: {
    async make(rig, place, key) {
      const { deny, frame } = await rig.deny(place, [40 + place], await chainBefore(rig, place));
      return { kind: 'deny', tail: key ? await signFrame(encodeDeny(deny), [key]) : frame };
    },
    otherRole: 'list',
    older: 'not-newer',
  },
  'set of corridors': {
    async make({ authority }, place, key = authority.command.key) {
      const value = { lockId: LOCK_ID, order: place, corridors: [toHex(CORRIDOR.open)] };
      return { kind: 'corridors', tail: await sealJson('LKG1', corridorKeys, value, key) };
    },
    otherRole: 'deny',
    older: 'not-newer',
  },
  'root document': {
    async make({ authority: { document, roots } }, place, key) {
      const next = { ...document, version: 1 + place, epoch: 1 + place };
      const keys = key
        ? [key, ...roots.slice(0, 1).map((root) => root.key)]
        : roots.slice(0, 2).map((root) => root.key);
      return { kind: 'root', tail: await signRoot(next, keys) };
    },
    otherRole: 'command',
    older: 'not-newer',
  },
  'head of a list': {
    async make(rig, place, key) {
      const { authority, clock } = rig;
      const signer = key ? { ...authority, list: { ...authority.list, key } } : authority;
      const previousHeadHash = new Uint8Array(32);
      const image = await roomList(signer, {
        version: 1 + 2 * place,
        cards: [1],
        nowMs: clock.now(),
        previousHeadHash,
      });
      const { epoch, version, digest, file, headFrame } = image;
      return { kind: 'list-begin', epoch, version, digest, total: file.length, tail: frontOf(file, headFrame) };
    },
    otherRole: 'deny',
    older: 'not-newer',
  },
};

async function chainBefore(rig: LockRig, place: number): Promise<Uint8Array> {
  let chain: Uint8Array = EMPTY_CHAIN;
  for (let n = 1; n < place; n += 1) chain = chainAfter(chain, (await rig.deny(n, [40 + n], chain)).deny.ops);
  return chain;
}

async function furnished(): Promise<LockRig> {
  const rig = await createLockRig();
  await rig.furnish([1]);
  return rig;
}

/** The lock's word on it; a list is brought whole where its head is taken. */
async function bring(rig: LockRig, session: LockSession, request: Request): Promise<LockCode | undefined> {
  const reply = must(await rig.run(session.request(request, 3_000)));
  const code = 'code' in reply ? reply.code : -1;
  return (Object.keys(LOCK_CODES) as LockCode[]).find((name) => LOCK_CODES[name] === code);
}

async function stateOf(rig: LockRig) {
  const { epoch, version, digest, denyEpoch, denySeq, rootVersion, corridorsOrder, shadowVersion } = await rig.status();
  return { epoch, version, digest, denyEpoch, denySeq, rootVersion, corridorsOrder, shadowVersion };
}

/** Every so many bits one. */
function* flipped(bytes: Uint8Array, most = 60): Generator<Uint8Array> {
  const bits = bytes.length * 8;
  for (let n = 0; n < most; n += 1) {
    const copy = bytes.slice();
    const bit = Math.floor((n * bits) / most) + (n % 8);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    if ((copy[bit >> 3] ?? 0) !== (bytes[bit >> 3] ?? 0)) yield copy;
  }
}

describe.each(Object.entries(KINDS))('a %s', (name, { make, otherRole, older }) => {
  it('with a bit changed, or under the key of another role or of a stranger, changes nothing', {
    timeout: 30_000,
  }, async () => {
    const rig = await furnished();
    const right = await make(rig, 1);
    const before = await stateOf(rig);
    const session = await rig.session();
    for (const tail of flipped(right.tail))
      expect(await bring(rig, session, { ...right, tail } as Request), toHex(tail)).not.toBe('ok');
    const stranger = await makeKey();
    for (const key of [rig.authority[otherRole].key, stranger.key])
      expect(['forged', 'wrong-scope']).toContain(await bring(rig, session, await make(rig, 1, key)));
    await rig.run(session.close());
    expect(await stateOf(rig)).toEqual(before);
    const again = await rig.session();
    expect(await bring(rig, again, right)).toBe('ok');
  });

  it('replayed, or older than what the lock has, changes nothing', async () => {
    const rig = await furnished();
    const [first, second] = [await make(rig, 1), await make(rig, 2)];
    if (name === 'head of a list') {
      // A head alone only begins a transfer: brought whole, it counts.
      const image = await rig.image(5, [1], { previousHeadHash: new Uint8Array(32) });
      expect(await rig.push(image)).toBe('ok');
    } else {
      const session = await rig.session();
      expect(await bring(rig, session, first)).toBe('ok');
      expect(await bring(rig, session, second)).toBe('ok');
      await rig.run(session.close());
    }
    const before = await stateOf(rig);
    const session = await rig.session();
    for (const request of [first, second, first])
      expect([older, 'forged']).toContain(await bring(rig, session, request));
    await rig.run(session.close());
    expect(await stateOf(rig)).toEqual(before);
  });
});

describe('a pairing', () => {
  /** Every frame that the corridor sends. */
  async function recorded(rig: LockRig): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = [];
    rig.air.fate = (way, frame) => {
      if (way === 'down') frames.push(frame.slice());
      return 'pass';
    };
    expect(await rig.pair()).toMatchObject({ kind: 'paired' });
    rig.air.fate = () => 'pass';
    return frames;
  }

  async function play(rig: LockRig, frames: readonly Uint8Array[]): Promise<void> {
    const link = await rig.run(rig.radio.connect(rig.lock.address, 3_000));
    for (const frame of frames) await link.write(frame).catch(() => undefined);
    await rig.clock.advance(6_000);
    await link.close();
  }

  it('played again, or in another order, pairs nobody', async () => {
    const rig = await createLockRig();
    const frames = await recorded(rig);
    for (const sent of [frames, [...frames].reverse(), frames.slice(1), [...frames, ...frames]]) {
      await rig.run(rig.lock.factoryReset());
      await play(rig, sent);
      // It is still to be had, by whoever has the code.
      expect(await rig.pair()).toMatchObject({ kind: 'paired', code: 0 });
    }
  });

  it('with a bit of any frame changed pairs nobody, or whom it was meant for', { timeout: 30_000 }, async () => {
    const rig = await createLockRig();
    const { length } = await recorded(rig);
    for (let which = 0; which < length; which += 1)
      for (const bit of [0, 9, 21, 100, 300, 700]) {
        await rig.run(rig.lock.factoryReset());
        let count = -1;
        rig.air.fate = (way, frame) => {
          if (way === 'down') count += 1;
          const at = (bit >> 3) % frame.length;
          if (way === 'down' && count === which) frame[at] = (frame[at] ?? 0) ^ (1 << (bit & 7));
          return 'pass';
        };
        const paired = await rig.pair().catch(() => 'no answer');
        rig.air.fate = () => 'pass';
        await rig.clock.advance(40_000);
        if (typeof paired === 'string') expect(await rig.pair(), `${which} ${bit}`).toMatchObject({ kind: 'paired' });
        await rig.run((await rig.session()).close());
      }
  });

  it('of a lock that belongs to somebody is refused, and its keys are of no use after a reset', async () => {
    const rig = await furnished();
    const frames = await recordedOpening(rig);
    const stolen = { corridor: 'ab'.repeat(32) };
    expect(await rig.pair(LABEL, stolen)).toMatchObject({ code: LOCK_CODES['already-paired'] });
    const before = toHex(rig.lock.key());
    await rig.run(rig.lock.factoryReset());
    expect(toHex(rig.lock.key())).not.toBe(before);
    const { drawn } = rig.lock.body;
    await play(rig, frames);
    await expect(rig.session()).rejects.toThrow('not-paired');
    // Paired again: sessions under the key of before are strangers.
    expect(await rig.pair()).toMatchObject({ kind: 'paired' });
    await play(rig, frames);
    expect(rig.lock.body.drawn).toBe(drawn);
    expect((await rig.status()).version).toBe(0);
  });

  async function recordedOpening(rig: LockRig): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = [];
    rig.air.fate = (way, frame) => {
      if (way === 'down') frames.push(frame.slice());
      return 'pass';
    };
    expect(await rig.open(rig.ticket())).toEqual(['accepted', 'done']);
    rig.air.fate = () => 'pass';
    await rig.clock.advance(10_000);
    return frames;
  }
});

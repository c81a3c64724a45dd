// SPDX-License-Identifier: Apache-2.0
// Whoever stands between a corridor and a lock, or has stolen a corridor: frames repeated, moved, changed, made up (reference: lock).
import { makeKey } from '@latchkey/protocols/authorization/authority.test-support';
import { splitMessage } from '@latchkey/protocols/lock/framing';
import { ENVELOPES, LOCK_CODES } from '@latchkey/protocols/lock/messages';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CAMPUS_ORDER, createLockRig, type LockRig, SCOPE_ORDER, uidOf, wrappedFor } from './lock.test-support.ts';

async function furnished(): Promise<LockRig> {
  const rig = await createLockRig();
  await rig.furnish([1]);
  return rig;
}

/** What a corridor sends while it opens the door, frame by frame. */
async function recorded(rig: LockRig): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  rig.air.fate = (way, frame) => {
    if (way === 'down') frames.push(frame.slice());
    return 'pass';
  };
  expect(await rig.open(rig.ticket())).toEqual(['accepted', 'done']);
  rig.air.fate = () => 'pass';
  await rig.clock.advance(20_000);
  return frames;
}

/** Sends these frames to the lock over a link of the attacker's; gives what the lock said. */
async function play(rig: LockRig, frames: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const link = await rig.run(rig.radio.connect(rig.lock.address, 3_000));
  const said: Uint8Array[] = [];
  link.onFrame((frame) => void said.push(frame));
  for (const frame of frames) await link.write(frame).catch(() => undefined);
  await rig.clock.advance(3_000);
  await link.close();
  return said;
}

const isWell = async (rig: LockRig) => {
  const drawn = rig.lock.body.drawn;
  expect(await rig.open(rig.ticket())).toEqual(['accepted', 'done']);
  expect(rig.lock.body.drawn).toBe(drawn + 1);
};

describe('between corridor and lock', () => {
  it('a session played again opens nothing: the lock answers with a key of its own', async () => {
    const rig = await furnished();
    const frames = await recorded(rig);
    const drawn = rig.lock.body.drawn;
    await play(rig, frames);
    expect(rig.lock.body.drawn).toBe(drawn);
    await isWell(rig);
  });

  it.each(['twice', 'lost'] as const)('a record that comes %s ends the session and opens nothing', async (fate) => {
    const rig = await furnished();
    const session = await rig.session();
    const drawn = rig.lock.body.drawn;
    rig.air.fate = (way) => (way === 'down' ? fate : 'pass');
    await rig.run(session.request({ kind: 'status' }, 3_000));
    rig.air.fate = () => 'pass';
    await rig.run(session.request({ kind: 'status' }, 3_000));
    expect(session.isOpen()).toBe(false);
    expect(rig.lock.body.drawn).toBe(drawn);
    await isWell(rig);
  });

  it('records of an opening in another order open nothing', async () => {
    const rig = await furnished();
    const session = await rig.session();
    const held: Uint8Array[] = [];
    rig.air.fate = (way, frame) => {
      if (way !== 'down') return 'pass';
      const before = held.shift();
      held.push(frame.slice());
      // Each is replaced by the one before it.
      if (before?.length === frame.length) frame.set(before);
      return before ? 'pass' : 'lost';
    };
    const [one, other] = [rig.ticket(), rig.ticket()];
    session.tell({ kind: 'open', tail: one });
    session.tell({ kind: 'open', tail: other });
    session.tell({ kind: 'status' });
    await rig.clock.advance(5_000);
    rig.air.fate = () => 'pass';
    expect(rig.lock.body.drawn).toBeLessThanOrEqual(1);
    await rig.run(session.close());
  });

  it('any frames at all throw nothing, open nothing, and leave a lock that works', { timeout: 60_000 }, async () => {
    const rig = await furnished();
    const drawn = rig.lock.body.drawn;
    const envelope = fc.constantFrom(...Object.values(ENVELOPES), 0, 99);
    const message = fc
      .tuple(envelope, fc.uint8Array({ maxLength: 120 }))
      .map(([kind, body]) => Uint8Array.of(kind, ...body));
    const frames = fc.oneof(
      message.map((bytes) => splitMessage(bytes, 60, 0)),
      fc.array(fc.uint8Array({ minLength: 0, maxLength: 80 }), { maxLength: 4 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(frames, { maxLength: 4 }), async (sent) => {
        await play(rig, sent.flat());
        expect(rig.lock.hasPower()).toBe(true);
      }),
      { numRuns: 150 },
    );
    expect(rig.lock.body.drawn).toBe(drawn);
    await isWell(rig);
  });

  it('one bit of any frame of an opening changed: it does not open, or it opens as meant, once', {
    timeout: 60_000,
  }, async () => {
    const rig = await furnished();
    const frames = (await recorded(rig)).length;
    await fc.assert(
      fc.asyncProperty(fc.nat(frames - 1), fc.nat(), async (which, bit) => {
        let count = -1;
        rig.air.fate = (way, frame) => {
          if (way !== 'down') return 'pass';
          count += 1;
          if (count === which)
            frame[(bit >> 3) % frame.length] = (frame[(bit >> 3) % frame.length] ?? 0) ^ (1 << (bit & 7));
          return 'pass';
        };
        const drawn = rig.lock.body.drawn;
        const words = await rig.open(rig.ticket()).catch(() => ['no session']);
        rig.air.fate = () => 'pass';
        await rig.clock.advance(20_000);
        expect(rig.lock.body.drawn - drawn).toBe(words.at(-1) === 'done' ? 1 : 0);
      }),
      { numRuns: 80 },
    );
    await isWell(rig);
  });
});

describe('a stolen corridor', () => {
  it('has sessions, and can open nothing: it has no tickets but old ones', async () => {
    const rig = await furnished();
    const old = rig.ticket();
    await rig.open(old);
    await rig.clock.advance(60_000);
    const session = await rig.session();
    // The old one gives its old result, and moves no bolt.
    const drawn = rig.lock.body.drawn;
    expect(await rig.open(old, session)).toEqual(['accepted', 'done']);
    expect(rig.lock.body.drawn).toBe(drawn);
    const late = rig.ticket();
    await rig.clock.advance(30_000);
    expect(await rig.open(late)).toEqual([`failed ${LOCK_CODES.expired}`]);
  });

  it('reads no card numbers out of the lists that it carries, and cannot give a lock keys of its own', async () => {
    const rig = await furnished();
    const session = await rig.session();
    // It knows the lock's key, and seals as well as the gateway does; it cannot sign.
    const own = { command: await makeKey() };
    const random = { bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) };
    for (const [kind, order] of [
      ['list-key', SCOPE_ORDER],
      ['campus-key', CAMPUS_ORDER],
    ] as const) {
      const forged = wrappedFor(rig.lock, own, new Uint8Array(16).fill(3), order, random);
      const other = { ...order, kind: order.kind === 'scope' ? 'campus' : 'scope' } as const;
      const swapped = wrappedFor(rig.lock, rig.authority, new Uint8Array(16).fill(3), other, random);
      for (const tail of [forged, swapped, forged.slice(0, 64), new Uint8Array(128).fill(3)]) {
        const reply = await rig.run(session.request({ kind, keyId: order.keyId, tail }, 3_000));
        expect(reply).toMatchObject({ ok: true, value: { kind: 'key-is', code: LOCK_CODES.forged } });
      }
    }
    await rig.run(session.close());
    expect((await rig.run(rig.lock.present(uidOf(1), 'uid-only')))?.outcome).toBe('granted');
  });

  it('cannot pair the lock anew, nor change its mind about corridors', async () => {
    const rig = await furnished();
    const session = await rig.session();
    const corridors = await rig.run(session.request({ kind: 'corridors', tail: new Uint8Array(300) }, 3_000));
    expect(corridors).toMatchObject({ ok: true, value: { code: LOCK_CODES.forged } });
    const block = { corridor: 'ab'.repeat(32), lockId: rig.lock.lockId, campusId: '0'.repeat(16), scopeId: 1 };
    const more = { advertisementKey: '0'.repeat(32), rootDigest: '0'.repeat(64), tail: new Uint8Array(10) };
    const pair = await rig.run(session.request({ kind: 'pair', ...block, ...more }, 3_000));
    expect(pair).toMatchObject({ ok: true, value: { kind: 'refused', code: LOCK_CODES.unsupported } });
  });
});

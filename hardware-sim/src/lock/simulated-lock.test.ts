// SPDX-License-Identifier: Apache-2.0
// A lock in TypeScript, held to the protocol that a firmware engineer would build from (reference: lock).

import { collectLog } from '@latchkey/controller/core/lock-log';
import { pushDeny, pushRoot } from '@latchkey/controller/core/lock-push';
import { SCOPE } from '@latchkey/protocols/authorization/authority.test-support';
import { chainAfter, EMPTY_CHAIN } from '@latchkey/protocols/authorization/deny';
import { frontOf } from '@latchkey/protocols/authorization/list-file';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { sealJson } from '@latchkey/protocols/commands/seal';
import { portalId } from '@latchkey/protocols/ids';
import { ADVERTISED_FLAGS, readAdvertisement } from '@latchkey/protocols/lock/advertisement';
import { corridorKeys } from '@latchkey/protocols/lock/corridor-keys';
import { LOCK_CODES } from '@latchkey/protocols/lock/messages';
import { keyPair } from '@latchkey/protocols/lock/noise';
import { MIGHT_OVERRIDE, TICKET_ACTIONS } from '@latchkey/protocols/lock/ticket';
import { describe, expect, it } from 'vitest';
import { CORRIDOR, createLockRig, LABEL, LOCK_ID, type LockRig, must, uidOf } from './lock.test-support.ts';

const SECOND = keyPair(new Uint8Array(32).fill(8));
const HOUR_MS = 3_600_000;

async function furnished(cards = [1, 2, 3]): Promise<LockRig> {
  const rig = await createLockRig();
  await rig.furnish(cards);
  return rig;
}

const tap = (rig: LockRig, card: number) => rig.run(rig.lock.present(uidOf(card), 'uid-only'));

async function wordsOfLog(rig: LockRig): Promise<string[]> {
  const session = await rig.session();
  const kept: string[] = [];
  let next = 0;
  const parts = {
    portal: portalId.parse('room-101'),
    lockId: LOCK_ID,
    next: () => next,
    raise: async (to: number) => void (next = to),
    keep: async (event: { type: string; what?: string }) => {
      kept.push(event.what ?? event.type);
      return true;
    },
  };
  must(await rig.run(collectLog(session, parts as never)));
  await rig.run(session.close());
  return kept;
}

describe('pairing', () => {
  it('takes whoever knows the code on the label, once, and says so again to whom the answer was lost', async () => {
    const rig = await createLockRig();
    const paired = { kind: 'paired', code: 0, lock: toHex(rig.lock.key()) };
    expect(await rig.pair()).toMatchObject(paired);
    const records = rig.lock.records();
    expect(await rig.pair()).toMatchObject(paired);
    expect(rig.lock.records()).toBe(records);
  });

  it.each([
    { corridor: toHex(SECOND.open) },
    { campusId: 'ff'.repeat(8) },
    { scopeId: SCOPE + 1 },
    { advertisementKey: 'ee'.repeat(16) },
  ])('is not changed by another, even with the code on the label: %o', async (other) => {
    const rig = await createLockRig();
    await rig.pair();
    expect(await rig.pair(LABEL, other)).toMatchObject({ kind: 'paired', code: LOCK_CODES['already-paired'] });
    await rig.run((await rig.session()).close());
    await expect(rig.session(SECOND)).rejects.toThrow('not-paired');
    const bytes = rig.lock.manufacturerData()?.slice(2) as Uint8Array;
    expect(readAdvertisement(bytes, new Uint8Array(16).fill(0xcd)).ok).toBe(true);
  });

  it('with a wrong code pairs nobody', async () => {
    const rig = await createLockRig();
    expect(await rig.pair(LABEL.map((byte) => byte ^ 1))).toBe('wrong-code');
    expect(await rig.pair()).toMatchObject({ kind: 'paired' });
  });

  it('shows in the advertisement, which from then on has a MAC', async () => {
    const rig = await createLockRig();
    const bare = must(readAdvertisement(rig.lock.manufacturerData()?.slice(2) as Uint8Array, undefined));
    expect(bare.flags & ADVERTISED_FLAGS.unpaired).toBe(ADVERTISED_FLAGS.unpaired);
    await rig.pair();
    const bytes = rig.lock.manufacturerData()?.slice(2) as Uint8Array;
    expect(readAdvertisement(bytes, undefined)).toMatchObject({ ok: false, code: 'advertisement-forged' });
    expect(must(readAdvertisement(bytes, new Uint8Array(16).fill(0xcd))).flags & ADVERTISED_FLAGS.unpaired).toBe(0);
  });

  it('is undone by a factory reset, after which keys, list and time are gone and old corridors strangers', async () => {
    const rig = await furnished();
    const before = toHex(rig.lock.key());
    await rig.run(rig.lock.factoryReset());
    expect(toHex(rig.lock.key())).not.toBe(before);
    await expect(rig.session()).rejects.toThrow('not-paired');
    expect((await tap(rig, 1))?.reason).toBe('ListMissing');
    expect(await rig.pair()).toMatchObject({ kind: 'paired' });
  });
});

describe('cards at a lock', () => {
  it('of the list open, others do not, and the log says so', async () => {
    const rig = await furnished();
    expect((await tap(rig, 2))?.outcome).toBe('granted');
    expect(rig.lock.body.bolt).toBe('drawn');
    expect((await tap(rig, 9))?.reason).toBe('UnknownCredential');
    await rig.clock.advance(10_000);
    expect(rig.lock.body.bolt).toBe('thrown');
    expect((await wordsOfLog(rig)).filter((word) => ['granted', 'denied', 'relocked'].includes(word))).toEqual([
      'granted',
      'denied',
      'relocked',
    ]);
  });

  it('lost since the list was made are refused', async () => {
    const rig = await furnished();
    const session = await rig.session();
    const { frame } = await rig.deny(1, [2]);
    expect(await rig.run(pushDeny(session, frame))).toMatchObject({ ok: true });
    await rig.run(session.close());
    expect((await tap(rig, 2))?.reason).toBe('CredentialDenied');
    expect((await tap(rig, 3))?.outcome).toBe('granted');
  });

  it('a denial that left out the one before is a gap, and the same again is not newer', async () => {
    const rig = await furnished();
    const session = await rig.session();
    const first = await rig.deny(1, [2]);
    const second = await rig.deny(2, [3], chainAfter(EMPTY_CHAIN, first.deny.ops));
    expect(await rig.run(pushDeny(session, second.frame))).toMatchObject({ ok: false, code: 'gap' });
    must(await rig.run(pushDeny(session, first.frame)));
    must(await rig.run(pushDeny(session, second.frame)));
    expect(await rig.run(pushDeny(session, second.frame))).toMatchObject({ ok: false, code: 'not-newer' });
  });

  it('do not open where somebody inside wants to be alone, nor with a battery that might leave the bolt drawn', async () => {
    const rig = await furnished();
    rig.lock.body.setPrivate(true);
    expect((await tap(rig, 1))?.reason).toBe('DoorNotAccessible');
    rig.lock.body.setPrivate(false);
    rig.lock.body.setBattery(2);
    expect((await tap(rig, 1))?.reason).toBe('DoorNotAccessible');
    expect(rig.lock.body.drawn).toBe(0);
  });

  it('go on opening over a power cut: the list is read and verified again', async () => {
    const rig = await furnished();
    rig.lock.cutPower();
    await rig.run(rig.lock.powerUp());
    expect((await tap(rig, 1))?.outcome).toBe('granted');
  });

  it('open nothing once bits of the list changed at rest, and a corridor may bring it again', async () => {
    const rig = await furnished();
    const image = await rig.image(2, [1, 2, 3]);
    expect(await rig.push(image)).toBe('ok');
    rig.lock.cutPower();
    const start = image.file.slice(0, 400).toString();
    const listAt = [...Array(rig.lock.flash.size / 4_096).keys()]
      .map((page) => page * 4_096)
      .find((at) => rig.lock.flash.read(at, 400).toString() === start) as number;
    rig.lock.flash.flip(listAt + image.file.length - 4, 0x10);
    await rig.run(rig.lock.powerUp());
    expect((await tap(rig, 1))?.reason).toBe('ListMissing');
    await rig.tellTime();
    expect((await rig.status()).version).toBe(0);
    // The very list that was there: the corridor has no other.
    expect(await rig.push(image)).toBe('ok');
    expect((await tap(rig, 3))?.outcome).toBe('granted');
  });
});

describe('tickets', () => {
  it('open, and say so by the sensor of the bolt', async () => {
    const rig = await furnished();
    expect(await rig.open(rig.ticket())).toEqual(['accepted', 'done']);
    expect(rig.lock.body).toMatchObject({ bolt: 'drawn', drawn: 1 });
  });

  it('never open twice: sent again, over a new link, after a power cut, they give the old result', async () => {
    const rig = await furnished();
    const ticket = rig.ticket();
    await rig.open(ticket);
    expect(await rig.open(ticket)).toEqual(['accepted', 'done']);
    rig.lock.cutPower();
    await rig.run(rig.lock.powerUp());
    expect(await rig.open(ticket)).toEqual(['accepted', 'done']);
    expect(rig.lock.body.drawn).toBe(1);
  });

  it('that waited too long never fire, however little time the lock knows of', async () => {
    const rig = await furnished();
    const late = rig.ticket();
    await rig.clock.advance(15_000);
    expect(await rig.open(late)).toEqual([`failed ${LOCK_CODES.expired}`]);
    rig.lock.cutPower();
    await rig.run(rig.lock.powerUp());
    expect(await rig.open(rig.ticket())).toEqual([`failed ${LOCK_CODES['clock-unsure']}`]);
    expect(rig.lock.body.drawn).toBe(0);
  });

  it('of many people in a day without a beat all open, and old ones still do not', { timeout: 60_000 }, async () => {
    const rig = await furnished();
    const first = rig.ticket();
    await rig.open(first);
    for (let people = 0; people < 450; people += 1) {
      await rig.clock.advance(60_000);
      expect(await rig.open(rig.ticket()), `${people}`).toEqual(['accepted', 'done']);
    }
    expect(await rig.open(first)).toEqual([`failed ${LOCK_CODES.expired}`]);
    const beat = await rig.beat({ timeMs: rig.clock.now() - 8 * HOUR_MS });
    rig.lock.cutPower();
    await rig.run(rig.lock.powerUp());
    const session = await rig.session();
    await rig.run(session.request({ kind: 'time', tail: beat }, 3_000));
    expect(await rig.open(first, session)).toEqual([`failed ${LOCK_CODES.expired}`]);
    expect(rig.lock.body.drawn).toBe(451);
  });

  it('held back with the beats and delivered together later do not fire either', async () => {
    const rig = await furnished();
    const [ticket, beat] = [rig.ticket(), await rig.beat()];
    await rig.clock.advance(HOUR_MS);
    const session = await rig.session();
    await rig.run(session.request({ kind: 'time', tail: beat }, 3_000));
    expect(await rig.open(ticket, session)).toEqual([`failed ${LOCK_CODES.expired}`]);
  });

  it.each([
    ['of another lock', { lockId: '00112233445566ab' }, 'not-mine'],
    ['that live too long', { expiresS: 4_000_000_000 }, 'malformed'],
  ] as const)('%s are refused', async (_, change, code) => {
    const rig = await furnished();
    expect(await rig.open(rig.ticket(change))).toEqual([`failed ${LOCK_CODES[code]}`]);
  });

  it('that a stolen corridor made, or changed, are forged', async () => {
    const rig = await furnished();
    const ticket = rig.ticket();
    for (const at of [0, 8, 20, 24, 30, 91]) {
      const changed = ticket.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      const [word] = await rig.open(changed);
      expect([`failed ${LOCK_CODES.forged}`, `failed ${LOCK_CODES.malformed}`]).toContain(word);
    }
    expect(rig.lock.body.drawn).toBe(0);
  });

  it('meet a jammed bolt, privacy and an empty battery in words', async () => {
    const rig = await furnished();
    rig.lock.body.setJammed(true);
    expect(await rig.open(rig.ticket())).toEqual(['accepted', `failed ${LOCK_CODES.jammed}`]);
    rig.lock.body.setJammed(false);
    rig.lock.body.setPrivate(true);
    expect(await rig.open(rig.ticket())).toEqual([`failed ${LOCK_CODES.privacy}`]);
    expect(await rig.open(rig.ticket({ rights: MIGHT_OVERRIDE }))).toEqual(['accepted', 'done']);
    rig.lock.body.setBattery(1);
    expect(await rig.open(rig.ticket())).toEqual([`failed ${LOCK_CODES['battery-critical']}`]);
  });

  it('for identifying have it show itself once, however often they are sent, and move no bolt', async () => {
    const rig = await furnished();
    const ticket = rig.ticket({ action: TICKET_ACTIONS.identify });
    for (let time = 0; time < 2; time += 1) expect(await rig.open(ticket)).toEqual(['accepted', 'done']);
    expect([rig.lock.body.identified, rig.lock.body.bolt]).toEqual([1, 'thrown']);
  });

  it('for a restart have it boot once, after the answer, with its list, and without forgetting that it did', async () => {
    const rig = await furnished();
    const records = rig.lock.records();
    const ticket = rig.ticket({ action: TICKET_ACTIONS.restart });
    expect(await rig.open(ticket)).toEqual(['accepted', 'done']);
    await rig.clock.advance(1_000);
    expect(rig.lock.records() - records).toBe(2);
    expect(await rig.open(ticket)).toEqual(['accepted', 'done']);
    await rig.clock.advance(1_000);
    expect(rig.lock.records() - records).toBe(2);
    expect((await tap(rig, 1))?.outcome).toBe('granted');
  });

  it('for a restart let an opening that came meanwhile come to its end', async () => {
    const rig = await furnished();
    expect(await rig.open(rig.ticket({ action: TICKET_ACTIONS.restart }))).toEqual(['accepted', 'done']);
    await rig.clock.advance(300);
    expect(await rig.open(rig.ticket())).toEqual(['accepted', 'done']);
    await rig.clock.advance(1_000);
    expect([rig.lock.body.drawn, rig.lock.hasPower()]).toEqual([1, true]);
    await rig.clock.advance(10_000);
    expect(rig.lock.body.bolt).toBe('thrown');
  });

  it('for a factory reset end the pairing after the answer', async () => {
    const rig = await furnished();
    const ticket = rig.ticket({ action: TICKET_ACTIONS['factory-reset'], rights: MIGHT_OVERRIDE });
    expect(await rig.open(ticket)).toEqual(['accepted', 'done']);
    await rig.clock.advance(1_000);
    await expect(rig.session()).rejects.toThrow('not-paired');
  });
});

describe('lists', () => {
  it('of a lower or the same version, of another scope or under another key are refused', async () => {
    const rig = await furnished();
    expect(await rig.push(await rig.image(3, [1, 4]))).toBe('ok');
    const session = await rig.session();
    const begin = async (image: Awaited<ReturnType<LockRig['image']>>) => {
      const { epoch, version, digest, file, headFrame } = image;
      const request = {
        kind: 'list-begin',
        epoch,
        version,
        digest,
        total: file.length,
        tail: frontOf(file, headFrame),
      } as const;
      const reply = await rig.run(session.request(request, 3_000));
      return reply.ok && 'code' in reply.value ? reply.value.code : reply;
    };
    expect(await begin(await rig.image(2, [1, 2, 3, 9]))).toBe(LOCK_CODES['not-newer']);
    expect(await begin(await rig.image(3, [1, 9]))).toBe(LOCK_CODES.forged);
    expect(await begin(await rig.image(4, [1], { scopeId: 8 }))).toBe(LOCK_CODES['wrong-scope']);
    expect(await begin(await rig.image(4, [1], { epoch: 2 }))).toBe(LOCK_CODES['wrong-version']);
    await rig.run(session.close());
    expect((await tap(rig, 4))?.outcome).toBe('granted');
    expect((await tap(rig, 9))?.reason).toBe('UnknownCredential');
  });

  it('with one bit changed on the way come into force never', async () => {
    const rig = await furnished();
    const image = await rig.image(2, [1, 2, 3, 9]);
    for (let at = 600; at < image.file.length; at += 97) {
      const file = image.file.slice();
      file[at] = (file[at] ?? 0) ^ 0x20;
      expect(await rig.push({ ...image, file })).not.toBe('ok');
    }
    expect((await tap(rig, 9))?.reason).toBe('UnknownCredential');
    expect(await rig.push(image)).toBe('ok');
    expect((await tap(rig, 9))?.outcome).toBe('granted');
  });

  it('of 1,500 cards fit', { timeout: 30_000 }, async () => {
    const rig = await furnished(Array.from({ length: 1_500 }, (_, card) => card));
    expect((await tap(rig, 1_499))?.outcome).toBe('granted');
    expect((await rig.status()).version).toBe(1);
  });
});

describe('the log of a lock', () => {
  it('that a factory reset forgot is told as lost', async () => {
    const rig = await furnished();
    const { logNext } = await rig.status();
    await rig.run(rig.lock.factoryReset());
    await rig.pair();
    const session = await rig.session();
    const reply = must(await rig.run(session.request({ kind: 'log-get', from: 0, most: 40 }, 3_000)));
    expect(reply).toMatchObject({ kind: 'log', first: logNext, lost: logNext });
  });

  it('keeps at least 1,000 records until a controller has them, and says how many it lost after that', async () => {
    const rig = await furnished();
    for (let n = 0; n < 2_300; n += 1) await rig.run(rig.lock.present(uidOf(9), 'uid-only'));
    const { logFirst, logNext } = await rig.status();
    expect(logNext - logFirst).toBeGreaterThanOrEqual(1_000);
    expect(logFirst).toBeGreaterThan(0);
    const session = await rig.session();
    const reply = must(await rig.run(session.request({ kind: 'log-get', from: 0, most: 1 }, 3_000)));
    expect(reply).toMatchObject({ kind: 'log', first: logFirst, lost: logFirst });
    await rig.run(session.close());
    const words = await wordsOfLog(rig);
    expect(words[0]).toBe('lock-log-gap');
    expect(words.length - 1).toBe(logNext - logFirst);
    expect((await rig.status()).logFirst).toBe((await rig.status()).logNext);
  });
});

describe('corridors of a lock', () => {
  it('are let in and put out by whoever signs commands', async () => {
    const rig = await furnished();
    await expect(rig.session(SECOND)).rejects.toThrow('not-paired');
    const say = async (order: number, corridors: string[], lockId = LOCK_ID) => {
      const frame = await sealJson('LKG1', corridorKeys, { lockId, order, corridors }, rig.authority.command.key);
      const session = await rig.session();
      const reply = must(await rig.run(session.request({ kind: 'corridors', tail: frame }, 3_000)));
      await rig.run(session.close());
      return reply.kind === 'corridors-are' ? reply.code : reply.kind;
    };
    expect(await say(5, [toHex(CORRIDOR.open)], '00112233445566ab')).toBe(LOCK_CODES['not-mine']);
    expect(
      await say(
        5,
        [CORRIDOR, SECOND].map(({ open }) => toHex(open)),
      ),
    ).toBe(LOCK_CODES.ok);
    expect(await say(5, [toHex(CORRIDOR.open)])).toBe(LOCK_CODES['not-newer']);
    await rig.run((await rig.session(SECOND)).close());
    // The first one was stolen.
    expect(await say(6, [toHex(SECOND.open)])).toBe(LOCK_CODES.ok);
    await expect(rig.session()).rejects.toThrow('not-paired');
  });

  it('hear nothing from a lock that meets them with other keys', async () => {
    const rig = await furnished();
    const stranger = keyPair(new Uint8Array(32).fill(99));
    await expect(rig.session(stranger)).rejects.toThrow('not-paired');
  });
});

describe('root documents', () => {
  it('are not taken from whoever is no root', async () => {
    const rig = await furnished();
    const session = await rig.session();
    expect(await rig.run(pushRoot(session, rig.authority.rootFrame))).toMatchObject({ ok: false, code: 'not-newer' });
    const changed = rig.authority.rootFrame.slice();
    changed[40] = (changed[40] ?? 0) ^ 1;
    expect(await rig.run(pushRoot(session, changed))).toMatchObject({ ok: false, code: 'forged' });
  });
});

describe('a clock of 60 ppm fast', () => {
  it('is set back by the beats, and opens on the day after without one', async () => {
    const rig = await createLockRig({ drift: 60 });
    await rig.furnish([1]);
    for (let day = 0; day < 30; day += 1) {
      await rig.clock.advance(24 * HOUR_MS - 60_000);
      await rig.tellTime();
    }
    const { nowMs } = await rig.status();
    expect(Math.abs(nowMs - rig.clock.now())).toBeLessThan(8_000);
    expect(await rig.open(rig.ticket())).toEqual(['accepted', 'done']);
  });
});

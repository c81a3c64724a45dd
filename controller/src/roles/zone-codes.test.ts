// SPDX-License-Identifier: Apache-2.0
// What the controllers of a zone tell each other about codes, and what nobody else can tell them.
import { sealZoneMessage, type ZoneMessage, zoneKey } from '@latchkey/protocols/codes/zone-message';
import { describe, expect, it } from 'vitest';
import { zoneNetwork } from '../ports/zone-link.test-support.ts';
import { createZoneCodes } from './zone-codes.ts';

const ZONE = 7;
const KEY = zoneKey(new Uint8Array(16).fill(1));
const OTHER_KEY = zoneKey(new Uint8Array(16).fill(2));
const NOW_MS = Date.UTC(2026, 10, 23, 4);
const NOW_S = NOW_MS / 1_000;
const PHONE = 'a1'.repeat(8);

/** Two controllers of a zone and one that holds another zone besides. */
async function zone() {
  const network = zoneNetwork();
  const timers: { afterMs: number; action: () => void }[] = [];
  const clock = {
    after(afterMs: number, action: () => void) {
      const timer = { afterMs, action };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  };
  const controller = (boot: string, zones = [{ zone: ZONE, key: KEY }]) =>
    createZoneCodes({ link: network.join(), clock, boot, zones: () => zones, nowMs: () => NOW_MS, driftMs: () => 0 });
  const first = controller('01'.repeat(8));
  const second = controller('02'.repeat(8));
  const both = controller('03'.repeat(8), [
    { zone: ZONE, key: KEY },
    { zone: 8, key: OTHER_KEY },
  ]);
  await Promise.all([first, second, both].map(async (each) => each.start()));
  const message = (change: Partial<ZoneMessage> = {}): ZoneMessage => ({
    zone: ZONE,
    sender: '0f'.repeat(8),
    seq: 1,
    sentAtS: NOW_S,
    seen: [{ key: PHONE, timeS: NOW_S }],
    ...change,
  });
  return { network, timers, first, second, both, message };
}

describe('a code accepted at one controller', () => {
  it('is known at the others of its zone before the call returns', async () => {
    const { first, second, both } = await zone();
    expect(first.accept(ZONE, { key: PHONE, timeS: NOW_S })).toBe(true);
    expect([second, both].map((each) => each.of(ZONE).lastSeen(PHONE))).toEqual([NOW_S, NOW_S]);
    expect(second.accept(ZONE, { key: PHONE, timeS: NOW_S })).toBe(false);
  });

  it('stays in its zone', async () => {
    const { first, both } = await zone();
    first.accept(ZONE, { key: PHONE, timeS: NOW_S });
    expect(both.of(8).lastSeen(PHONE)).toBeUndefined();
  });

  it('is sent again after 50 and 200 ms, the same bytes', async () => {
    const { network, timers, first } = await zone();
    first.accept(ZONE, { key: PHONE, timeS: NOW_S });
    expect(timers.map(({ afterMs }) => afterMs)).toEqual([50, 200]);
    for (const { action } of timers) action();
    expect(network.sent).toHaveLength(3);
    expect(new Set(network.sent.map((bytes) => bytes.toString())).size).toBe(1);
  });

  it('is sent no more once the controller closes', async () => {
    const { timers, first } = await zone();
    first.accept(ZONE, { key: PHONE, timeS: NOW_S });
    await first.close();
    expect(timers).toEqual([]);
  });

  it('that was seen already is not told again', async () => {
    const { network, first } = await zone();
    first.accept(ZONE, { key: PHONE, timeS: NOW_S });
    first.accept(ZONE, { key: PHONE, timeS: NOW_S - 5 });
    expect(network.sent).toHaveLength(1);
  });

  it('without neighbours is known here', () => {
    const alone = createZoneCodes({
      link: undefined,
      clock: { after: () => () => undefined },
      boot: '01'.repeat(8),
      zones: () => [{ zone: ZONE, key: KEY }],
      nowMs: () => NOW_MS,
      driftMs: () => 0,
    });
    alone.accept(ZONE, { key: PHONE, timeS: NOW_S });
    expect(alone.of(ZONE).lastSeen(PHONE)).toBe(NOW_S);
  });
});

describe('nothing changes by a datagram that', () => {
  async function lastSeenAfter(make: (given: Awaited<ReturnType<typeof zone>>) => Uint8Array) {
    const given = await zone();
    given.network.inject(make(given));
    return given.first.of(ZONE).lastSeen(PHONE);
  }

  it('a key of the zone did not seal', async () => {
    expect(await lastSeenAfter(({ message }) => sealZoneMessage(OTHER_KEY, message()))).toBeUndefined();
  });

  it('is of another zone', async () => {
    expect(await lastSeenAfter(({ message }) => sealZoneMessage(KEY, message({ zone: 8 })))).toBeUndefined();
  });

  it('was changed by a bit, anywhere', async () => {
    const { network, first, message } = await zone();
    const sealed = sealZoneMessage(KEY, message());
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const flipped = sealed.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      network.inject(flipped);
    }
    expect(first.of(ZONE).size).toBe(0);
  });

  it('was recorded long ago', async () => {
    const old = { sentAtS: NOW_S - 60 };
    expect(await lastSeenAfter(({ message }) => sealZoneMessage(KEY, message(old)))).toBeUndefined();
  });

  it('tells of a code from far ahead, which would lock the phone out', async () => {
    const ahead = { seen: [{ key: PHONE, timeS: NOW_S + 3_600 }] };
    expect(await lastSeenAfter(({ message }) => sealZoneMessage(KEY, message(ahead)))).toBeUndefined();
  });

  it('is a replay: a later code stays the latest', async () => {
    const { network, first, message } = await zone();
    const sealed = sealZoneMessage(KEY, message());
    network.inject(sealed);
    first.accept(ZONE, { key: PHONE, timeS: NOW_S + 5 });
    network.inject(sealed);
    expect(first.of(ZONE).lastSeen(PHONE)).toBe(NOW_S + 5);
  });

  it('is one of 10,000 of garbage, and what follows is heard', async () => {
    const { network, first, second } = await zone();
    for (let n = 0; n < 10_000; n += 1) {
      const garbage = new Uint8Array(n % 1_400).fill(n);
      if (n % 3 === 0) garbage.set(new TextEncoder().encode('LKZ1').subarray(0, garbage.length));
      network.inject(garbage);
    }
    expect([first.of(ZONE).size, second.of(ZONE).size]).toEqual([0, 0]);
    first.accept(ZONE, { key: PHONE, timeS: NOW_S });
    expect(second.of(ZONE).lastSeen(PHONE)).toBe(NOW_S);
  });
});

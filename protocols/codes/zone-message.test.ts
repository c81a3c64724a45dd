// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/codes/zone-messages.json' with { type: 'json' };
import { fromHex, toHex } from '../bytes/hex.ts';
import { createSeenCodes } from './seen-codes.ts';
import {
  MAX_ZONE_ENTRIES,
  openZoneMessage,
  sealZoneMessage,
  type ZoneMessage,
  type ZoneReceiver,
  zoneKey,
} from './zone-message.ts';

const bytes = (hex: string): Uint8Array => {
  const read = fromHex(hex);
  if (!read.ok) throw new Error(read.code);
  return read.value;
};
const key = zoneKey(bytes(vectors.scopeKey));
const message: ZoneMessage = vectors.message;
const datagram = bytes(vectors.datagram);
const receiver: ZoneReceiver = {
  zone: message.zone,
  boot: 'c0c1c2c3c4c5c6c7',
  nowMs: message.sentAtS * 1_000,
  driftMs: 0,
};
const codeOf = (given: Uint8Array, change: Partial<ZoneReceiver> = {}, under = key): string => {
  const opened = openZoneMessage(under, given, { ...receiver, ...change });
  return opened.ok ? 'ok' : opened.code;
};

const hex8 = fc.uint8Array({ minLength: 8, maxLength: 8 }).map(toHex);
const messages = fc.record({
  zone: fc.constant(message.zone),
  sender: hex8.filter((boot) => boot !== receiver.boot),
  seq: fc.nat(0xffff_ffff),
  sentAtS: fc.constant(message.sentAtS),
  seen: fc.array(fc.record({ key: hex8, timeS: fc.nat(0xffff_ffff) }), { minLength: 1, maxLength: MAX_ZONE_ENTRIES }),
});

describe('zone message', () => {
  it('of the vectors: key, bytes and content', () => {
    expect(toHex(key)).toBe(vectors.zoneKey);
    expect(toHex(sealZoneMessage(key, message))).toBe(vectors.datagram);
    expect(openZoneMessage(key, datagram, receiver)).toEqual({ ok: true, value: message });
  });
  it('comes back as it was sent', () => {
    fc.assert(
      fc.property(messages, (sent) => {
        const sealed = sealZoneMessage(key, sent);
        expect(sealed.length).toBeLessThanOrEqual(1_400);
        expect(openZoneMessage(key, sealed, receiver)).toEqual({ ok: true, value: sent });
      }),
    );
  });
  it('with any bit flipped it is of nobody', () => {
    for (let bit = 0; bit < datagram.length * 8; bit++) {
      const flipped = datagram.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(codeOf(flipped)).toBe('bad-mac');
    }
  });
  it('cut anywhere, or longer than any, it is refused', () => {
    for (let length = 0; length < datagram.length; length++) {
      expect(['truncated', 'bad-mac']).toContain(codeOf(datagram.subarray(0, length)));
    }
    expect(codeOf(new Uint8Array(65_507))).toBe('too-large');
    expect(() => sealZoneMessage(key, { ...message, seen: [] })).toThrow(RangeError);
    const many = Array.from({ length: MAX_ZONE_ENTRIES + 1 }, () => message.seen[0] as (typeof message.seen)[0]);
    expect(() => sealZoneMessage(key, { ...message, seen: many })).toThrow(RangeError);
  });
  it('of another scope’s key, another zone, or its own', () => {
    expect(codeOf(datagram, {}, zoneKey(new Uint8Array(16)))).toBe('bad-mac');
    expect(codeOf(datagram, { zone: message.zone + 1 })).toBe('wrong-zone');
    expect(codeOf(datagram, { boot: message.sender })).toBe('own-message');
  });
  it('stale, by more than the own clock may be off', () => {
    const late = receiver.nowMs + 40_000;
    expect(codeOf(datagram, { nowMs: receiver.nowMs + 30_000 })).toBe('ok');
    expect(codeOf(datagram, { nowMs: receiver.nowMs - 30_000 })).toBe('ok');
    expect(codeOf(datagram, { nowMs: late })).toBe('stale');
    expect(codeOf(datagram, { nowMs: late, driftMs: 10_000 })).toBe('ok');
  });
  it('replayed, it changes nothing: times are only ever raised', () => {
    const seen = createSeenCodes();
    const opened = openZoneMessage(key, datagram, receiver);
    if (!opened.ok) throw new Error(opened.code);
    expect(seen.merge(opened.value.seen, receiver.nowMs)).toBe(2);
    seen.raise({ key: '0011223344556677', timeS: message.sentAtS + 5 }, receiver.nowMs);
    expect(seen.merge(opened.value.seen, receiver.nowMs)).toBe(0);
    expect(seen.lastSeen('0011223344556677')).toBe(message.sentAtS + 5);
  });
  it('hostile datagrams never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (given) => {
        expect(codeOf(given)).not.toBe('ok');
      }),
    );
  });
});

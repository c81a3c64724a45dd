// SPDX-License-Identifier: Apache-2.0
// Codes that nobody made, and codes made to deceive.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AuthorizationList } from '../authorization/list-load.ts';
import { concatBytes } from '../bytes/equal.ts';
import { fromHex } from '../bytes/hex.ts';
import { toDecimal } from './decimal.ts';
import {
  ALGORITHMS,
  codeAt,
  gateWith,
  listOf,
  makeAuthority,
  makePhone,
  NOW_MS,
  planAt,
  verdict,
  ZONE,
} from './gate.test-support.ts';
import { makeCode, type PhoneKey } from './make-code.ts';
import { decodePassCode, encodePassCode, PASS_DIGITS, PASS_HEADER, passStatement } from './pass-code.ts';
import { importPassKey, verifyRaw } from './pass-key.ts';

/** Ed25519 points of small order in every spelling, from the table of "Taming the many EdDSAs" (Chalkias et al., 2020). */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
];

const raw = (hex: string): Uint8Array => {
  const read = fromHex(hex);
  if (!read.ok) throw new Error(read.code);
  return read.value;
};

const phones = new Map<'ES256' | 'EdDSA', PhoneKey>();
const phoneOf = (algorithm: 'ES256' | 'EdDSA') => phones.get(algorithm) as PhoneKey;
let list: AuthorizationList;

beforeAll(async () => {
  for (const algorithm of ALGORITHMS) phones.set(algorithm, await makePhone(algorithm));
  list = await listOf(
    await makeAuthority(),
    [...phones.values()].map((phone) => ({ phone })),
  );
});

const bytesOfCode = (text: string): Uint8Array => {
  const read = decodePassCode(text);
  if (!read.ok) throw new Error(read.code);
  return concatBytes([read.value.header, read.value.signature]);
};

describe.each(ALGORITHMS)('%s', (algorithm) => {
  it('every flipped bit is refused and names nobody', async () => {
    const gate = gateWith(list);
    const bytes = bytesOfCode(await codeAt(phoneOf(algorithm)));
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(gate.check(toDecimal(flipped, PASS_DIGITS)).kind, `bit ${bit}`).toBe('refused');
    }
  });
  it('every changed digit is refused', async () => {
    const gate = gateWith(list);
    const text = await codeAt(phoneOf(algorithm));
    for (let index = 0; index < text.length; index += 3) {
      const digit = (Number(text[index]) + 1 + (index % 9)) % 10;
      const changed = `${text.slice(0, index)}${digit}${text.slice(index + 1)}`;
      if (changed !== text) expect(gate.check(changed).kind).toBe('refused');
    }
  });
  it('every shorter text is refused', async () => {
    const gate = gateWith(list);
    const text = await codeAt(phoneOf(algorithm));
    for (let length = 0; length < text.length; length++) {
      expect(verdict(gate.check(text.slice(0, length)))).toBe('!CodeUnreadable');
    }
  });
  it('a signature of another phone under this public key is forged', async () => {
    const other = await makePhone(algorithm);
    const phone = phoneOf(algorithm);
    const thief = { ...other, publicKey: phone.publicKey, parity: phone.parity };
    expect(verdict(gateWith(list).check(await makeCode(thief, planAt())))).toBe('!CodeForged');
  });
});

describe('algorithm confusion', () => {
  it.each([
    ['EdDSA', 0x02],
    ['EdDSA', 0x82],
    ['ES256', 0x01],
  ] as const)('a listed %s key presented with algorithm byte %i is another phone', async (algorithm, byte) => {
    const bytes = bytesOfCode(await codeAt(phoneOf(algorithm)));
    bytes[1] = byte;
    expect(verdict(gateWith(list).check(toDecimal(bytes, PASS_DIGITS)))).toBe('!UnknownCredential');
  });
  it('the other parity of the same X is another point: its signature does not hold', async () => {
    const bytes = bytesOfCode(await codeAt(phoneOf('ES256')));
    bytes[1] = (bytes[1] ?? 0) ^ 0x80;
    expect(verdict(gateWith(list).check(toDecimal(bytes, PASS_DIGITS)))).toBe('!CodeForged');
  });
  it('no other algorithm byte is read at all', async () => {
    const bytes = bytesOfCode(await codeAt(phoneOf('EdDSA')));
    for (let byte = 0; byte < 256; byte++) {
      if ([0x01, 0x02, 0x82].includes(byte)) continue;
      bytes[1] = byte;
      expect(verdict(gateWith(list).check(toDecimal(bytes, PASS_DIGITS)))).toBe('!CodeUnreadable');
    }
  });
});

describe('keys', () => {
  it.each(SMALL_ORDER)('small-order key %s is refused, even if a list held it', async (hex) => {
    const publicKey = raw(hex);
    expect(importPassKey('EdDSA', publicKey, 0)).toBeUndefined();
    const small = { ...phoneOf('EdDSA'), publicKey };
    const holding = await listOf(await makeAuthority(), [{ phone: small }]);
    const header = PASS_HEADER.encode({ version: 1, algorithm: 1, zone: ZONE, time: NOW_MS / 1_000, publicKey });
    // R = 01 00…00, S = 0: what Node takes for a signature of key 01 00…00 over every message.
    const signature = new Uint8Array(64);
    signature[0] = 1;
    expect(verdict(gateWith(holding).check(encodePassCode(header, signature)))).toBe('!CodeForged');
  });
  it('a P-256 X that no point has, or that is not below p, is refused without a throw', async () => {
    const p = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff';
    const none = 'ffffffff00000001000000000000000000000001000000000000000000000004';
    for (const hex of [p, none, 'ff'.repeat(32)]) {
      const publicKey = raw(hex);
      for (const parity of [0, 1]) expect(importPassKey('ES256', publicKey, parity)).toBeUndefined();
      const off = { ...phoneOf('ES256'), publicKey };
      const holding = await listOf(await makeAuthority(), [{ phone: off }]);
      expect(verdict(gateWith(holding).check(await makeCode(off, planAt())))).toBe('!CodeForged');
    }
  });
  it('X and parity give the very key back', async () => {
    for (let round = 0; round < 8; round++) {
      const phone = await makePhone('ES256');
      const point = importPassKey('ES256', phone.publicKey, phone.parity)?.export({ format: 'jwk' });
      expect(Buffer.from(String(point?.y), 'base64url')).toEqual(Buffer.from(phone.rawPublicKey.subarray(33)));
      const other = importPassKey('ES256', phone.publicKey, 1 - phone.parity)?.export({ format: 'jwk' });
      expect(other?.y).not.toBe(point?.y);
    }
  });
  it('signatures of any length and bytes are answered, never thrown at', () => {
    const { algorithm, publicKey, parity } = phoneOf('ES256');
    const key = importPassKey(algorithm, publicKey, parity);
    if (key === undefined) throw new Error('no key');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array(), (signature, header) => {
        expect(verifyRaw(algorithm, key, passStatement('00c0ffee00c0ffee', header), signature)).toBe(false);
      }),
    );
  });
});

describe('hostile text', () => {
  it('never throws and never opens', () => {
    const gate = gateWith(list);
    const digits = fc.string({ unit: fc.nat(9).map(String), minLength: 251, maxLength: 251 });
    const codes = fc.tuple(fc.constantFrom(1, 3), fc.uint8Array({ minLength: 103, maxLength: 103 }));
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 600 }),
      digits,
      digits.map((text) => text.padEnd(424, '0')),
      codes.map(([version, rest]) => toDecimal(Uint8Array.of(version, ...rest), PASS_DIGITS)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(gate.check(text).kind).toBe('refused');
      }),
      { numRuns: 500 },
    );
  });
});

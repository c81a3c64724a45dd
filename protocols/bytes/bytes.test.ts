// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from './base64url.ts';
import { canonicalJson, decodeJson, encodeJson } from './canonical-json.ts';
import { concatBytes, equalBytes } from './equal.ts';
import { table } from './field-table.ts';
import { sha256Hex } from './hash.ts';
import { fromHex, toHex } from './hex.ts';

const EXAMPLE = table('example', [
  { name: 'magic', type: 'magic', text: 'EX' },
  { name: 'small', type: 'u8', min: 1, max: 9 },
  { name: 'medium', type: 'u16' },
  { name: 'large', type: 'u32' },
  { name: 'huge', type: 'u64' },
  { name: 'reserved', type: 'zero', length: 2 },
  { name: 'raw', type: 'bytes', length: 3 },
  { name: 'shown', type: 'hex', length: 2 },
] as const);

const value = {
  small: 9,
  medium: 0x0102,
  large: 0x01020304,
  huge: 2 ** 53 - 1,
  raw: Uint8Array.of(1, 2, 3),
  shown: 'beef',
};

const arbitrary = fc.record({
  small: fc.integer({ min: 1, max: 9 }),
  medium: fc.nat(0xffff),
  large: fc.nat(0xffff_ffff),
  huge: fc.maxSafeNat(),
  raw: fc.uint8Array({ minLength: 3, maxLength: 3 }),
  shown: fc.uint8Array({ minLength: 2, maxLength: 2 }).map(toHex),
});

describe('field table', () => {
  it('lays numbers down little-endian, one field after the other', () => {
    expect(toHex(EXAMPLE.encode(value))).toBe(
      '4558' + '09' + '0201' + '04030201' + 'ffffffffffff1f00' + '0000' + '010203' + 'beef',
    );
    expect(EXAMPLE.size).toBe(24);
  });

  it('reads back what it wrote, at any offset', () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(20), (example, offset) => {
        const bytes = concatBytes([new Uint8Array(offset), EXAMPLE.encode(example)]);
        const read = EXAMPLE.decode(bytes, offset);
        expect(read.ok && read.value).toEqual(example);
      }),
    );
  });

  it('says truncated for every shorter input and never reads past the end', () => {
    const bytes = EXAMPLE.encode(value);
    for (let length = 0; length < bytes.length; length++) {
      expect(EXAMPLE.decode(bytes.subarray(0, length))).toMatchObject({ ok: false, code: 'truncated' });
    }
    expect(EXAMPLE.decode(bytes, -1)).toMatchObject({ code: 'truncated' });
    expect(EXAMPLE.decode(bytes, Number.NaN)).toMatchObject({ code: 'truncated' });
  });

  it('refuses another magic, a number out of range and reserved bytes that are not zero', () => {
    const bytes = EXAMPLE.encode(value);
    const with_ = (at: number, byte: number) => Uint8Array.from(bytes, (old, index) => (index === at ? byte : old));
    expect(EXAMPLE.decode(with_(0, 0x46))).toMatchObject({ code: 'bad-magic' });
    expect(EXAMPLE.decode(with_(2, 0))).toMatchObject({ code: 'out-of-range' });
    expect(EXAMPLE.decode(with_(2, 10))).toMatchObject({ code: 'out-of-range' });
    expect(EXAMPLE.decode(with_(17, 1))).toMatchObject({ code: 'out-of-range' });
  });

  it('refuses a u64 above 2^53 - 1', () => {
    const bytes = EXAMPLE.encode(value);
    bytes[15] = 0x20;
    expect(EXAMPLE.decode(bytes)).toMatchObject({ code: 'out-of-range' });
  });

  it('throws on a value that has no encoding: that is a bug', () => {
    expect(() => EXAMPLE.encode({ ...value, medium: 0x1_0000 })).toThrow('example.medium');
    expect(() => EXAMPLE.encode({ ...value, raw: new Uint8Array(2) })).toThrow('example.raw');
    expect(() => EXAMPLE.encode({ ...value, shown: 'no' })).toThrow('example.shown');
    expect(() => EXAMPLE.encode({ ...value, huge: -1 })).toThrow('example.huge');
  });

  it('gives byte fields as copies', () => {
    const bytes = EXAMPLE.encode(value);
    const read = EXAMPLE.decode(bytes);
    bytes.fill(0);
    expect(read.ok && read.value.raw).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe('hex and base64url', () => {
  it('come back as they were and agree with Node', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
        expect(toBase64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
        expect(fromHex(toHex(bytes).toUpperCase())).toEqual({ ok: true, value: bytes });
        expect(fromBase64url(toBase64url(bytes))).toEqual({ ok: true, value: bytes });
      }),
    );
  });

  it('refuse what is not one', () => {
    for (const text of ['0', '0g', ' 00', '0x00', '00\n']) expect(fromHex(text)).toMatchObject({ code: 'not-hex' });
    for (const text of ['A', 'AB', 'AA=', 'A+AA', 'A A']) {
      expect(fromBase64url(text)).toMatchObject({ code: 'not-base64url' });
    }
  });
});

describe('canonical JSON', () => {
  it('has the same bytes whatever the order of the members', () => {
    expect(canonicalJson({ b: 1, a: [{ d: 1, c: '中' }] })).toBe('{"a":[{"c":"中","d":1}],"b":1}');
  });
  it('comes back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const once = encodeJson(json);
        expect(encodeJson(decodeJson(once))).toEqual(once);
      }),
    );
  });
  it('gives undefined for bytes that are no JSON text', () => {
    for (const text of ['', '{', '\ufeff{}', 'nul']) expect(decodeJson(new TextEncoder().encode(text))).toBeUndefined();
    expect(decodeJson(Uint8Array.of(0x22, 0xff, 0x22))).toBeUndefined();
  });
});

describe('equality and hash', () => {
  it('compare every byte and the length', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (one, other) => {
        expect(equalBytes(one, other)).toBe(Buffer.compare(one, other) === 0);
        expect(equalBytes(one, new Uint8Array(one))).toBe(true);
      }),
    );
  });
  it('hash as FIPS 180-4 says', () => {
    expect(sha256Hex(new TextEncoder().encode('abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});

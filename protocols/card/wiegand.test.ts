// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/card/wiegand.json' with { type: 'json' };
import { decodeWiegand, encodeWiegand, wiegandFields } from './wiegand.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const dataBytes = fc.constantFrom(3, 4).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
const flip = (bits: string, index: number) =>
  bits.slice(0, index) + (bits[index] === '0' ? '1' : '0') + bits.slice(index + 1);

describe('Wiegand 26 and 34', () => {
  it.each(vectors.vectors)('$source', ({ data, bits, facility, number }) => {
    expect(encodeWiegand(bytes(data))).toEqual({ ok: true, value: bits });
    expect(decodeWiegand(bits)).toMatchObject({ ok: true, value: { data: bytes(data) } });
    if (facility !== undefined) expect(wiegandFields(bytes(data))).toEqual({ facility, number });
  });
  it('round-trips every frame', () => {
    fc.assert(
      fc.property(dataBytes, (data) => {
        const bits = encodeWiegand(data);
        expect(bits.ok && decodeWiegand(bits.value)).toMatchObject({ ok: true, value: { data } });
      }),
    );
  });
  it('notices every single bit flip', () => {
    fc.assert(
      fc.property(dataBytes, fc.nat(), (data, seed) => {
        const bits = encodeWiegand(data);
        if (!bits.ok) throw new Error(bits.code);
        expect(decodeWiegand(flip(bits.value, seed % bits.value.length))).toMatchObject({ code: 'bad-parity' });
      }),
    );
  });
  it('refuses every truncation and other lengths', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), (length) => {
        const known = length === 26 || length === 34;
        if (!known) expect(decodeWiegand('1'.repeat(length))).toMatchObject({ code: 'wrong-length' });
      }),
    );
    expect(encodeWiegand(new Uint8Array(5))).toMatchObject({ ok: false, code: 'wrong-length' });
  });
  it('refuses other characters', () => {
    expect(decodeWiegand('2'.repeat(26))).toMatchObject({ ok: false, code: 'malformed' });
  });
});

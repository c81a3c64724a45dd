// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/card/atr.json' with { type: 'json' };
import { parseAtr } from './atr.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const CLASSIC_1K = bytes('3B8F8001804F0CA000000306030001000000006A');

describe('answer to reset', () => {
  it.each(vectors.vectors)('reads $source', ({ hex, card, protocols, ...more }) => {
    const result = parseAtr(bytes(hex));
    expect(result).toMatchObject({ ok: true, value: { protocols, card: { kind: card } } });
    if (!result.ok) return;
    if (more.historical !== undefined) expect(result.value.historical).toEqual(bytes(more.historical));
    if (more.standard) expect(result.value.card).toMatchObject({ standard: more.standard, name: more.name });
  });
  it('refuses a check character that does not fit: every single bit flip of the bytes it covers is noticed', () => {
    for (let bit = 8; bit < CLASSIC_1K.length * 8; bit += 1) {
      const flipped = Uint8Array.from(CLASSIC_1K);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(parseAtr(flipped).ok, `bit ${bit}`).toBe(false);
    }
  });
  it('refuses every truncation', () => {
    for (let end = 0; end < CLASSIC_1K.length; end += 1) expect(parseAtr(CLASSIC_1K.subarray(0, end)).ok).toBe(false);
  });
  it('refuses bytes after the end, and more than 33 bytes', () => {
    expect(parseAtr(Uint8Array.of(...CLASSIC_1K, 0))).toMatchObject({ ok: false, code: 'too-long' });
    expect(parseAtr(new Uint8Array(34).fill(0x3b))).toMatchObject({ ok: false, code: 'too-long' });
  });
  it('refuses an initial character other than 3B and 3F', () => {
    expect(parseAtr(bytes('3C00'))).toMatchObject({ ok: false, code: 'bad-initial-character' });
    expect(parseAtr(bytes('3F00'))).toMatchObject({ ok: true, value: { convention: 'inverse' } });
  });
  it('keeps the number of a storage card it has no name for', () => {
    const atr = Uint8Array.from(CLASSIC_1K);
    atr[13] = 0x12;
    atr[19] = 0;
    atr[19] = atr.subarray(1).reduce((sum, byte) => sum ^ byte, 0);
    expect(parseAtr(atr)).toMatchObject({ ok: true, value: { card: { cardName: 0x1201, name: 'card name 1201' } } });
  });
  it('never throws on hostile bytes', () => {
    const hostile = fc.uint8Array({ maxLength: 40 }).map((tail) => Uint8Array.of(0x3b, ...tail));
    fc.assert(
      fc.property(hostile, (any) => typeof parseAtr(any).ok === 'boolean'),
      { numRuns: 2_000 },
    );
  });
});

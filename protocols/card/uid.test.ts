// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CardUid, cardUid, isNonUniqueUid, isRandomUid } from './uid.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const uid = (hex: string): CardUid => {
  const result = cardUid(bytes(hex));
  if (!result.ok) throw new Error(result.detail);
  return result.value;
};

describe('card UID', () => {
  it.each(['A1B2C3D4', '04A1B2C3D4E580', '04A1B2C3D4E580112233'])('takes 4, 7 and 10 bytes: %s', (hex) => {
    expect(cardUid(bytes(hex)).ok).toBe(true);
  });
  it('refuses every other length', () => {
    for (const length of [0, 1, 3, 5, 6, 8, 9, 11, 64]) {
      expect(cardUid(new Uint8Array(length).fill(1))).toMatchObject({ ok: false, code: 'wrong-length' });
    }
  });
  it.each(['00000000', 'FFFFFFFF', '00000000000000', 'FFFFFFFFFFFFFFFFFFFF'])('refuses blank bytes %s', (hex) => {
    expect(cardUid(bytes(hex))).toMatchObject({ ok: false, code: 'blank-uid' });
  });
  it.each([
    ['first part of a longer UID given as 4 bytes', '8804A1B2'],
    ['uid0 of a 7-byte UID', '88A1B2C3D4E580'],
    ['uid3 of a 7-byte UID', '04A1B288D4E580'],
    ['uid0 of a 10-byte UID', '88A1B2C3D4E580112233'],
  ])('refuses a cascade tag at %s', (_, hex) => {
    expect(cardUid(bytes(hex))).toMatchObject({ ok: false, code: 'cascade-tag' });
  });
  it('takes 88 where it is an ordinary byte', () => {
    expect(cardUid(bytes('04A188C3D4E580')).ok).toBe(true);
    expect(cardUid(bytes('04A1B288D4E580112233')).ok).toBe(true);
  });
  it('flags a random UID: 4 bytes beginning with 08, and no longer one', () => {
    expect(isRandomUid(uid('08123456'))).toBe(true);
    expect(isRandomUid(uid('18123456'))).toBe(false);
    expect(isRandomUid(uid('08A1B2C3D4E580'))).toBe(false);
  });
  it('flags UIDs that several cards may share', () => {
    expect(isNonUniqueUid(uid('3F123456'))).toBe(true);
    expect(isNonUniqueUid(uid('30123456'))).toBe(false);
    expect(isNonUniqueUid(uid('3FA1B2C3D4E580'))).toBe(false);
  });
  it('copies: a later change of the reader buffer changes no UID', () => {
    const buffer = bytes('A1B2C3D4');
    const result = cardUid(buffer);
    buffer.fill(0);
    expect(result).toMatchObject({ ok: true, value: bytes('A1B2C3D4') });
  });
  it('never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (any) => typeof cardUid(any).ok === 'boolean'));
  });
});

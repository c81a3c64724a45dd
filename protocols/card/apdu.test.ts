// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeResponse, encodeApdu, GET_ATS, GET_UID, isSuccess, selectApplication, statusMeaning } from './apdu.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const encoded = (...args: Parameters<typeof encodeApdu>) => {
  const result = encodeApdu(...args);
  return result.ok ? Buffer.from(result.value).toString('hex') : result.code;
};

describe('command APDU', () => {
  it('writes the four short cases of ISO 7816-3', () => {
    const head = { cla: 0x80, ins: 0xa4, p1: 1, p2: 2 };
    expect(encoded(head)).toBe('80a40102');
    expect(encoded({ ...head, expected: 16 })).toBe('80a4010210');
    expect(encoded({ ...head, data: bytes('AABB') })).toBe('80a4010202aabb');
    expect(encoded({ ...head, data: bytes('AABB'), expected: 256 })).toBe('80a4010202aabb00');
  });
  it('refuses what a short APDU cannot carry', () => {
    const head = { cla: 0, ins: 0, p1: 0, p2: 0 };
    expect(encoded({ ...head, p1: 256 })).toBe('out-of-range');
    expect(encoded({ ...head, ins: 1.5 })).toBe('out-of-range');
    expect(encoded({ ...head, data: new Uint8Array(256) })).toBe('out-of-range');
    expect(encoded({ ...head, data: new Uint8Array(0) })).toBe('out-of-range');
    expect(encoded({ ...head, expected: 0 })).toBe('out-of-range');
    expect(encoded({ ...head, expected: 257 })).toBe('out-of-range');
  });
  it('GET DATA of PC/SC Part 3 is FFCA000000 for the UID, FFCA010000 for the ATS', () => {
    expect(Buffer.from(GET_UID).toString('hex')).toBe('ffca000000');
    expect(Buffer.from(GET_ATS).toString('hex')).toBe('ffca010000');
  });
  it('selects an application by its identifier of 5 to 16 bytes', () => {
    expect(selectApplication(bytes('F0010203040506'))).toMatchObject({ value: bytes('00A4040007F001020304050600') });
    expect(selectApplication(bytes('F0010203')).ok).toBe(false);
    expect(selectApplication(new Uint8Array(17)).ok).toBe(false);
  });
});

describe('response APDU', () => {
  it('parts data and status', () => {
    const result = decodeResponse(bytes('04A1B2C3D4E5809000'));
    expect(result).toMatchObject({ ok: true, value: { data: bytes('04A1B2C3D4E580'), status: 0x9000 } });
    expect(result.ok && isSuccess(result.value.status)).toBe(true);
  });
  it('refuses fewer than two bytes', () => {
    expect(decodeResponse(bytes(''))).toMatchObject({ ok: false, code: 'truncated' });
    expect(decodeResponse(bytes('90'))).toMatchObject({ ok: false, code: 'truncated' });
  });
  it.each([
    [0x9000, 'ok'],
    [0x6110, 'more-data'],
    [0x6282, 'warning'],
    [0x6300, 'refused'],
    [0x63c2, 'refused'],
    [0x6700, 'usage'],
    [0x6982, 'refused'],
    [0x6a81, 'usage'],
    [0x6a82, 'usage'],
    [0x6c07, 'usage'],
    [0x6d00, 'usage'],
    [0x6f00, 'card-error'],
    [0x91af, 'more-data'],
    [0x1234, 'unknown'],
  ])('knows status %i as %s', (status, kind) => {
    expect(statusMeaning(status).kind).toBe(kind);
  });
  it('says how many tries are left and how many bytes wait', () => {
    expect(statusMeaning(0x63c2).meaning).toContain('2 tries');
    expect(statusMeaning(0x6100).meaning).toContain('256');
    expect(statusMeaning(0x6c07).meaning).toContain('7');
  });
  it('has a meaning for every status word', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff }), (status) => statusMeaning(status).meaning.length > 0));
  });
});

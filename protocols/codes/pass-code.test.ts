// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/codes/pass-codes.json' with { type: 'json' };
import { fromHex, toHex } from '../bytes/hex.ts';
import { fromDecimal, toDecimal } from './decimal.ts';
import {
  answerStatement,
  CERTIFICATE,
  CERTIFIED_DIGITS,
  CHALLENGE,
  challengeText,
  decodePassCode,
  encodePassCode,
  PASS_DIGITS,
  PASS_HEADER,
  passStatement,
  readChallenge,
} from './pass-code.ts';

const bytes = (hex: string): Uint8Array => {
  const read = fromHex(hex);
  if (!read.ok) throw new Error(read.code);
  return read.value;
};
const big = (raw: Uint8Array): bigint => BigInt(`0x00${toHex(raw)}`);
const codeOf = (text: string): string => {
  const read = decodePassCode(text);
  return read.ok ? read.value.profile : read.code;
};

const header = fc.record({
  version: fc.constantFrom(1, 3),
  algorithm: fc.constantFrom(0x01, 0x02, 0x82),
  zone: fc.integer({ min: 1, max: 0xffff }),
  time: fc.nat(0xffff_ffff),
  publicKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
});
const signature = fc.uint8Array({ minLength: 64, maxLength: 64 });
const certificate = fc.record({
  expiry: fc.nat(0xffff_ffff),
  keyId: fc.nat(0xffff),
  profile: fc.nat(0xffff),
  signature,
});

describe('decimal digits', () => {
  it('are the number that BigInt makes of the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (raw) => {
        const digits = big(raw).toString().length + 5;
        const text = toDecimal(raw, digits);
        expect(text).toBe(big(raw).toString().padStart(digits, '0'));
        expect(fromDecimal(text, raw.length)).toEqual(raw);
      }),
    );
  });
  it('hold exactly the numbers below 256^n', () => {
    for (const length of [1, 2, 3, 4, 104, 176]) {
      const most = 256n ** BigInt(length) - 1n;
      expect(fromDecimal(most.toString(), length)).toEqual(new Uint8Array(length).fill(0xff));
      expect(fromDecimal((most + 1n).toString(), length)).toBeUndefined();
      expect(fromDecimal('9'.repeat(500), length)).toBeUndefined();
    }
  });
  it('are as many as needed and never cut', () => {
    expect(() => toDecimal(Uint8Array.of(100), 2)).toThrow(RangeError);
    expect(toDecimal(Uint8Array.of(99), 2)).toBe('99');
    expect((256n ** 104n - 1n).toString()).toHaveLength(PASS_DIGITS);
    expect((256n ** 176n - 1n).toString()).toHaveLength(CERTIFIED_DIGITS);
  });
});

describe('pass code', () => {
  it.each(vectors.codes)('$profile of the vectors: $why', (vector) => {
    const read = decodePassCode(vector.digits);
    expect(read).toMatchObject({
      ok: true,
      value: {
        profile: vector.profile,
        algorithm: vector.algorithm,
        parity: vector.parity,
        zone: vector.zone,
        timeS: vector.time,
        publicKey: bytes(vector.publicKey),
        signature: bytes(vector.signature),
      },
    });
    if (!read.ok) return;
    const raw = bytes(vector.bytes);
    expect(
      encodePassCode(raw.subarray(0, 40), raw.subarray(40, 104), raw.length > 104 ? raw.subarray(104) : undefined),
    ).toBe(vector.digits);
    const challenge = readChallenge(vectors.challenge.text);
    if (!challenge.ok) throw new Error(challenge.code);
    const statement =
      read.value.profile === 'D'
        ? answerStatement(vectors.campusId, challenge.value, read.value.header)
        : passStatement(vectors.campusId, read.value.header);
    expect(toHex(statement)).toBe(vector.statement);
  });
  it.each(vectors.refused)('refused: $why', ({ digits, code }) => {
    expect(codeOf(digits)).toBe(code);
  });
  it('comes back as it was made, with and without certificate', () => {
    fc.assert(
      fc.property(header, signature, fc.option(certificate, { nil: undefined }), (head, signed, cert) => {
        const raw = PASS_HEADER.encode({ ...head, version: cert ? 2 : head.version });
        const text = encodePassCode(raw, signed, cert && CERTIFICATE.encode(cert));
        expect(text).toHaveLength(cert ? CERTIFIED_DIGITS : PASS_DIGITS);
        const read = decodePassCode(text);
        expect(read).toMatchObject({
          ok: true,
          value: { zone: head.zone, timeS: head.time, header: raw, signature: signed },
        });
        expect(read.ok && read.value.certificate).toEqual(cert);
      }),
    );
  });
  it('exactly 251 or 424 digits: every shorter and longer text is none', () => {
    const text = vectors.codes[0]?.digits ?? '';
    for (let length = 0; length < PASS_DIGITS; length++) expect(codeOf(text.slice(0, length))).toBe('not-a-pass-code');
    for (const other of [`${text}0`, `0${text}`, ` ${text.slice(1)}`, `${text.slice(1)}\n`, `+${text.slice(1)}`]) {
      expect(codeOf(other)).toBe('not-a-pass-code');
    }
  });
  it('digits of other scripts are no digits', () => {
    expect(codeOf('１'.repeat(PASS_DIGITS))).toBe('not-a-pass-code');
    expect(codeOf('٣'.repeat(CERTIFIED_DIGITS))).toBe('not-a-pass-code');
  });
  it('hostile text never throws', () => {
    const digits = fc.string({ unit: fc.nat(9).map(String), minLength: 251, maxLength: 251 });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          digits,
          digits.map((text) => text.padEnd(424, '7')),
        ),
        (text) => {
          expect(typeof codeOf(text)).toBe('string');
          readChallenge(text);
          readChallenge(`LKD1:${text}`);
        },
      ),
    );
  });
});

describe('challenge', () => {
  it('comes back as it was shown', () => {
    const challenge = { gateId: Uint8Array.of(1, 2, 3, 4), nonce: Uint8Array.from({ length: 8 }, (_, at) => at) };
    expect(readChallenge(challengeText(challenge))).toEqual({ ok: true, value: challenge });
    expect(CHALLENGE.size).toBe(12);
  });
  it('of another length or prefix is none', () => {
    const text = vectors.challenge.text;
    for (const other of ['', 'LKD1:', text.slice(0, -1), `${text}A`, text.replace('LKD1', 'LKD2'), ` ${text}`]) {
      expect(readChallenge(other)).toMatchObject({ code: 'not-a-challenge' });
    }
  });
});

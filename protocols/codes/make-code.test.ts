// SPDX-License-Identifier: Apache-2.0
// The phone's side, and the proofs as the gateway checks them.
import { describe, expect, it } from 'vitest';
import { toHex } from '../bytes/hex.ts';
import { answerChallenge, generatePhoneKeys, makeCode, phoneKeyOf, proveEnrolment, proveStatus } from './make-code.ts';
import { decodePassCode, PASS_DIGITS } from './pass-code.ts';
import { importPassKey, verifyRaw } from './pass-key.ts';
import { enrolmentStatement, statusStatement } from './phone-statement.ts';

const CAMPUS = '00c0ffee00c0ffee';
const PLAN = { campusId: CAMPUS, zone: 12, timeMs: 1_795_320_000_999 };

describe.each(['ES256', 'EdDSA'] as const)('a phone with %s', (algorithm) => {
  it('holds a private key that cannot leave it', async () => {
    const keys = await generatePhoneKeys(algorithm);
    expect(keys.privateKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('pkcs8', keys.privateKey)).rejects.toThrow('not extractable');
    await expect(crypto.subtle.exportKey('jwk', keys.privateKey)).rejects.toThrow('not extractable');
    const { rawPublicKey, publicKey, parity } = await phoneKeyOf(keys);
    expect(rawPublicKey).toHaveLength(algorithm === 'ES256' ? 65 : 32);
    expect(publicKey).toHaveLength(32);
    expect([0, 1]).toContain(parity);
  });
  it('makes codes of its key, zone and second', async () => {
    const key = await phoneKeyOf(await generatePhoneKeys(algorithm));
    const read = decodePassCode(await makeCode(key, PLAN));
    const { publicKey, parity } = key;
    expect(read).toMatchObject({
      value: { profile: 'A', algorithm, zone: 12, timeS: 1_795_320_000, publicKey, parity },
    });
  });
  it('shows 251 digits even where the number begins with zeros', async () => {
    const key = await phoneKeyOf(await generatePhoneKeys(algorithm));
    const challenge = { gateId: new Uint8Array(4), nonce: new Uint8Array(8) };
    const texts = [await makeCode(key, PLAN), await answerChallenge(key, PLAN, challenge)];
    for (const text of texts) expect(text).toMatch(new RegExp(`^0[0-9]{${PASS_DIGITS - 1}}$`));
  });
  it('proves at enrolment and when it asks for its state that it holds the key', async () => {
    const key = await phoneKeyOf(await generatePhoneKeys(algorithm));
    const verifying = importPassKey(algorithm, key.publicKey, key.parity);
    if (verifying === undefined) throw new Error('no key');
    const challenge = new Uint8Array(32).fill(7);
    const proof = await proveEnrolment(key, CAMPUS, challenge);
    expect(verifyRaw(algorithm, verifying, enrolmentStatement(CAMPUS, challenge), proof)).toBe(true);
    const status = await proveStatus(key, CAMPUS, 'p1', 5);
    expect(verifyRaw(algorithm, verifying, statusStatement(CAMPUS, 'p1', 5), status)).toBe(true);
    expect(verifyRaw(algorithm, verifying, statusStatement(CAMPUS, 'p1', 6), status)).toBe(false);
    expect(toHex(proof)).not.toBe(toHex(status));
  });
});

it('codes are made of a known campus id only', async () => {
  const key = await phoneKeyOf(await generatePhoneKeys());
  await expect(makeCode(key, { ...PLAN, campusId: 'c0ffee' })).rejects.toThrow(RangeError);
});

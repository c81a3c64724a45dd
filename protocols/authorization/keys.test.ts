// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toBase64url } from '../bytes/base64url.ts';
import { fromHex } from '../bytes/hex.ts';
import { codeOf, makeKey, must } from './authority.test-support.ts';
import {
  generateSigningJwk,
  importSigningKey,
  importVerifyingKey,
  isSmallOrder,
  keyId,
  keyThumbprint,
  toPublicJwk,
} from './keys.ts';

const ed25519 = (hex: string) => ({ kty: 'OKP' as const, crv: 'Ed25519' as const, x: toBase64url(must(fromHex(hex))) });

describe('keys', () => {
  it('have the RFC 8037 A.3 thumbprint, and its first 8 bytes as id', async () => {
    const jwk = { kty: 'OKP' as const, crv: 'Ed25519' as const, x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
    const expected = Buffer.from('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k', 'base64url').toString('hex');
    expect(await keyThumbprint(jwk)).toBe(expected);
    expect(await keyId(jwk)).toBe(expected.slice(0, 16));
  });

  it('shows why small-order keys are refused: Node accepts a signature nobody made', () => {
    const key = createPublicKey({ key: ed25519(`01${'00'.repeat(31)}`), format: 'jwk' });
    const nobodysSignature = Buffer.from(`01${'00'.repeat(63)}`, 'hex');
    expect(verify(null, Buffer.from('open the door'), key, nobodysSignature)).toBe(true);
  });

  it.each([
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000080',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  ])('refuses the small-order key %s', async (hex) => {
    expect(isSmallOrder(ed25519(hex))).toBe(true);
    expect(codeOf(await importVerifyingKey(ed25519(hex)))).toBe('small-order-key');
  });

  it('takes only public Ed25519 and P-256 keys, with no member more', async () => {
    const { jwk, private: secret } = await makeKey();
    expect(codeOf(await importVerifyingKey(jwk))).toBe('ok');
    expect(codeOf(await importVerifyingKey(secret))).toBe('malformed-key');
    expect(codeOf(await importVerifyingKey({ ...jwk, use: 'sig' }))).toBe('malformed-key');
    expect(codeOf(await importVerifyingKey({ kty: 'RSA', n: 'AQAB', e: 'AQAB' }))).toBe('malformed-key');
    expect(codeOf(await importVerifyingKey({ ...jwk, crv: 'X25519' }))).toBe('malformed-key');
    expect(codeOf(await importVerifyingKey(undefined))).toBe('malformed-key');
  });

  it('refuses coordinates that are no point of P-256', async () => {
    const { jwk } = await makeKey('ES256');
    expect(codeOf(await importVerifyingKey(jwk))).toBe('ok');
    expect(codeOf(await importVerifyingKey({ ...jwk, y: 'A'.repeat(43) }))).toBe('malformed-key');
  });

  it('imports a generated private key, and says what a public one lacks', async () => {
    for (const alg of ['EdDSA', 'ES256'] as const) {
      const jwk = await generateSigningJwk(alg);
      expect(must(await importSigningKey(jwk)).alg).toBe(alg);
      expect(codeOf(await importSigningKey(must(toPublicJwk(jwk))))).toBe('not-private');
    }
    expect(codeOf(await importSigningKey({ ...(await generateSigningJwk('ES256')), d: '!' }))).toBe('malformed-key');
  });
});

// SPDX-License-Identifier: Apache-2.0
// The key that a code carries, as Node verifies with it: Ed25519 of small order refused, P-256 rebuilt from X and the parity
// of Y. JWK is the quickest way in: Node takes nine times as long to read the same Ed25519 key from DER.
import { createPublicKey, ECDH, type KeyObject, verify } from 'node:crypto';
import { isSmallOrderPoint, type PublicJwk, type SigningAlgorithm } from '../authorization/keys.ts';

/** `undefined` for a key of small order or one that is no point of its curve. */
export function importPassKey(
  algorithm: SigningAlgorithm,
  publicKey: Uint8Array,
  parity: number,
): KeyObject | undefined {
  try {
    if (algorithm === 'ES256') return importP256(publicKey, parity);
    return isSmallOrderPoint(publicKey) ? undefined : importJwk({ kty: 'OKP', crv: 'Ed25519', x: text(publicKey) });
  } catch {
    return undefined;
  }
}

/** False, never an exception, where the signature does not hold. `signature` is r ‖ s for ES256. */
export function verifyRaw(
  algorithm: SigningAlgorithm,
  key: KeyObject,
  statement: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    return algorithm === 'EdDSA'
      ? verify(null, statement, key, signature)
      : verify('sha256', statement, { key, dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    return false;
  }
}

/** A key of the root document for such a check. */
export const importJwk = (jwk: PublicJwk): KeyObject => createPublicKey({ key: jwk, format: 'jwk' });

function importP256(x: Uint8Array, parity: number): KeyObject {
  const compressed = new Uint8Array(33);
  compressed[0] = 2 + parity;
  compressed.set(x, 1);
  // Throws where no point has this X.
  const point = ECDH.convertKey(compressed, 'prime256v1', undefined, undefined, 'uncompressed') as Buffer;
  return importJwk({
    kty: 'EC',
    crv: 'P-256',
    x: point.toString('base64url', 1, 33),
    y: point.toString('base64url', 33, 65),
  });
}

const text = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');

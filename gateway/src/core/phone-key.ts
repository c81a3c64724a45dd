// SPDX-License-Identifier: Apache-2.0
// The key of a phone as it is sent: read, refused where it proves nothing (small order, no point of the curve), and held to
// a signature (lists-and-codes, Keys and roles).
import { importVerifyingKey, type VerifyingKey } from '@latchkey/protocols/authorization/keys';
import { fromBase64url, toBase64url } from '@latchkey/protocols/bytes/base64url';
import { err, ok, type Result } from '@latchkey/protocols/result';

export interface PhoneKey {
  readonly verifying: VerifyingKey;
  /** What codes carry and the id is made of: the Ed25519 key, or X of the P-256 point. */
  readonly key32: Uint8Array;
  /** Byte of the code: the algorithm, and whether Y of a P-256 point is odd. */
  readonly algorithmByte: number;
}

const POINT_BYTES = 65;
const COORDINATE_BYTES = 32;
const UNCOMPRESSED = 0x04;
const Y_IS_ODD = 0x80;

export async function readPhoneKey(
  algorithm: 'EdDSA' | 'ES256',
  publicKey: string,
): Promise<Result<PhoneKey, 'invalid-key'>> {
  const bytes = fromBase64url(publicKey);
  if (!bytes.ok) return err('invalid-key', 'use base64url');
  return algorithm === 'EdDSA' ? readEd25519(bytes.value) : readP256(bytes.value);
}

async function readEd25519(bytes: Uint8Array): Promise<Result<PhoneKey, 'invalid-key'>> {
  if (bytes.length !== COORDINATE_BYTES) return err('invalid-key', 'an Ed25519 key has 32 bytes');
  const verifying = await importVerifyingKey({ kty: 'OKP', crv: 'Ed25519', x: toBase64url(bytes) });
  if (!verifying.ok) return err('invalid-key', verifying.detail ?? verifying.code);
  return ok({ verifying: verifying.value, key32: bytes, algorithmByte: 1 });
}

async function readP256(bytes: Uint8Array): Promise<Result<PhoneKey, 'invalid-key'>> {
  if (bytes.length !== POINT_BYTES || bytes[0] !== UNCOMPRESSED)
    return err('invalid-key', 'a P-256 key is its uncompressed point, 65 bytes that begin with 04');
  const x = bytes.slice(1, 1 + COORDINATE_BYTES);
  const y = bytes.slice(1 + COORDINATE_BYTES);
  const verifying = await importVerifyingKey({ kty: 'EC', crv: 'P-256', x: toBase64url(x), y: toBase64url(y) });
  if (!verifying.ok) return err('invalid-key', verifying.detail ?? verifying.code);
  const odd = ((y.at(-1) ?? 0) & 1) === 1;
  return ok({ verifying: verifying.value, key32: x, algorithmByte: 2 | (odd ? Y_IS_ODD : 0) });
}

/** `signature` is base64url of 64 bytes: Ed25519, or r ‖ s. */
export async function proves({ verifying }: PhoneKey, statement: Uint8Array, signature: string): Promise<boolean> {
  const bytes = fromBase64url(signature);
  if (!bytes.ok || bytes.value.length !== 64) return false;
  const algorithm = verifying.alg === 'EdDSA' ? { name: 'Ed25519' } : { name: 'ECDSA', hash: 'SHA-256' };
  try {
    return await crypto.subtle.verify(algorithm, verifying.key, buffer(bytes.value), buffer(statement));
  } catch {
    // Some points off the curve are found out only here.
    return false;
  }
}

/** A copy on a buffer of its own, as WebCrypto's types want it. */
const buffer = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

// SPDX-License-Identifier: Apache-2.0
// Signing and verifying keys, their roles and scopes (lists-and-codes, Keys and roles). A key is trusted for its role and
// its scope only; Ed25519 keys of small order, which "verify" signatures nobody made, are refused.
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { z } from 'zod';
import { fromBase64url } from '../bytes/base64url.ts';
import { toHex } from '../bytes/hex.ts';
import { err, ok, type Result } from '../result.ts';

export const KEY_ROLES = ['list', 'deny', 'command', 'code'] as const;
export type KeyRole = (typeof KEY_ROLES)[number];
export type SigningAlgorithm = 'EdDSA' | 'ES256';
/** Wire form of the algorithm in a list's head. */
export const ALGORITHM_NUMBERS = { EdDSA: 1, ES256: 2 } as const;

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'use 32 bytes in base64url');
/** Exactly what makes the key, so that a thumbprint and a document have one spelling. */
export const publicJwk = z.discriminatedUnion('kty', [
  z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: coordinate }),
  z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: coordinate, y: coordinate }),
]);
export type PublicJwk = z.infer<typeof publicJwk>;

export type KeyError = 'malformed-key' | 'small-order-key' | 'not-private';
export type KeyLookupError = 'unknown-key' | 'wrong-role' | 'wrong-scope';

export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly key: CryptoKey;
}

export interface VerifyingKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly key: CryptoKey;
  readonly jwk: PublicJwk;
}

/** A verified root document's keys. Made by `acceptRoot` (authorization/root-document). */
export interface Keyring {
  readonly campusId: string;
  readonly version: number;
  readonly epoch: number;
  readonly issuedAtMs: number;
  /** The key, if it may sign in that role (and, where the role is scoped, for that scope). */
  find(kid: string, role: KeyRole, scope?: number): Result<VerifyingKey, KeyLookupError>;
  /** All that may: for signatures that name their key by less than its kid. */
  all(role: KeyRole, scope?: number): readonly VerifyingKey[];
}

export const algorithmOf = (jwk: PublicJwk): SigningAlgorithm => (jwk.kty === 'OKP' ? 'EdDSA' : 'ES256');

/** The public members of a JWK, nothing else. */
export function toPublicJwk(jwk: JWK): Result<PublicJwk, 'malformed-key'> {
  const { kty, crv, x, y } = jwk;
  const parsed = publicJwk.safeParse(kty === 'OKP' ? { kty, crv, x } : { kty, crv, x, y });
  return parsed.success ? ok(parsed.data) : err('malformed-key', 'use an Ed25519 or P-256 key as JWK');
}

/** RFC 7638 SHA-256 thumbprint as 64 hex digits. */
export async function keyThumbprint(jwk: PublicJwk): Promise<string> {
  const text = await calculateJwkThumbprint(jwk, 'sha256');
  const bytes = fromBase64url(text);
  return bytes.ok ? toHex(bytes.value) : '';
}

/** Key id: the first 8 bytes of the thumbprint as 16 hex digits. */
export const keyId = async (jwk: PublicJwk): Promise<string> => (await keyThumbprint(jwk)).slice(0, 16);

/**
 * y coordinates (little-endian, sign bit cleared) of the Ed25519 points of order 1, 2, 4 and 8, and their spellings above p.
 * Node 20 accepts, for the key 01 00…00, the signature R = 01 00…00, S = 0 on every message.
 */
const SMALL_ORDER = [
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
];

export function isSmallOrder(jwk: PublicJwk): boolean {
  if (jwk.kty !== 'OKP') return false;
  const point = fromBase64url(jwk.x);
  return !point.ok || point.value.length !== 32 || isSmallOrderPoint(point.value);
}

/** The same of the 32 bytes of an Ed25519 key. */
export function isSmallOrderPoint(point: Uint8Array): boolean {
  const bytes = point.slice();
  bytes[31] = (bytes[31] ?? 0) & 0x7f;
  return SMALL_ORDER.includes(toHex(bytes));
}

export async function importVerifyingKey(jwk: unknown): Promise<Result<VerifyingKey, KeyError>> {
  const parsed = publicJwk.safeParse(jwk);
  if (!parsed.success) return err('malformed-key', 'use a public Ed25519 or P-256 key as JWK');
  if (isSmallOrder(parsed.data)) return err('small-order-key', 'this key accepts signatures that nobody made');
  const alg = algorithmOf(parsed.data);
  try {
    const key = await importJWK(parsed.data, alg);
    if (key instanceof Uint8Array) return err('malformed-key');
    return ok({ kid: await keyId(parsed.data), alg, key, jwk: parsed.data });
  } catch {
    return err('malformed-key', 'the coordinates are no point of the curve');
  }
}

export async function importSigningKey(jwk: JWK): Promise<Result<SigningKey, KeyError>> {
  const open = toPublicJwk(jwk);
  if (!open.ok) return open;
  const verifying = await importVerifyingKey(open.value);
  if (!verifying.ok) return verifying;
  if (typeof jwk.d !== 'string') return err('not-private', 'the JWK has no private part "d"');
  try {
    const key = await importJWK({ ...open.value, d: jwk.d }, verifying.value.alg);
    if (key instanceof Uint8Array) return err('malformed-key');
    return ok({ kid: verifying.value.kid, alg: verifying.value.alg, key });
  } catch {
    return err('malformed-key', 'the private part does not belong to the public part');
  }
}

/** A new private key. The platform's generator: there is nothing to inject for a key that must not be guessed. */
export async function generateSigningJwk(alg: SigningAlgorithm = 'EdDSA'): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  const { kty, crv, x, y, d } = await exportJWK(privateKey);
  return (kty === 'OKP' ? { kty, crv, x, d } : { kty, crv, x, y, d }) as JWK;
}

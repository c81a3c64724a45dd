// SPDX-License-Identifier: Apache-2.0
// Identity codes of our own phones (lists-and-codes, Identity codes): profiles A, B and D, their layouts, what is signed, and
// the digits that a screen shows. Runs in a browser.
import type { SigningAlgorithm } from '../authorization/keys.ts';
import { fromBase64url, toBase64url } from '../bytes/base64url.ts';
import { concatBytes } from '../bytes/equal.ts';
import { type Codec, type TableValue, table } from '../bytes/field-table.ts';
import { fromHex } from '../bytes/hex.ts';
import { err, ok, type Result } from '../result.ts';
import { fromDecimal, toDecimal } from './decimal.ts';

/** A: one-way. B: with a certificate. D: answers the gate's challenge. */
export type PassProfile = 'A' | 'B' | 'D';
export const PASS_VERSIONS = { A: 1, B: 2, D: 3 } as const;
/** Digits of A and D, and of B: the least that hold their bytes. */
export const PASS_DIGITS = 251;
export const CERTIFIED_DIGITS = 424;
/** How often a phone makes a new code. */
export const PASS_PERIOD_MS = 5_000;

const HEADER_FIELDS = [
  { name: 'version', type: 'u8', min: 1, max: 3 },
  /** Low 7 bits: 1 EdDSA, 2 ES256. Top bit: parity of a P-256 key's Y. */
  { name: 'algorithm', type: 'u8' },
  { name: 'zone', type: 'u16', min: 1 },
  /** Unix seconds. */
  { name: 'time', type: 'u32' },
  /** Ed25519 key, or X of a P-256 one. */
  { name: 'publicKey', type: 'bytes', length: 32 },
] as const;
const CODE_FIELDS = [...HEADER_FIELDS, { name: 'signature', type: 'bytes', length: 64 }] as const;
const CERTIFICATE_FIELDS = [
  /** Epoch minute (UTC) from which it holds no more. */
  { name: 'expiry', type: 'u32' },
  /** First two bytes of the code-issuer key's kid, big-endian. */
  { name: 'keyId', type: 'u16' },
  /** Index into the profiles of the policy that it was issued under. */
  { name: 'profile', type: 'u16' },
  { name: 'signature', type: 'bytes', length: 64 },
] as const;
const CHALLENGE_FIELDS = [
  { name: 'gateId', type: 'bytes', length: 4 },
  { name: 'nonce', type: 'bytes', length: 8 },
] as const;

type PassHeader = TableValue<typeof HEADER_FIELDS>;
export const PASS_HEADER: Codec<PassHeader> = table('pass header', HEADER_FIELDS);
export const PASS_CODE: Codec<TableValue<typeof CODE_FIELDS>> = table('pass code', CODE_FIELDS);
/** What binds a phone to a profile where a gate's list is older than the phone; follows the code in profile B. */
export type Certificate = TableValue<typeof CERTIFICATE_FIELDS>;
export const CERTIFICATE: Codec<Certificate> = table('certificate', CERTIFICATE_FIELDS);
/** What a gate shows for profile D. */
export type Challenge = TableValue<typeof CHALLENGE_FIELDS>;
export const CHALLENGE: Codec<Challenge> = table('challenge', CHALLENGE_FIELDS);
const CHALLENGE_PREFIX = 'LKD1:';

export interface PassCode {
  readonly profile: PassProfile;
  readonly algorithm: SigningAlgorithm;
  /** The algorithm byte as it stands in the code, with the parity. */
  readonly algorithmByte: number;
  /** Of a P-256 key's Y: 1 odd. 0 for Ed25519. */
  readonly parity: number;
  readonly zone: number;
  readonly timeS: number;
  readonly publicKey: Uint8Array;
  /** The 40 bytes before the signature, which it covers. */
  readonly header: Uint8Array;
  readonly signature: Uint8Array;
  readonly certificate?: Certificate;
}

export type PassCodeError = 'not-a-pass-code' | 'out-of-range' | 'unknown-version' | 'unknown-algorithm';

/** Never throws, whatever the text. */
export function decodePassCode(text: string): Result<PassCode, PassCodeError> {
  const certified = text.length === CERTIFIED_DIGITS;
  if ((!certified && text.length !== PASS_DIGITS) || !/^[0-9]+$/.test(text)) {
    return err('not-a-pass-code', `a pass code has ${PASS_DIGITS} or ${CERTIFIED_DIGITS} digits`);
  }
  const bytes = fromDecimal(text, certified ? PASS_CODE.size + CERTIFICATE.size : PASS_CODE.size);
  if (bytes === undefined) return err('out-of-range', 'the number is larger than a code can be');
  return readPassCode(bytes);
}

function readPassCode(bytes: Uint8Array): Result<PassCode, PassCodeError> {
  const profile = profileOf(bytes[0] ?? 0, bytes.length > PASS_CODE.size);
  if (profile === undefined) return err('unknown-version', 'its first byte names no profile of this length');
  const decoded = PASS_CODE.decode(bytes);
  if (!decoded.ok) return err('out-of-range', decoded.detail);
  const { algorithm: algorithmByte, zone, time: timeS, publicKey, signature } = decoded.value;
  const algorithm = ALGORITHMS.get(algorithmByte);
  if (algorithm === undefined) return err('unknown-algorithm', 'the algorithm byte is 01, 02 or 82');
  const certificate = profile === 'B' ? CERTIFICATE.decode(bytes, PASS_CODE.size) : undefined;
  if (certificate !== undefined && !certificate.ok) return err('out-of-range', certificate.detail);
  const header = bytes.subarray(0, PASS_HEADER.size);
  const parity = algorithmByte >> 7;
  const code = { profile, algorithm, algorithmByte, parity, zone, timeS, publicKey, header, signature };
  return ok(certificate === undefined ? code : { ...code, certificate: certificate.value });
}

/** An Ed25519 key has no parity: 81 would be a second spelling of 01. */
const ALGORITHMS: ReadonlyMap<number, SigningAlgorithm> = new Map([
  [0x01, 'EdDSA'],
  [0x02, 'ES256'],
  [0x82, 'ES256'],
]);

export const algorithmByteOf = (algorithm: SigningAlgorithm, parity: number): number =>
  algorithm === 'EdDSA' ? 0x01 : 0x02 | ((parity & 1) << 7);

function profileOf(version: number, certified: boolean): PassProfile | undefined {
  if (certified) return version === PASS_VERSIONS.B ? 'B' : undefined;
  if (version === PASS_VERSIONS.A) return 'A';
  return version === PASS_VERSIONS.D ? 'D' : undefined;
}

/** The digits to show of signed bytes; a certificate (72 bytes) follows in profile B. */
export function encodePassCode(header: Uint8Array, signature: Uint8Array, certificate?: Uint8Array): string {
  const bytes = concatBytes([header, signature, certificate ?? new Uint8Array(0)]);
  return toDecimal(bytes, certificate === undefined ? PASS_DIGITS : CERTIFIED_DIGITS);
}

const PASS = new TextEncoder().encode('campus-qr-v1\0');
const ANSWER = new TextEncoder().encode('campus-qr-d1\0');

/** What profiles A and B sign. `campusId` is 16 hex digits. */
export const passStatement = (campusId: string, header: Uint8Array): Uint8Array =>
  concatBytes([PASS, campusBytes(campusId), header]);

/** What profile D signs. */
export const answerStatement = (campusId: string, challenge: Challenge, header: Uint8Array): Uint8Array =>
  concatBytes([ANSWER, campusBytes(campusId), CHALLENGE.encode(challenge), header]);

/** The 8 bytes of a campus id. Throws on anything else: that is configuration, not input. */
export function campusBytes(campusId: string): Uint8Array {
  const bytes = fromHex(campusId);
  if (!bytes.ok || bytes.value.length !== 8) throw new RangeError('a campus id has 16 hex digits');
  return bytes.value;
}

/** Text of the QR code that a gate's display shows. */
export const challengeText = (challenge: Challenge): string =>
  `${CHALLENGE_PREFIX}${toBase64url(CHALLENGE.encode(challenge))}`;

export function readChallenge(text: string): Result<Challenge, 'not-a-challenge'> {
  const bytes = text.startsWith(CHALLENGE_PREFIX) ? fromBase64url(text.slice(CHALLENGE_PREFIX.length)) : undefined;
  const challenge = bytes?.ok && bytes.value.length === CHALLENGE.size ? CHALLENGE.decode(bytes.value) : undefined;
  return challenge?.ok ? challenge : err('not-a-challenge', 'scan the code that the gate itself shows');
}

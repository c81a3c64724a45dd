// SPDX-License-Identifier: Apache-2.0
// The phone's side of identity codes: its key, made by WebCrypto and never extractable, the codes of profiles A, B and D, and
// the proofs of enrolment and of status (api/me). Runs in a browser and in Node.
import type { CryptoKey } from 'jose';
import type { SigningAlgorithm } from '../authorization/keys.ts';
import {
  algorithmByteOf,
  answerStatement,
  type Challenge,
  encodePassCode,
  PASS_HEADER,
  PASS_VERSIONS,
  type PassProfile,
  passStatement,
} from './pass-code.ts';
import { enrolmentStatement, statusStatement } from './phone-statement.ts';

/** As WebCrypto makes it and IndexedDB keeps it. */
export interface PhoneKeyPair {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

export interface PhoneKey {
  readonly algorithm: SigningAlgorithm;
  readonly privateKey: CryptoKey;
  /** As enrolled: 32 bytes of Ed25519, or the uncompressed point of P-256, 65 bytes. */
  readonly rawPublicKey: Uint8Array;
  /** As in a code: 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly parity: number;
}

/** Where and when a code is to hold. */
export interface CodePlan {
  readonly campusId: string;
  readonly zone: number;
  readonly timeMs: number;
}

const GENERATION = { ES256: { name: 'ECDSA', namedCurve: 'P-256' }, EdDSA: { name: 'Ed25519' } } as const;
const SIGNING = { ES256: { name: 'ECDSA', hash: 'SHA-256' }, EdDSA: { name: 'Ed25519' } } as const;

/** A new key whose private part cannot leave. Rejects where the platform lacks the algorithm (Ed25519, in most phones yet). */
export async function generatePhoneKeys(algorithm: SigningAlgorithm = 'ES256'): Promise<PhoneKeyPair> {
  const keys = await crypto.subtle.generateKey(GENERATION[algorithm], false, ['sign', 'verify']);
  if (!('privateKey' in keys)) throw new TypeError('the platform made one key where two were asked for');
  return keys;
}

/** A key pair ready for codes. */
export async function phoneKeyOf({ privateKey, publicKey }: PhoneKeyPair): Promise<PhoneKey> {
  const algorithm = publicKey.algorithm.name === 'ECDSA' ? 'ES256' : 'EdDSA';
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
  const parts =
    algorithm === 'ES256'
      ? { publicKey: raw.slice(1, 33), parity: (raw[64] ?? 0) & 1 }
      : { publicKey: raw.slice(), parity: 0 };
  return { algorithm, privateKey, rawPublicKey: raw, ...parts };
}

/** A code of profile A; with a certificate (72 bytes, for this zone) one of profile B. */
export async function makeCode(key: PhoneKey, plan: CodePlan, certificate?: Uint8Array): Promise<string> {
  const header = headerOf(key, plan, certificate === undefined ? 'A' : 'B');
  return encodePassCode(header, await signWith(key, passStatement(plan.campusId, header)), certificate);
}

/** A code of profile D, good for one gate and one use. */
export async function answerChallenge(key: PhoneKey, plan: CodePlan, challenge: Challenge): Promise<string> {
  const header = headerOf(key, plan, 'D');
  return encodePassCode(header, await signWith(key, answerStatement(plan.campusId, challenge, header)));
}

/** `challenge` as the gateway gave it, decoded: 32 bytes. */
export const proveEnrolment = (key: PhoneKey, campusId: string, challenge: Uint8Array): Promise<Uint8Array> =>
  signWith(key, enrolmentStatement(campusId, challenge));

export const proveStatus = (key: PhoneKey, campusId: string, id: string, timeMs: number): Promise<Uint8Array> =>
  signWith(key, statusStatement(campusId, id, timeMs));

const headerOf = (key: PhoneKey, { zone, timeMs }: CodePlan, profile: PassProfile): Uint8Array =>
  PASS_HEADER.encode({
    version: PASS_VERSIONS[profile],
    algorithm: algorithmByteOf(key.algorithm, key.parity),
    zone,
    time: Math.floor(timeMs / 1_000),
    publicKey: key.publicKey,
  });

async function signWith({ algorithm, privateKey }: PhoneKey, statement: Uint8Array): Promise<Uint8Array> {
  // TypeScript tells buffers that may be shared from others; these never are.
  const bytes = statement as Uint8Array<ArrayBuffer>;
  return new Uint8Array(await crypto.subtle.sign(SIGNING[algorithm], privateKey, bytes));
}

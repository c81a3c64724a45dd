// SPDX-License-Identifier: Apache-2.0
// Certificate of profile B: the code-issuer key binds a phone's key to a profile of one policy, at one zone, for at most 72
// hours, so that a phone enrolled after a gate went offline is taken there.
import type { PublicJwk, SigningAlgorithm, SigningKey, VerifyingKey } from '../authorization/keys.ts';
import { type Codec, type TableValue, table } from '../bytes/field-table.ts';
import { CERTIFICATE, type Certificate, campusBytes } from './pass-code.ts';
import { importJwk, verifyRaw } from './pass-key.ts';

const MAX_CERTIFICATE_MS = 72 * 3_600_000;

const STATEMENT_FIELDS = [
  { name: 'magic', type: 'magic', text: 'campus-cert-v1\0' },
  { name: 'campusId', type: 'bytes', length: 8 },
  { name: 'zone', type: 'u16', min: 1 },
  { name: 'policyRoot', type: 'bytes', length: 32 },
  { name: 'algorithm', type: 'u8' },
  { name: 'publicKey', type: 'bytes', length: 32 },
  { name: 'expiry', type: 'u32' },
  { name: 'keyId', type: 'u16' },
  { name: 'profile', type: 'u16' },
] as const;
/** What the code-issuer key signs. */
export const CERTIFICATE_STATEMENT: Codec<TableValue<typeof STATEMENT_FIELDS>> = table(
  'certificate statement',
  STATEMENT_FIELDS,
);

/** Whom and where a certificate is for. */
export interface CertificateSubject {
  /** 16 hex digits. */
  readonly campusId: string;
  readonly zone: number;
  /** Digest of the policy in force at the zone's gates: profiles mean something only within it. */
  readonly policyRoot: Uint8Array;
  /** As in the code, with the parity (pass-code, algorithmByteOf). */
  readonly algorithmByte: number;
  readonly publicKey: Uint8Array;
}

export interface CertificateGrant {
  /** Epoch minute (UTC). */
  readonly expiry: number;
  readonly profile: number;
}

/** First two bytes of a kid, big-endian. */
export const keyIdOf = (kid: string): number => Number.parseInt(kid.slice(0, 4), 16);

/** 72 bytes. The issuer keeps the expiry within 72 h: gates refuse what is longer. */
export async function issueCertificate(
  { kid, alg, key }: SigningKey,
  subject: CertificateSubject,
  grant: CertificateGrant,
): Promise<Uint8Array> {
  const terms = { ...grant, keyId: keyIdOf(kid) };
  const statement = statementOf(subject, terms) as Uint8Array<ArrayBuffer>;
  const signing = alg === 'ES256' ? { name: 'ECDSA', hash: 'SHA-256' } : { name: 'Ed25519' };
  const signature = new Uint8Array(await crypto.subtle.sign(signing, key, statement));
  return CERTIFICATE.encode({ ...terms, signature });
}

/** Dates and key: what can be told without a signature. Past its expiry it is no forgery: the decision says expired. */
export const certificateIssuers = (
  { expiry, keyId }: Certificate,
  keys: readonly VerifyingKey[],
  nowMs: number,
): readonly VerifyingKey[] =>
  expiry * 60_000 - nowMs > MAX_CERTIFICATE_MS ? [] : keys.filter(({ kid }) => keyIdOf(kid) === keyId);

/** True where one of these keys signed it. Two keys may share a key id. */
export function certificateHolds(
  certificate: Certificate,
  subject: CertificateSubject,
  issuers: readonly VerifyingKey[],
): boolean {
  const statement = statementOf(subject, certificate);
  return issuers.some(({ alg, jwk }) => signedBy(alg, jwk, statement, certificate.signature));
}

const signedBy = (alg: SigningAlgorithm, jwk: PublicJwk, statement: Uint8Array, signature: Uint8Array): boolean =>
  verifyRaw(alg, importJwk(jwk), statement, signature);

const statementOf = (subject: CertificateSubject, terms: Omit<Certificate, 'signature'>): Uint8Array =>
  CERTIFICATE_STATEMENT.encode({
    campusId: campusBytes(subject.campusId),
    zone: subject.zone,
    policyRoot: subject.policyRoot,
    algorithm: subject.algorithmByte,
    publicKey: subject.publicKey,
    expiry: terms.expiry,
    keyId: terms.keyId,
    profile: terms.profile,
  });

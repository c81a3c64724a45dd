// SPDX-License-Identifier: Apache-2.0
// Tables of phones that make identity codes, and of people who show the codes of other apps.
import type { Generated, Selectable } from 'kysely';

export type PhoneState = 'active' | 'replaced' | 'withdrawn';
export type PhoneAlgorithm = 'EdDSA' | 'ES256';

/** Kept when it ends: its events stay the person's, and its key is never taken again. */
export interface PhoneTable {
  id: Generated<number>;
  person_id: number;
  name: string;
  algorithm: PhoneAlgorithm;
  /** As enrolled, base64url: 32 bytes of Ed25519, or the uncompressed point of P-256. */
  public_key: string;
  /** 16-byte id, SHA-256(type ‖ algorithm ‖ key) cut. */
  credential_id: string;
  /** 8-byte key under the campus PRF. */
  campus_ref: string;
  state: PhoneState;
  enrolled_at: number;
  ended_at: number | null;
}

/** Until `expires_at` gates take this phone's certificate where their list does not hold its key: so the list must. */
export interface PhoneCertificateTable {
  phone_id: number;
  scope_id: number;
  expires_at: number;
}

/** Challenges given out and not used yet. */
export interface PhoneChallengeTable {
  /** SHA-256 of the challenge, 64 hex digits. */
  digest: string;
  person_id: number;
  /** In which it was asked for. */
  session: string;
  expires_at: number;
}

/** What events call a person who showed a code of another app: they have no credential of ours. */
export interface CodeReferenceTable {
  campus_ref: string;
  person_id: number;
}

export interface PhoneTables {
  phone: PhoneTable;
  phone_certificate: PhoneCertificateTable;
  phone_challenge: PhoneChallengeTable;
  code_reference: CodeReferenceTable;
}

export type PhoneRow = Selectable<PhoneTable>;

// SPDX-License-Identifier: Apache-2.0
// Tables of signing in. Of passwords, session tokens and device tokens there are hashes only.
import type { Generated, Selectable } from 'kysely';

export type SignInMethod = 'password' | 'passkey' | 'oidc';

/** Made when a person first signs in, or gets an initial password. */
export interface AccountTable {
  person_id: number;
  /** Works until a password of one's own is set, and after a reset. See adapters/password-hash for the form. */
  initial_hash: string | null;
  /** Chosen by the person; null: the initial one is in use, and only good for changing it. */
  password_hash: string | null;
  disabled: Generated<0 | 1>;
  /** When the password in use was set. */
  set_at: number | null;
  created_at: number;
}

export interface PasskeyTable {
  /** Credential id, base64url. */
  id: string;
  person_id: number;
  /** COSE key. */
  public_key: Uint8Array;
  counter: number;
  /** JSON array of WebAuthn transports. */
  transports: string;
  name: string;
  added_at: number;
  last_used_at: number | null;
}

export interface SessionTable {
  /** SHA-256 of the token in the cookie, 64 hex digits. */
  token_hash: string;
  person_id: number;
  method: SignInMethod;
  /** Family of the browser, such as `Firefox`; never the whole user agent. */
  agent: string;
  /** Sealed; the identity provider wants it back at signing out. */
  id_token: string | null;
  created_at: number;
  last_seen_at: number;
}

/** A browser that signed in to this account before: others cannot lock it out. */
export interface KnownDeviceTable {
  /** SHA-256 of the token in the device's cookie, 64 hex digits. */
  device_hash: string;
  person_id: number;
  last_used_at: number;
}

/** Challenges and states that did their work once. */
export interface UsedFlowTable {
  id: string;
  expires_at: number;
}

export interface SignInTables {
  account: AccountTable;
  passkey: PasskeyTable;
  session: SessionTable;
  known_device: KnownDeviceTable;
  used_flow: UsedFlowTable;
}

export type AccountRow = Selectable<AccountTable>;
export type PasskeyRow = Selectable<PasskeyTable>;
export type SessionRow = Selectable<SessionTable>;

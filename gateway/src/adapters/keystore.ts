// SPDX-License-Identifier: Apache-2.0
// What the gateway signs and seals with: a private key for each role, named by the root document in force.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { KEY_ROLES, type KeyRole, type SigningKey } from '@latchkey/protocols/authorization/keys';
import { err, ok, type Result } from '@latchkey/protocols/result';
import { CompactEncrypt, importJWK, type JWK } from 'jose';
import { loadRoleKeys, type RoleKeyError, type RoleKeys, roleKeyPath } from './role-keys.ts';
import { judgeRoot, loadRoots, type RootStoreError, type StoredRoot, storeRoot } from './root-store.ts';

export interface Keystore {
  /** The root document in force. */
  readonly root: StoredRoot;
  /** Documents after `version`, oldest first, for a controller that has that one. */
  rootsAfter(version: number): readonly StoredRoot[];
  key(role: KeyRole): SigningKey;
  /** For secrets in the database: nonce ‖ ciphertext ‖ tag. */
  seal(secret: Uint8Array): Uint8Array;
  /** Throws where the database was sealed with another key. */
  open(sealed: Uint8Array): Uint8Array;
}

export type KeystoreError = RoleKeyError | RootStoreError | 'keys-not-named';

export interface KeystoreOptions {
  readonly dataDir: string;
  readonly passphrase: string | undefined;
}

export async function openKeystore({ dataDir, passphrase }: KeystoreOptions): Promise<Result<Keystore, KeystoreError>> {
  const keys = await loadRoleKeys(dataDir, 'current', passphrase);
  if (!keys.ok) return keys;
  const roots = await loadRoots(dataDir);
  if (!roots.ok) return roots;
  const root = roots.value.at(-1) as StoredRoot;
  const unnamed = unnamedRole(keys.value, root);
  if (unnamed !== undefined) {
    const detail = `root document ${root.document.version} does not name this gateway's ${unnamed} key: install the document that does`;
    return err('keys-not-named', detail);
  }
  const { signing, sealingKey } = keys.value;
  return ok({
    root,
    rootsAfter: (version) => roots.value.filter(({ document }) => document.version > version),
    key: (role) => signing[role],
    seal: (secret) => seal(sealingKey, secret),
    open: (sealed) => open(sealingKey, sealed),
  });
}

/** The first role whose key the document does not name. List keys must be good for every scope. */
export function unnamedRole({ signing }: RoleKeys, { keyring }: StoredRoot): KeyRole | undefined {
  return KEY_ROLES.find((role) => {
    const found = keyring.find(signing[role].kid, role);
    return !found.ok && found.code !== 'wrong-scope';
  });
}

/** Takes a root document into force, and with it the role keys made for it. The gateway reads it at its next start. */
export async function installRoot(
  { dataDir, passphrase }: KeystoreOptions,
  frame: Uint8Array,
): Promise<Result<StoredRoot, KeystoreError>> {
  const roots = await loadRoots(dataDir);
  if (!roots.ok && roots.code !== 'root-missing') return roots;
  const judged = await judgeRoot(roots.ok ? roots.value.at(-1) : undefined, frame);
  if (!judged.ok) return judged;
  for (const set of ['current', 'next'] as const) {
    const keys = await loadRoleKeys(dataDir, set, passphrase);
    if (!keys.ok && keys.code !== 'keys-missing') return keys;
    if (!keys.ok || unnamedRole(keys.value, judged.value) !== undefined) continue;
    await storeRoot(dataDir, judged.value);
    if (set === 'next') await rename(roleKeyPath(dataDir, 'next'), roleKeyPath(dataDir, 'current'));
    return judged;
  }
  return err('keys-not-named', 'the document does not name the keys of this gateway: was it signed for its request?');
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

function seal(key: Uint8Array, secret: Uint8Array): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return new Uint8Array(Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]));
}

function open(key: Uint8Array, sealed: Uint8Array): Uint8Array {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const plain = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
    return new Uint8Array(Buffer.concat([plain, decipher.final()]));
  } catch {
    throw new Error('the database was sealed with other keys: restore the keys directory that belongs to it');
  }
}

/** A signed PRF key for one controller, encrypted to the key it made at enrolment. */
export async function wrapPrfKey(encryptionJwk: JWK, frame: Uint8Array): Promise<string> {
  const key = await importJWK(encryptionJwk, 'ECDH-ES+A256KW');
  return new CompactEncrypt(frame).setProtectedHeader({ alg: 'ECDH-ES+A256KW', enc: 'A256GCM' }).encrypt(key);
}

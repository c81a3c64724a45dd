// SPDX-License-Identifier: Apache-2.0
// The gateway's own private keys: one for each role, and the key that seals PRF keys in the database.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  generateSigningJwk,
  importSigningKey,
  KEY_ROLES,
  type KeyRole,
  type PublicJwk,
  type SigningKey,
  toPublicJwk,
} from '@latchkey/protocols/authorization/keys';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { JWK } from 'jose';
import { z } from 'zod';
import { makePrivateDirectory, writePrivateFile } from './private-file.ts';
import { type ProtectionError, protectJson, unprotectJson } from './protected-json.ts';

const privateJwk = z.looseObject({ kty: z.string(), d: z.string() });
const content = z.strictObject({
  roles: z.strictObject({ list: privateJwk, deny: privateJwk, command: privateJwk, code: privateJwk }),
  sealingKey: z.base64(),
});

/** `next`: made for a rotation, in use once a root document names them. */
export type RoleKeySet = 'current' | 'next';

export interface RoleKeys {
  readonly signing: Readonly<Record<KeyRole, SigningKey>>;
  readonly publicKeys: Readonly<Record<KeyRole, PublicJwk>>;
  readonly sealingKey: Uint8Array;
}

export type RoleKeyError = 'keys-missing' | ProtectionError;

const FILES: Readonly<Record<RoleKeySet, string>> = { current: 'role-keys.json', next: 'role-keys.next.json' };
export const keyDirectory = (dataDir: string): string => join(dataDir, 'keys');
export const roleKeyPath = (dataDir: string, set: RoleKeySet): string => join(keyDirectory(dataDir), FILES[set]);

export async function loadRoleKeys(
  dataDir: string,
  set: RoleKeySet,
  passphrase: string | undefined,
): Promise<Result<RoleKeys, RoleKeyError>> {
  const path = roleKeyPath(dataDir, set);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return err('keys-missing', `${path} is not there: make the gateway's keys with "latchkey keys request"`);
    throw error;
  }
  const opened = await unprotectJson(text, passphrase);
  if (!opened.ok) return err(opened.code, `${path}: ${opened.detail}`);
  const parsed = content.safeParse(opened.value);
  if (!parsed.success) return err('malformed-file', `${path}: it does not hold the keys of all roles`);
  return importAll(path, parsed.data);
}

async function importAll(
  path: string,
  { roles, sealingKey }: z.infer<typeof content>,
): Promise<Result<RoleKeys, RoleKeyError>> {
  const signing: Partial<Record<KeyRole, SigningKey>> = {};
  const publicKeys: Partial<Record<KeyRole, PublicJwk>> = {};
  for (const role of KEY_ROLES) {
    const jwk = roles[role] as JWK;
    const key = await importSigningKey(jwk);
    const open = toPublicJwk(jwk);
    if (!key.ok || !open.ok) return err('malformed-file', `${path}: the ${role} key is damaged`);
    signing[role] = key.value;
    publicKeys[role] = open.value;
  }
  return ok({
    signing: signing as Record<KeyRole, SigningKey>,
    publicKeys: publicKeys as Record<KeyRole, PublicJwk>,
    sealingKey: Buffer.from(sealingKey, 'base64'),
  });
}

/** New keys for every role. A rotation keeps the sealing key: the database is sealed with it. */
export async function createRoleKeys(
  dataDir: string,
  set: RoleKeySet,
  passphrase: string | undefined,
  sealingKey: Uint8Array = randomBytes(32),
): Promise<void> {
  const roles: Partial<Record<KeyRole, JWK>> = {};
  for (const role of KEY_ROLES) roles[role] = await generateSigningJwk('EdDSA');
  await makePrivateDirectory(keyDirectory(dataDir));
  const file = { roles, sealingKey: Buffer.from(sealingKey).toString('base64') };
  await writePrivateFile(roleKeyPath(dataDir, set), await protectJson(file, passphrase));
}

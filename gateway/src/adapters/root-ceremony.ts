// SPDX-License-Identifier: Apache-2.0
// The root ceremony: root keys in files of their own, each under its own passphrase, used offline to sign root documents.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  generateSigningJwk,
  importSigningKey,
  KEY_ROLES,
  type PublicJwk,
  publicJwk,
  type SigningKey,
  toPublicJwk,
} from '@latchkey/protocols/authorization/keys';
import { decodeRoot, type RootDocument, signRoot } from '@latchkey/protocols/authorization/root-document';
import { err, ok, type Result } from '@latchkey/protocols/result';
import { z } from 'zod';
import { makePrivateDirectory, writePrivateFile } from './private-file.ts';
import { type ProtectionError, protectJson, unprotectJson } from './protected-json.ts';
import type { RoleKeys } from './role-keys.ts';

/** What a gateway asks the root keys' holders to sign. Public. */
export const keyRequest = z.strictObject({
  format: z.literal(1),
  keys: z.array(z.strictObject({ role: z.enum(KEY_ROLES), jwk: publicJwk })).min(KEY_ROLES.length),
});
export type KeyRequest = z.infer<typeof keyRequest>;

/** The public halves of all root keys, as every document lists them. */
export const rootPublic = z.strictObject({
  format: z.literal(1),
  threshold: z.int().min(1).max(16),
  keys: z.array(publicJwk).min(1).max(16),
});
export type RootPublic = z.infer<typeof rootPublic>;

export const requestOf = ({ publicKeys }: RoleKeys): KeyRequest => ({
  format: 1,
  keys: KEY_ROLES.map((role) => ({ role, jwk: publicKeys[role] })),
});

export const ROOT_PUBLIC_FILE = 'root-public.json';
export const rootKeyFile = (number: number): string => `root-${number}.key.json`;

/** One file a key. `passphraseOf` is asked for each in turn; `undefined` leaves that key unprotected. */
export async function createRootKeys(
  directory: string,
  { shares, threshold }: { readonly shares: number; readonly threshold: number },
  passphraseOf: (number: number) => Promise<string | undefined>,
): Promise<RootPublic> {
  await makePrivateDirectory(directory);
  const keys: PublicJwk[] = [];
  for (let number = 1; number <= shares; number++) {
    const jwk = await generateSigningJwk('EdDSA');
    const open = toPublicJwk(jwk);
    if (!open.ok) throw new Error('the platform made a key that is none');
    keys.push(open.value);
    const path = join(directory, rootKeyFile(number));
    await writePrivateFile(path, await protectJson({ rootKey: jwk }, await passphraseOf(number)));
  }
  const all: RootPublic = { format: 1, threshold, keys };
  await writePrivateFile(join(directory, ROOT_PUBLIC_FILE), `${JSON.stringify(all, null, 2)}\n`);
  return all;
}

export async function openRootKey(
  path: string,
  passphrase: string | undefined,
): Promise<Result<SigningKey, ProtectionError>> {
  const opened = await unprotectJson(await readFile(path, 'utf8'), passphrase);
  if (!opened.ok) return err(opened.code, `${path}: ${opened.detail}`);
  const parsed = z.strictObject({ rootKey: z.looseObject({ kty: z.string() }) }).safeParse(opened.value);
  if (!parsed.success) return err('malformed-file', `${path}: it holds no root key`);
  const key = await importSigningKey(parsed.data.rootKey);
  return key.ok ? key : err('malformed-file', `${path}: ${key.detail ?? key.code}`);
}

export interface RootPlan {
  readonly request: KeyRequest;
  readonly roots: RootPublic;
  readonly campusId: string;
  /** The document in force; the new one follows it and starts a new epoch. */
  readonly previous: RootDocument | undefined;
  readonly nowMs: number;
}

export const planRoot = ({ request, roots, campusId, previous, nowMs }: RootPlan): RootDocument => ({
  version: (previous?.version ?? 0) + 1,
  epoch: (previous?.epoch ?? 0) + 1,
  campusId,
  threshold: roots.threshold,
  rootKeys: roots.keys,
  keys: request.keys.map(({ role, jwk }) => ({ role, scopes: 'all' as const, jwk })),
  issuedAtMs: nowMs,
});

export const signPlannedRoot = (plan: RootPlan, keys: readonly SigningKey[]): Promise<Uint8Array> =>
  signRoot(planRoot(plan), keys);

export function readRootDocument(frame: Uint8Array): Result<RootDocument, 'not-a-root-document'> {
  const decoded = decodeRoot(frame);
  return decoded.ok ? ok(decoded.value.document) : err('not-a-root-document', decoded.detail ?? decoded.code);
}

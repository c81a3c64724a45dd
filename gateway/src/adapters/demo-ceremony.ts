// SPDX-License-Identifier: Apache-2.0
// The whole root ceremony on one machine, without passphrases: for trials. Whoever takes this machine has the campus.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SigningKey } from '@latchkey/protocols/authorization/keys';
import { installRoot } from './keystore.ts';
import { createRoleKeys, keyDirectory, loadRoleKeys, roleKeyPath } from './role-keys.ts';
import { createRootKeys, openRootKey, requestOf, rootKeyFile, signPlannedRoot } from './root-ceremony.ts';
import { loadRoots } from './root-store.ts';

const SHARES = 3;
const THRESHOLD = 2;

export const demoRootDirectory = (dataDir: string): string => join(keyDirectory(dataDir), 'demo-root-keys');
/** Said by `latchkey keys show`, and by the gateway at every start. */
export const isDemo = (dataDir: string): boolean => existsSync(demoRootDirectory(dataDir));

/** Does nothing where keys are installed. Resolves with true where it made them. */
export async function ceremonyForDemo(
  dataDir: string,
  { campusId = randomBytes(8).toString('hex'), nowMs }: { readonly campusId?: string; readonly nowMs: number },
): Promise<boolean> {
  if ((await loadRoots(dataDir)).ok) return false;
  if (!existsSync(roleKeyPath(dataDir, 'current'))) await createRoleKeys(dataDir, 'current', undefined);
  const keys = await loadRoleKeys(dataDir, 'current', undefined);
  if (!keys.ok) throw new Error(keys.detail ?? keys.code);
  const directory = demoRootDirectory(dataDir);
  const roots = await createRootKeys(directory, { shares: SHARES, threshold: THRESHOLD }, async () => undefined);
  const signers: SigningKey[] = [];
  for (let number = 1; number <= THRESHOLD; number++) {
    const key = await openRootKey(join(directory, rootKeyFile(number)), undefined);
    if (!key.ok) throw new Error(key.detail ?? key.code);
    signers.push(key.value);
  }
  const plan = { request: requestOf(keys.value), roots, campusId, previous: undefined, nowMs };
  const installed = await installRoot({ dataDir, passphrase: undefined }, await signPlannedRoot(plan, signers));
  if (!installed.ok) throw new Error(installed.detail ?? installed.code);
  return true;
}

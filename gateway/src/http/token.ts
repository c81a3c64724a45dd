// SPDX-License-Identifier: Apache-2.0
// The administrator token: 256 random bits, made at first start. The gateway keeps only its digest; the plain token lies in a
// 0600 file that the operator may move away. Deleting both files and restarting makes a new one.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const TOKEN_FILE = 'admin-token';
const DIGEST_FILE = 'admin-token.sha256';
const PREFIX = 'lka_';

export interface TokenCheck {
  readonly tokenFile: string;
  /** Takes the same time for every wrong token. */
  accepts(token: string): boolean;
}

const digestOf = (token: string) => createHash('sha256').update(token, 'utf8').digest();

export function checkAgainst(digest: Uint8Array, tokenFile: string): TokenCheck {
  return { tokenFile, accepts: (token) => timingSafeEqual(digestOf(token), digest) };
}

export async function openAdminToken(dataDir: string): Promise<TokenCheck> {
  const tokenFile = join(dataDir, TOKEN_FILE);
  const digestFile = join(dataDir, DIGEST_FILE);
  const stored = await readDigest(digestFile);
  if (stored !== undefined) return checkAgainst(stored, tokenFile);
  const token = PREFIX + randomBytes(32).toString('base64url');
  const digest = digestOf(token);
  await writePrivate(tokenFile, `${token}\n`);
  await writePrivate(digestFile, `${digest.toString('hex')}\n`);
  return checkAgainst(digest, tokenFile);
}

async function readDigest(path: string): Promise<Uint8Array | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  if (!/^[0-9a-f]{64}\s*$/.test(text)) throw new Error(`${path} is damaged: delete it and ${TOKEN_FILE}, then restart`);
  return Buffer.from(text.trim(), 'hex');
}

/** An existing file keeps its mode on write: set it as well. */
async function writePrivate(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
}

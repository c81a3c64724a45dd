// SPDX-License-Identifier: Apache-2.0
// Secrets shared with another system: read once, at start, from a file that only its owner may read.
import { open } from 'node:fs/promises';
import { StartRefused } from './start-refused.ts';

const MIN_SECRET_BYTES = 32;
const FOR_OTHERS = 0o077;

/** Its text without line ends, as bytes. `whose`, such as `resolver e-code`, is for the operator. */
export async function readSecret(whose: string, path: string): Promise<Uint8Array> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => refuseFile(whose, 'secretFile', path, error));
  try {
    const { mode } = await file.stat();
    if ((mode & FOR_OTHERS) !== 0)
      throw new StartRefused(`${whose}: others may read its secret ${path}`, `chmod 600 ${path}`);
    const secret = new Uint8Array(Buffer.from((await file.readFile('utf8')).trim()));
    if (secret.length >= MIN_SECRET_BYTES) return secret;
    throw new StartRefused(`${whose}: the secret in ${path} is short`, `use ${MIN_SECRET_BYTES} bytes or more`);
  } finally {
    await file.close();
  }
}

export function refuseFile(whose: string, field: string, path: string, error: NodeJS.ErrnoException): never {
  throw new StartRefused(`${whose}: ${field} ${path} cannot be read (${error.code ?? 'unknown'})`, 'correct it');
}

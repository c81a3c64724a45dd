// SPDX-License-Identifier: Apache-2.0
// Where the passphrase of the gateway's keys comes from: a variable, a file, or a command such as systemd-creds or tpm2_unseal.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { err, ok, type Result } from '@latchkey/protocols/result';

export const PASSPHRASE_VARIABLE = 'LATCHKEY_KEY_PASSPHRASE';
export const PASSPHRASE_FILE_VARIABLE = 'LATCHKEY_KEY_PASSPHRASE_FILE';
export const PASSPHRASE_COMMAND_VARIABLE = 'LATCHKEY_KEY_PASSPHRASE_COMMAND';

export type PassphraseError = 'passphrase-unavailable';

const COMMAND_TIMEOUT_MS = 30_000;
const run = promisify(execFile);

/** `undefined`: none is configured, the keys lie as plain text. */
export async function readPassphrase(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Result<string | undefined, PassphraseError>> {
  const text = environment[PASSPHRASE_VARIABLE];
  if (text !== undefined && text !== '') return ok(text);
  const file = environment[PASSPHRASE_FILE_VARIABLE];
  if (file !== undefined && file !== '') return readPassphraseFile(file);
  const command = environment[PASSPHRASE_COMMAND_VARIABLE];
  if (command === undefined || command === '') return ok(undefined);
  try {
    const { stdout } = await run('/bin/sh', ['-c', command], { timeout: COMMAND_TIMEOUT_MS });
    return firstLine(stdout, PASSPHRASE_COMMAND_VARIABLE);
  } catch {
    return err(
      'passphrase-unavailable',
      `${PASSPHRASE_COMMAND_VARIABLE}: the command failed; run it by hand to see why`,
    );
  }
}

export async function readPassphraseFile(path: string): Promise<Result<string, PassphraseError>> {
  try {
    return firstLine(await readFile(path, 'utf8'), path);
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    return err('passphrase-unavailable', `${path}: ${code}; name a file that holds the passphrase`);
  }
}

function firstLine(text: string, source: string): Result<string, PassphraseError> {
  const [line = ''] = text.split(/\r?\n/, 1);
  return line === '' ? err('passphrase-unavailable', `${source}: it gave an empty passphrase`) : ok(line);
}

// SPDX-License-Identifier: Apache-2.0
// latchkey keys root: make root keys, sign root documents. Done on a machine without a network.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { keyId, type SigningKey } from '@latchkey/protocols/authorization/keys';
import type { RootDocument } from '@latchkey/protocols/authorization/root-document';
import { type Command, InvalidArgumentError } from 'commander';
import type { z } from 'zod';
import { readPassphraseFile } from '../../adapters/passphrase.ts';
import { writePrivateFile } from '../../adapters/private-file.ts';
import {
  createRootKeys,
  keyRequest,
  openRootKey,
  planRoot,
  ROOT_PUBLIC_FILE,
  type RootPublic,
  readRootDocument,
  rootKeyFile,
  rootPublic,
  signPlannedRoot,
} from '../../adapters/root-ceremony.ts';
import { action, fail, failFile, failUsage } from './fail.ts';
import { printTable } from './print.ts';
import { askNewSecret, askSecret } from './terminal-secret.ts';

const MAX_SHARES = 16;
const IN_FILES = 'give each key its own in a file (--passphrase-file, once for each)';

export function registerRootKeys(keys: Command): void {
  const root = keys.command('root').description('root keys, used offline: create, sign');
  root
    .command('create')
    .description('make root keys, each in a file of its own under its own passphrase')
    .requiredOption('--out <dir>', 'new directory, best on a medium that can be locked away')
    .option('--shares <n>', 'how many keys', count, 3)
    .option('--threshold <n>', 'how many of them must sign', count, 2)
    .option('--passphrase-file <file>', 'holds the passphrase of the next key; once for each key', collect)
    .option('--no-passphrase', 'leave the keys unprotected: for laboratories')
    .addHelpText(
      'after',
      '\nHand each key to another person. Any two of three can sign; one lost or stolen key is no disaster.',
    )
    .action(action(create));
  root
    .command('sign')
    .description("sign a root document that names a gateway's keys")
    .requiredOption('--request <file>', 'what "keys request" wrote')
    .requiredOption('--root-key <file>', 'a root key; give as many as the threshold asks for', collect)
    .option(
      '--root-public <file>',
      `the public halves of all root keys (default: ${ROOT_PUBLIC_FILE} beside the first key)`,
    )
    .option('--campus <hex>', '8 bytes that tell this campus from others, 16 hex digits; chosen once')
    .option('--previous <file>', 'the document in force; the new one follows it and needs keys of both')
    .option('--passphrase-file <file>', 'holds the passphrase of the next key; once for each key', collect)
    .requiredOption('--out <file>', 'where to write the signed document')
    .action(action(sign));
}

/** Commander shows a default in the help, and takes it for an answer where one is required: there is none. */
const collect = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value];

function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= MAX_SHARES) return value;
  throw new InvalidArgumentError(`use a number from 1 to ${MAX_SHARES}`);
}

interface CreateOptions {
  readonly out: string;
  readonly shares: number;
  readonly threshold: number;
  readonly passphraseFile?: readonly string[];
  readonly passphrase: boolean;
}

async function create(options: CreateOptions): Promise<void> {
  const { out, shares, threshold } = options;
  if (threshold > shares) return failUsage(`--threshold ${threshold} is more than --shares ${shares}`, 'lower it');
  if (existsSync(join(out, ROOT_PUBLIC_FILE))) return fail(`${out} holds root keys already`, 'name another directory');
  const made = await createRootKeys(out, { shares, threshold }, (number) => newPassphrase(options, number));
  const rows = await Promise.all(made.keys.map(async (jwk, index) => [rootKeyFile(index + 1), await keyId(jwk)]));
  printTable(['file', 'key id'], rows);
  process.stdout.write(`${join(out, ROOT_PUBLIC_FILE)}: public, keep a copy with each key\n`);
}

async function newPassphrase(options: CreateOptions, number: number): Promise<string | undefined> {
  if (!options.passphrase) return undefined;
  const file = options.passphraseFile?.[number - 1];
  if (file === undefined) return askNewSecret(`passphrase of root key ${number}`, IN_FILES);
  return fromFile(file);
}

async function fromFile(path: string): Promise<string> {
  const read = await readPassphraseFile(path);
  return read.ok ? read.value : fail(read.detail ?? read.code);
}

interface SignOptions {
  readonly request: string;
  readonly rootKey: readonly string[];
  readonly rootPublic?: string;
  readonly campus?: string;
  readonly previous?: string;
  readonly passphraseFile?: readonly string[];
  readonly out: string;
}

async function sign(options: SignOptions): Promise<void> {
  const previous = options.previous === undefined ? undefined : await readPrevious(options.previous);
  const campusId = campusOf(options.campus, previous);
  const roots = await rootsOf(options, previous);
  const request = await readJson(options.request, keyRequest, 'a request of "keys request"');
  const signers = await openSigners(options);
  const plan = { request, roots, campusId, previous, nowMs: Date.now() };
  const known = await Promise.all(roots.keys.map(keyId));
  const own = signers.filter(({ kid }) => known.includes(kid)).length;
  if (own < roots.threshold) {
    return fail(
      `${own} of the keys given are among its root keys, ${roots.threshold} must sign`,
      'give more with --root-key',
    );
  }
  await writePrivateFile(options.out, await signPlannedRoot(plan, signers));
  const { version, epoch } = planRoot(plan);
  process.stdout.write(`${options.out}: root document ${version}, epoch ${epoch}, campus ${campusId}; it names:\n`);
  printTable(
    ['role', 'key id'],
    await Promise.all(request.keys.map(async ({ role, jwk }) => [role, await keyId(jwk)])),
  );
}

function campusOf(given: string | undefined, previous: RootDocument | undefined): string {
  if (previous !== undefined) {
    if (given === undefined || given === previous.campusId) return previous.campusId;
    return failUsage(`--campus: the document in force is of campus ${previous.campusId}`, 'leave it out');
  }
  if (given !== undefined && /^[0-9a-f]{16}$/.test(given)) return given;
  return failUsage('--campus: 16 hex digits are needed', 'such as 00000000c0ffee01, and never change them');
}

async function rootsOf(options: SignOptions, previous: RootDocument | undefined): Promise<RootPublic> {
  if (options.rootPublic === undefined && previous !== undefined)
    return { format: 1, threshold: previous.threshold, keys: previous.rootKeys };
  const path = options.rootPublic ?? join(dirname(options.rootKey[0] ?? '.'), ROOT_PUBLIC_FILE);
  return readJson(path, rootPublic, 'the public halves of root keys');
}

async function openSigners({ rootKey, passphraseFile = [] }: SignOptions): Promise<SigningKey[]> {
  const signers: SigningKey[] = [];
  for (const [index, path] of rootKey.entries()) {
    const file = passphraseFile[index];
    let key = await openRootKey(await readable(path), file === undefined ? undefined : await fromFile(file));
    if (!key.ok && key.code === 'passphrase-needed')
      key = await openRootKey(path, await askSecret(`passphrase of ${path}`, IN_FILES));
    signers.push(key.ok ? key.value : fail(key.detail ?? key.code));
  }
  return signers;
}

async function readable(path: string): Promise<string> {
  await readInput(path);
  return path;
}

async function readPrevious(path: string): Promise<RootDocument> {
  const document = readRootDocument(await readInput(path));
  return document.ok ? document.value : fail(`${path} is no root document`, 'name the file that is installed');
}

async function readJson<T>(path: string, schema: z.ZodType<T>, what: string): Promise<T> {
  const bytes = await readInput(path);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    value = undefined;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : fail(`${path} is not ${what}`, 'name the right file');
}

async function readInput(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    return failFile(path, error);
  }
}

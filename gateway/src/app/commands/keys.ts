// SPDX-License-Identifier: Apache-2.0
// latchkey keys: the gateway's role keys (request, install, show), and below `keys root` the ceremony done offline.
import { readFile, stat } from 'node:fs/promises';
import { KEY_ROLES } from '@latchkey/protocols/authorization/keys';
import { type Command, Option } from 'commander';
import { isDemo } from '../../adapters/demo-ceremony.ts';
import { installRoot } from '../../adapters/keystore.ts';
import { readPassphrase, readPassphraseFile } from '../../adapters/passphrase.ts';
import { writePrivateFile } from '../../adapters/private-file.ts';
import { createRoleKeys, loadRoleKeys, type RoleKeySet, type RoleKeys, roleKeyPath } from '../../adapters/role-keys.ts';
import { requestOf } from '../../adapters/root-ceremony.ts';
import { loadRoots, type StoredRoot } from '../../adapters/root-store.ts';
import { action, EXIT, fail, failFile } from './fail.ts';
import { registerRootKeys } from './keys-root.ts';
import { printTable } from './print.ts';

interface KeyOptions {
  readonly data: string;
  readonly passphraseFile?: string;
}

const CEREMONY = `
The ceremony, once, with the root keys on a machine that never sees a network:
  offline$ latchkey keys root create --out /media/root --shares 3 --threshold 2
  gateway$ latchkey keys request --data /var/lib/latchkey --out request.json
  offline$ latchkey keys root sign --request request.json --root-key /media/root/root-1.key.json \\
             --root-key /media/root/root-2.key.json --campus 00000000c0ffee01 --out root.signed
  gateway$ latchkey keys install root.signed --data /var/lib/latchkey
The passphrase of the gateway's keys: LATCHKEY_KEY_PASSPHRASE, LATCHKEY_KEY_PASSPHRASE_FILE, or a command that prints it in
LATCHKEY_KEY_PASSPHRASE_COMMAND (systemd-creds, tpm2_unseal); none of them: the keys lie as plain text, for their owner only.`;

export function registerKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description("keys: the root ceremony, and the gateway's own")
    .addHelpText('after', CEREMONY);
  withData(keys.command('request'))
    .description("make the gateway's keys and write what the root keys are to sign; public")
    .option('--out <file>', 'where to write the request', 'request.json')
    .option('--rotate', 'make new keys beside those in use; a root document that names them brings them into force')
    .action(action(request));
  withData(keys.command('install'))
    .description('take a signed root document into force; restart the gateway afterwards')
    .argument('<root.signed>', 'what "keys root sign" wrote')
    .action(action(install));
  withData(keys.command('show'))
    .description('what is installed: root documents, key ids by role')
    .option('--json', 'as JSON')
    .action(action(show));
  registerRootKeys(keys);
}

const withData = (command: Command): Command =>
  command
    .addOption(
      new Option('--data <dir>', "the gateway's data directory").env('LATCHKEY_DATA').default('.latchkey/gateway'),
    )
    .option('--passphrase-file <file>', "file that holds the passphrase of the gateway's keys");

async function passphraseOf({ passphraseFile }: KeyOptions): Promise<string | undefined> {
  const read =
    passphraseFile === undefined ? await readPassphrase(process.env) : await readPassphraseFile(passphraseFile);
  return read.ok ? read.value : fail(read.detail ?? read.code);
}

async function request(options: KeyOptions & { out: string; rotate?: boolean }): Promise<void> {
  const passphrase = await passphraseOf(options);
  const set: RoleKeySet = options.rotate === true ? 'next' : 'current';
  if (!(await exists(roleKeyPath(options.data, set)))) {
    const sealingKey = set === 'next' ? (await load(options.data, 'current', passphrase)).sealingKey : undefined;
    await createRoleKeys(options.data, set, passphrase, sealingKey);
  }
  const keys = await load(options.data, set, passphrase);
  await writePrivateFile(options.out, `${JSON.stringify(requestOf(keys), null, 2)}\n`);
  process.stdout.write(`${options.out}: take it to the root keys; compare these key ids there:\n`);
  printTable(['role', 'key id'], rolesOf(keys));
}

const rolesOf = ({ signing }: RoleKeys) => KEY_ROLES.map((role) => [role, signing[role].kid]);

async function load(data: string, set: RoleKeySet, passphrase: string | undefined): Promise<RoleKeys> {
  const keys = await loadRoleKeys(data, set, passphrase);
  return keys.ok ? keys.value : fail(keys.detail ?? keys.code);
}

async function install(file: string, options: KeyOptions): Promise<void> {
  const passphrase = await passphraseOf(options);
  const installed = await installRoot({ dataDir: options.data, passphrase }, await readInput(file));
  if (!installed.ok) return fail(`${file} was not installed: ${installed.detail ?? installed.code}`);
  const { document, digest } = installed.value;
  process.stdout.write(
    `root document ${document.version} is in force: campus ${document.campusId}, epoch ${document.epoch}\n` +
      `digest ${digest}\nrestart the gateway to use it\n`,
  );
}

async function show(options: KeyOptions & { json?: boolean }): Promise<number> {
  const roots = await loadRoots(options.data);
  if (!roots.ok) return fail(roots.detail ?? roots.code);
  const demo = isDemo(options.data);
  if (options.json === true)
    process.stdout.write(`${JSON.stringify({ demo, roots: roots.value.map(summary) }, null, 2)}\n`);
  else showTable(roots.value, demo);
  return EXIT.done;
}

const summary = ({ document, digest }: StoredRoot) => ({ ...document, digest });

function showTable(roots: readonly StoredRoot[], demo: boolean): void {
  const newest = roots.at(-1) as StoredRoot;
  const { campusId, threshold, rootKeys } = newest.document;
  process.stdout.write(`campus ${campusId}, ${threshold} of ${rootKeys.length} root keys sign\n`);
  if (demo) process.stdout.write('TRIAL: the root keys were made on this machine; whoever takes it has the campus\n');
  printTable(
    ['root', 'epoch', 'issued', 'digest'],
    roots.map(({ document, digest }) => [
      String(document.version),
      String(document.epoch),
      new Date(document.issuedAtMs).toISOString(),
      digest,
    ]),
  );
}

async function readInput(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    return failFile(path, error);
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

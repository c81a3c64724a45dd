// SPDX-License-Identifier: Apache-2.0
// latchkey lock add, replace, import: locks in doors, paired by the one-time code on their label. A door that is not there yet is
// made with its lock.
import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { changed } from '@latchkey/protocols/api/common';
import { lockBody, replaceBody } from '@latchkey/protocols/api/locks';
import type { Command } from 'commander';
import type { z } from 'zod';
import { readLockCsv } from '../../core/csv/locks.ts';
import { type ConnectionOptions, useGateway, withConnection } from './connection.ts';
import { action, CommandFailure, EXIT, failFile, failUsage } from './fail.ts';
import { printProblems, readInput } from './import-file.ts';
import { lockHanger } from './lock-hanger.ts';
import { printable } from './print.ts';
import { askSecret } from './terminal-secret.ts';

interface CodeOptions extends ConnectionOptions {
  readonly id: string;
  readonly codeFile?: string;
}
interface AddOptions extends CodeOptions {
  readonly corridor: string[];
  readonly building?: string;
  readonly room?: string;
  readonly floor?: string;
  readonly name?: string;
}

const CODE_HELP = `
The code of the label is asked for on the terminal, or read with --code-file (- is standard input): it is not for command lines.`;

const withCode = (command: Command): Command =>
  withConnection(command)
    .requiredOption('--id <lock>', '16 hex digits on the label')
    .option('--code-file <file>', 'file with the one-time code of the label; - is standard input');

export function registerLockAdding(lock: Command): void {
  withCode(lock.command('add'))
    .description('put a lock in a door: pair it by the code on its label')
    .argument('<portal>', 'identifier of the door: a-z, 0-9 and "-"')
    .requiredOption('--corridor <controller...>', 'controllers that may serve it')
    .option('--building <name>', 'for a door that is not there yet: its building')
    .option('--room <number>', 'its room; whoever lives there may open it')
    .option('--floor <number>', 'its floor')
    .option('--name <text>', 'its name for people (default: building and room)')
    .addHelpText(
      'after',
      `${CODE_HELP}\n\nExample:\n  $ latchkey lock add b1-101 --building 1号楼 --room 101 --id 0011223344556677 --corridor corridor-1`,
    )
    .action(action(add));
  withConnection(lock.command('import'))
    .description('put many locks in doors: one line each')
    .argument('<file.csv>', 'the file; - reads from standard input')
    .option('--dry-run', 'check every line, change nothing')
    .addHelpText('after', IMPORT_HELP)
    .action(action(importFile));
  withCode(lock.command('replace'))
    .description('another lock takes its place; rights stay with the door')
    .argument('<portal>', 'identifier of the door')
    .addHelpText('after', CODE_HELP)
    .action(action(replace));
}

const IMPORT_HELP = `
Columns: portal, building, floor, room, lock (or id), code, corridors (separated by blanks). UTF-8 or GBK.
A file with an error is refused whole. What is paired already stays as it is: run the same file again after a failure.
Exit code: 0 every lock is entered, 1 some are not (each is named), 2 wrong use.`;

const checked = <T>(schema: z.ZodType<T>, value: unknown): T => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return failUsage(`${issue?.path.join('.') ?? 'input'}: ${issue?.message ?? 'is not right'}`);
};

async function codeOf({ codeFile }: CodeOptions): Promise<string> {
  if (codeFile === undefined)
    return askSecret('code of the label', 'give it in a file (--code-file), or as standard input (--code-file -)');
  if (codeFile === '-') return (await textOf(process.stdin)).trim();
  return readFile(codeFile, 'utf8').then(
    (text) => text.trim(),
    (error: unknown) => failFile(codeFile, error),
  );
}

async function add(portal: string, options: AddOptions): Promise<void> {
  const { id, corridor, building = '', room = '', floor = '', name } = options;
  const body = checked(lockBody, { portal, lockId: id, corridors: corridor, code: await codeOf(options) });
  const called = name ?? `${building}${room}`;
  await useGateway(options, async (client) => {
    const isNew = await lockHanger(client).hang({ building, room, floor, name: called }, body);
    process.stdout.write(`${portal} ${isNew ? `${WAITS}: "latchkey lock list" shows when` : AS_BEFORE}\n`);
  });
}

const WAITS = 'waits to be paired';
const AS_BEFORE = 'was so already';

async function importFile(file: string, options: ConnectionOptions & { dryRun?: boolean }): Promise<number> {
  const read = readLockCsv(await readInput(file));
  if (!read.ok) {
    printProblems(
      file,
      read.problems.map(({ line, header, message }) => ({ line, column: header, message })),
    );
    process.stderr.write('latchkey: the file was refused, nothing was changed — correct it and import it again\n');
    return EXIT.failed;
  }
  const { rows } = read.value;
  if (options.dryRun === true) {
    process.stdout.write(`${rows.length} locks, every line is right: dry run, nothing was changed\n`);
    return EXIT.done;
  }
  return useGateway(options, async (client) => {
    const hanger = lockHanger(client);
    let failed = 0;
    for (const { line, body, ...place } of rows) {
      try {
        const isNew = await hanger.hang({ ...place, name: `${place.building}${place.room}` }, body);
        process.stdout.write(`${body.portal} ${isNew ? WAITS : AS_BEFORE}\n`);
      } catch (error) {
        if (!(error instanceof CommandFailure)) throw error;
        failed += 1;
        process.stderr.write(`${file}: line ${line}: ${printable(error.message)}\n`);
      }
    }
    process.stdout.write(`${rows.length - failed} of ${rows.length} locks are entered\n`);
    return failed === 0 ? EXIT.done : EXIT.failed;
  });
}

async function replace(portal: string, options: CodeOptions): Promise<void> {
  const body = checked(replaceBody, { lockId: options.id, code: await codeOf(options) });
  const path = `/v1/locks/${encodeURIComponent(portal)}/replace`;
  await useGateway(options, async (client) => {
    await client.call({ method: 'POST', path, body, answer: changed });
    process.stdout.write(`${portal} waits for its new lock to be paired\n`);
  });
}

// SPDX-License-Identifier: Apache-2.0
// What `person import`, `card import` and `level import` share: send the file, show the difference or what to correct.
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import {
  type ImportDifference,
  type ImportKind,
  importDifference,
  importProblem,
} from '@latchkey/protocols/api/imports';
import type { Command } from 'commander';
import { z } from 'zod';
import { GatewayRefusal } from './api-client.ts';
import { type ConnectionOptions, useGateway, withConnection } from './connection.ts';
import { action, EXIT, failFile } from './fail.ts';
import { printable, printTable } from './print.ts';

export interface ImportOptions extends ConnectionOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly form?: string;
}

interface ImportCommand {
  readonly kind: ImportKind;
  readonly description: string;
  /** Columns, and examples. */
  readonly help: string;
  /** Further options of this kind of file. */
  readonly extend?: (command: Command) => Command;
}

const EXITS = `
The file: UTF-8 or GBK, separated by commas, semicolons or tabs. The first line names the columns.
Exit code: 0 applied (or shown, with --dry-run), 1 refused and nothing applied, 2 wrong use.`;

/** Adds `import` to a command, which another module may have made already. */
export function addImport(program: Command, name: string, about: string, what: ImportCommand): void {
  const parent =
    program.commands.find((command) => command.name() === name) ?? program.command(name).description(about);
  const command = withConnection(parent.command('import'))
    .description(what.description)
    .argument('<file.csv>', 'the file; - reads from standard input')
    .option('--dry-run', 'show the difference, change nothing')
    .option('--json', 'print the difference as JSON')
    .addHelpText('after', `${what.help}${EXITS}`);
  (what.extend?.(command) ?? command).action(
    action((file: string, options: ImportOptions) => importFile(what.kind, file, options)),
  );
}

async function importFile(kind: ImportKind, file: string, options: ImportOptions): Promise<number> {
  const csv = await readInput(file);
  const query = new URLSearchParams({ dryRun: String(options.dryRun === true) });
  if (options.form !== undefined) query.set('form', options.form);
  return useGateway(options, async (client) => {
    try {
      const path = `/v1/imports/${kind}?${query.toString()}`;
      const difference = await client.call({ method: 'POST', path, csv, answer: importDifference });
      show(difference, options);
      return EXIT.done;
    } catch (error) {
      if (!(error instanceof GatewayRefusal) || error.code !== 'import-refused') throw error;
      return showProblems(file, error.body);
    }
  });
}

/** A file, or standard input for `-`. */
export async function readInput(file: string): Promise<Uint8Array> {
  try {
    return file === '-' ? await buffer(process.stdin) : await readFile(file);
  } catch (error) {
    return failFile(file, error);
  }
}

const SIGNS = { add: '+', change: '~' } as const;

function show({ applied, added, changed, unchanged, changes }: ImportDifference, options: ImportOptions): void {
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ applied, added, changed, unchanged, changes }, null, 2)}\n`);
    return;
  }
  if (changes.length > 0 && options.dryRun === true)
    printTable(
      ['line', '', 'what', 'fields'],
      changes.map(({ line, action, key, fields }) => [String(line), SIGNS[action], key, fields.join('; ')]),
    );
  const hidden = added + changed - changes.length;
  if (options.dryRun === true && hidden > 0) process.stdout.write(`… and ${hidden} more\n`);
  const counts = applied
    ? `${added} added, ${changed} changed, ${unchanged} unchanged`
    : `${added} to add, ${changed} to change, ${unchanged} unchanged: dry run, nothing was changed`;
  process.stdout.write(`${counts}\n`);
}

const refusalBody = z.object({ problems: z.array(importProblem) });
const SHOWN_PROBLEMS = 50;

function showProblems(file: string, body: unknown): number {
  const parsed = refusalBody.safeParse(body);
  printProblems(file, parsed.success ? parsed.data.problems : []);
  process.stderr.write('latchkey: the file was refused, nothing was changed — correct it and import it again\n');
  return EXIT.failed;
}

interface ShownProblem {
  readonly line: number;
  /** Header; empty where the whole line is meant. */
  readonly column: string;
  readonly message: string;
}

export function printProblems(file: string, problems: readonly ShownProblem[]): void {
  for (const { line, column, message } of problems.slice(0, SHOWN_PROBLEMS)) {
    const place = column === '' ? `line ${line}` : `line ${line}, ${column}`;
    process.stderr.write(`${printable(`${file}: ${place}: ${message}`)}\n`);
  }
  const more = problems.length - SHOWN_PROBLEMS;
  if (more > 0) process.stderr.write(`… and ${more} more\n`);
}

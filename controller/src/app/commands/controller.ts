// SPDX-License-Identifier: Apache-2.0
// `latchkey controller`: runs a controller until it is told to stop; `controller check` reads a wiring file.
import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { EXIT, fail, fileProblem } from './fail.ts';

interface RunOptions {
  readonly data: string;
  readonly logLevel: string;
}

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'];

export function registerController(program: Command): void {
  const controller = program
    .command('controller')
    .description('run a controller (gate, corridor, library desk), in the foreground')
    .option('--data <dir>', 'folder that enrolment made: settings, keys, lists, journal', '.latchkey/controller')
    .addOption(new Option('--log-level <level>', 'what is logged').choices(LEVELS).default('info'))
    .addHelpText(
      'after',
      '\nEnrol first: latchkey enroll --help. It runs until SIGINT or SIGTERM and opens doors without any network.',
    )
    .action(run);
  controller
    .command('check')
    .description('read a wiring file and say what is wrong with it')
    .requiredOption('--wiring <file>', 'wiring file, JSON')
    .action(check);
  controller
    .command('station')
    .description('print the link that opens the page of a library desk, in a browser on the same machine')
    .option('--data <dir>', 'folder that enrolment made', '.latchkey/controller')
    .action(station);
}

async function station({ data }: Pick<RunOptions, 'data'>): Promise<void> {
  const { stationLink } = await import('../desk-link.ts');
  const link = await stationLink(data);
  if (!link.ok) return fail(link.detail ?? link.code, EXIT.failed);
  process.stdout.write(`${link.value}\n`);
}

/** Loaded late: `--help` needs none of it. */
async function run({ data, logLevel }: RunOptions): Promise<void> {
  const { runController } = await import('../run-controller.ts');
  await runController(data, logLevel);
}

async function check({ wiring }: { readonly wiring: string }): Promise<void> {
  const read = await readWiring(wiring);
  if (!read.ok) return fail(read.problem, EXIT.failed);
  const { readers, portals, panel, desk } = read.wiring;
  const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`;
  process.stdout.write(
    `${wiring}: good. ${count(portals.length, 'portal')}, ${count(readers.length, 'reader')}, panel ${panel.kind}${desk ? ', a library desk' : ''}.\n`,
  );
}

/** Each problem with its field and its fix. */
export async function readWiring(path: string) {
  const { parseWiring } = await import('../../core/wiring.ts');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return { ok: false as const, problem: fileProblem(path, error) };
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { ok: false as const, problem: `${path} is not JSON: ${(error as Error).message}` };
  }
  const parsed = parseWiring(json);
  if (parsed.ok) return { ok: true as const, wiring: parsed.value, json };
  return {
    ok: false as const,
    problem: `${path}: ${parsed.problems.map(({ field, fix }) => `${field}: ${fix}`).join('; ')}`,
  };
}

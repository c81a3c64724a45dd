// SPDX-License-Identifier: Apache-2.0
// A program of many commands that loads only the module of the one called, so that `--help` is quick, with the exit codes
// of the whole CLI: 0 done, 1 failed, 2 wrong use.
import { Command, CommanderError } from 'commander';
import { EXIT, report } from './fail.ts';

export interface LazyCommand {
  readonly name: string;
  /** Shown in the overview; a test holds it to the command's own description. */
  readonly summary: string;
  /** Several modules may add to one command, such as `card`: each finds what the one before made. */
  readonly load: readonly (() => Promise<(program: Command) => void>)[];
}

export interface LazyProgram {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly commands: readonly LazyCommand[];
}

/** Builds what `argv` (without node and script) needs: one command whole, or the overview of all. */
export async function buildProgram(definition: LazyProgram, argv: readonly string[]): Promise<Command> {
  const { name, description, version, commands } = definition;
  const program = new Command(name).description(description).version(version, '-V, --version');
  program.exitOverride().showHelpAfterError('(add --help for how to use it)');
  const called = commands.find((command) => command.name === (argv[0] === 'help' ? argv[1] : argv[0]));
  if (called === undefined) {
    for (const { name, summary } of commands) program.command(name).description(summary);
    return program;
  }
  for (const load of called.load) (await load())(program);
  return program;
}

/** Runs it and sets the exit code. Never rejects. */
export async function runProgram(definition: LazyProgram, argv: readonly string[]): Promise<void> {
  process.stdout.on('error', endQuietly);
  const words = argv[0] === 'help' && argv.length > 1 ? [...argv.slice(1), '--help'] : argv;
  try {
    const program = await buildProgram(definition, words);
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? exitCodeOf(error) : report(error);
  }
}

/** Commander has printed what it had to say: asked-for help is no error, everything else is wrong use. */
const exitCodeOf = (error: CommanderError) => (error.exitCode === 0 ? EXIT.done : EXIT.usage);

/** `latchkey events | head` closes our output: that is how the reader says it has enough. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
}

/** Commands of one name become one command that loads the modules of both. */
export function mergeCommands(...lists: readonly (readonly LazyCommand[])[]): LazyCommand[] {
  const merged = new Map<string, LazyCommand>();
  for (const command of lists.flat()) {
    const known = merged.get(command.name);
    const load = [...(known?.load ?? []), ...command.load];
    merged.set(command.name, { ...(known ?? command), load });
  }
  return [...merged.values()];
}

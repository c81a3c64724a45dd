// SPDX-License-Identifier: Apache-2.0
// The edge's bundle as a program: run, enrol, check; nothing of the gateway.
import { Command, CommanderError } from 'commander';
import { registerController } from './commands/controller.ts';
import { registerEnroll } from './commands/enroll.ts';
import { EXIT, fail } from './commands/fail.ts';
import { VERSION } from './version.ts';

const program = new Command('latchkey-controller')
  .description('Latchkey controller: a gate that decides by itself from the lists it was given.')
  .version(VERSION, '-V, --version')
  .exitOverride()
  .showHelpAfterError('(add --help for how to use it)');
registerController(program);
registerEnroll(program);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  else {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    fail(`unexpected failure: ${message}`);
    if (process.env['LATCHKEY_DEBUG'] === '1') process.stderr.write(`${stack}\n`);
  }
}

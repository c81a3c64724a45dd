// SPDX-License-Identifier: Apache-2.0
// The gateway's bundle as a program: the gateway itself and the commands that operate it.
import { GATEWAY_COMMANDS } from './commands/catalogue.ts';
import { runProgram } from './commands/lazy-program.ts';
import { VERSION } from './version.ts';

const program = {
  name: 'latchkey-gateway',
  description: 'Latchkey gateway: campus access control. Doors decide by themselves from the lists it signs.',
  version: VERSION,
  commands: GATEWAY_COMMANDS,
};
await runProgram(program, process.argv.slice(2));

#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The one CLI: the commands of controller and gateway under one name.
import { GATEWAY_COMMANDS } from './gateway/src/app/commands/catalogue.ts';
import { runProgram } from './gateway/src/app/commands/lazy-program.ts';
import { VERSION } from './gateway/src/app/version.ts';

const program = {
  name: 'latchkey',
  description: 'Open-source access control for a campus: doors decide by themselves, from signed lists.',
  version: VERSION,
  commands: GATEWAY_COMMANDS,
};
await runProgram(program, process.argv.slice(2));

#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The one CLI: the commands of controller and gateway under one name.
import { GATEWAY_COMMANDS } from './gateway/src/app/commands/catalogue.ts';
import { type LazyCommand, mergeCommands, runProgram } from './gateway/src/app/commands/lazy-program.ts';
import { VERSION } from './gateway/src/app/version.ts';

const CONTROLLER_COMMANDS: readonly LazyCommand[] = [
  {
    name: 'controller',
    summary: 'run the controller of a gate, in the foreground',
    load: [async () => (await import('./controller/src/app/commands/controller.ts')).registerController],
  },
  {
    name: 'enroll',
    summary: 'make this machine a controller, with the one-time code of the gateway',
    load: [async () => (await import('./controller/src/app/commands/enroll.ts')).registerEnroll],
  },
  {
    name: 'card',
    summary: 'cards: numbers and their spellings',
    load: [async () => (await import('./controller/src/app/commands/card.ts')).registerCard],
  },
  {
    name: 'sip2',
    summary: "a library's SIP2 server: what it is like, and the settings for a desk",
    load: [async () => (await import('./controller/src/app/commands/sip2.ts')).registerSip2],
  },
  {
    name: 'list',
    summary: 'list files: look into them, verify them',
    load: [async () => (await import('./controller/src/app/commands/list.ts')).registerList],
  },
];

const program = {
  name: 'latchkey',
  description: 'Open-source access control for a campus: doors decide by themselves, from signed lists.',
  version: VERSION,
  commands: mergeCommands(CONTROLLER_COMMANDS, GATEWAY_COMMANDS),
};
await runProgram(program, process.argv.slice(2));

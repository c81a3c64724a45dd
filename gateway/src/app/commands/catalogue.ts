// SPDX-License-Identifier: Apache-2.0
// The gateway's commands, each with the module that holds it.
import type { LazyCommand } from './lazy-program.ts';

const unlockModule = async () => (await import('./unlock.ts')).registerUnlock;

export const GATEWAY_COMMANDS: readonly LazyCommand[] = [
  {
    name: 'gateway',
    summary: 'run the gateway: registry, lists, broker and HTTP API',
    load: [async () => (await import('./gateway.ts')).registerGateway],
  },
  {
    name: 'keys',
    summary: "keys: the root ceremony, and the gateway's own",
    load: [async () => (await import('./keys.ts')).registerKeys],
  },
  {
    name: 'person',
    summary: 'people: import, and phones of one',
    load: [async () => (await import('./person.ts')).registerPerson],
  },
  {
    name: 'account',
    summary: 'how people sign in: password, roles',
    load: [async () => (await import('./account.ts')).registerAccount],
  },
  {
    name: 'card',
    summary: 'cards: numbers and their spellings, import',
    load: [async () => (await import('./card-import.ts')).registerCardImport],
  },
  { name: 'level', summary: 'access levels: import', load: [async () => (await import('./level.ts')).registerLevel] },
  {
    name: 'device',
    summary: 'controllers: add, list, revoke',
    load: [async () => (await import('./device.ts')).registerDevice],
  },
  {
    name: 'portal',
    summary: 'doors and lanes: add, list',
    load: [async () => (await import('./portal.ts')).registerPortal],
  },
  {
    name: 'lock',
    summary: 'smart locks: put in doors, look at, open, replace, reset',
    load: [async () => (await import('./lock.ts')).registerLock],
  },
  {
    name: 'library',
    summary: 'borrowing while the library system is away: rules, blocks',
    load: [async () => (await import('./library.ts')).registerLibrary],
  },
  {
    name: 'revoke',
    summary: 'stop a lost card everywhere, by card number or person number',
    load: [async () => (await import('./revoke.ts')).registerRevoke],
  },
  { name: 'unlock', summary: 'open a portal once, now or not at all', load: [unlockModule] },
  {
    name: 'mode',
    summary: "set or release the operator's mode of a portal; it holds until released",
    load: [unlockModule],
  },
  {
    name: 'lockdown',
    summary: 'lock down every portal, or the ones named; --release ends it',
    load: [unlockModule],
  },
  {
    name: 'events',
    summary: 'what happened at the doors; every look at a person is audited',
    load: [async () => (await import('./events.ts')).registerEvents],
  },
];

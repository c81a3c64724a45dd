// SPDX-License-Identifier: Apache-2.0
// latchkey lock: what each lock has and should have, how far new lists came, and orders to a lock.
import { changed } from '@latchkey/protocols/api/common';
import {
  LOCK_ORDERS,
  type Lock,
  type LockOrder,
  lockList,
  ROLLOUT_STATES,
  type Rollouts,
  rollouts,
} from '@latchkey/protocols/api/locks';
import { commandState } from '@latchkey/protocols/api/operations';
import type { Command } from 'commander';
import { type ConnectionOptions, useGateway, withConnection } from './connection.ts';
import { action, failUsage } from './fail.ts';
import { registerLockAdding } from './lock-add.ts';
import { printTable } from './print.ts';
import { reportCommands } from './unlock.ts';

const DOOR = 'identifier of the door';
const pathOf = (portal: string, order = '') => `/v1/locks/${encodeURIComponent(portal)}${order}`;

const ORDERS: Readonly<Record<LockOrder, string>> = {
  open: 'open a lock once, now or not at all',
  identify: 'have a lock show which one it is: light and sound at the door',
  restart: 'have a lock start anew; it keeps keys, list and log',
};

export function registerLock(program: Command): void {
  const lock = program.command('lock').description('smart locks: put in doors, look at, open, replace, reset');
  registerLockAdding(lock);
  withConnection(lock.command('list'))
    .description('locks, the list wanted and in force, battery, and what they last said')
    .option('--building <name>', 'of one building')
    .option('--waiting', 'only those that wait for their newest list')
    .option('--json', 'as JSON')
    .action(action(list));
  withConnection(lock.command('rollout'))
    .description('how far the newest lists have come, by building')
    .option('--json', 'as JSON')
    .action(action(rollout));
  for (const order of LOCK_ORDERS)
    withConnection(lock.command(order))
      .description(ORDERS[order])
      .argument('<portal>', DOOR)
      .addHelpText('after', '\nExit code: 0 the lock confirmed, 1 refused, expired or no answer, 2 wrong use.')
      .action(action((portal: string, options: ConnectionOptions) => give(portal, order, options)));
  withConnection(lock.command('corridors'))
    .description('which controllers may serve a lock')
    .argument('<portal>', DOOR)
    .argument('<controller...>', 'identifiers of controllers')
    .action(action(corridors));
  withConnection(lock.command('reset'))
    .description('factory reset over the air: the lock forgets keys, list and log')
    .argument('<portal>', DOOR)
    .option('--yes', 'it opens for nobody afterwards until it is paired anew')
    .action(action(reset));
  withConnection(lock.command('retire'))
    .description('take a lock out of use; what it recorded stays')
    .argument('<portal>', DOOR)
    .action(action(retire));
}

interface ListOptions extends ConnectionOptions {
  readonly building?: string;
  readonly waiting?: boolean;
  readonly json?: boolean;
}

async function list({ building, waiting, json, ...options }: ListOptions): Promise<void> {
  const query = new URLSearchParams();
  if (building !== undefined) query.set('building', building);
  if (waiting === true) query.set('waiting', 'true');
  const { items } = await useGateway(options, (client) =>
    client.call({ path: `/v1/locks?${query.toString()}`, answer: lockList }),
  );
  if (json === true) process.stdout.write(`${JSON.stringify(items, null, 2)}\n`);
  else
    printTable(['door', 'state', 'list', 'has/wanted', 'battery', 'served by', 'last seen', 'fault'], items.map(row));
}

/** Why a lock could not be paired, in words and with what to do; others as they are. */
const PAIRING_FAULTS: Readonly<Record<string, string>> = {
  'wrong-code': 'not paired: the code is that of another lock',
  'already-paired': 'not paired: it belongs to somebody already, hold its inside button for ten seconds',
  'too-many-attempts': 'not paired: too many wrong codes, wait up to an hour and enter it again',
  busy: 'not paired: somebody else was with the lock all the time',
  'not-seen': 'not paired: no corridor heard it, is its battery in?',
};

function faultOf({ pairingFault, waitsFor }: Lock): string | undefined {
  if (pairingFault !== null) return PAIRING_FAULTS[pairingFault] ?? `not paired: ${pairingFault}`;
  if (waitsFor.length > 0) return `nobody else serves it until ${waitsFor.join(', ')} answers or is taken off`;
  return undefined;
}

function row(lock: Lock): string[] {
  const { portal, state, rollout: where, reported, desired, server, reports } = lock;
  const [said] = reports.filter(({ device }) => device === server).concat(reports);
  return [
    portal,
    state,
    where,
    `${reported ?? '–'}/${desired ?? '–'}`,
    said?.battery == null ? '–' : `${said.battery} %`,
    server ?? '–',
    said?.lastSeenAt ?? 'never',
    faultOf(lock) ?? said?.fault ?? '',
  ];
}

async function rollout({ json, ...options }: ConnectionOptions & { json?: boolean }): Promise<void> {
  const found = await useGateway(options, (client) => client.call({ path: '/v1/rollouts', answer: rollouts }));
  if (json === true) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  else printRollouts(found);
}

function printRollouts({ locks, counts, oldestWaitingAt, buildings }: Rollouts): void {
  const of = (states: Rollouts['counts']) => ROLLOUT_STATES.map((state) => `${states[state]}`);
  printTable(
    ['building', 'locks', ...ROLLOUT_STATES, 'oldest waits since'],
    [
      ...buildings.map((each) => [each.building, `${each.locks}`, ...of(each.counts), each.oldestWaitingAt ?? '–']),
      ['all', `${locks}`, ...of(counts), oldestWaitingAt ?? '–'],
    ],
  );
  for (const { waiting } of buildings)
    for (const { portal, rollout: where, waitingSince } of waiting)
      process.stdout.write(`${portal} waits (${where}) since ${waitingSince ?? '–'}\n`);
}

const give = (portal: string, order: LockOrder | 'reset', options: ConnectionOptions): Promise<number> =>
  useGateway(options, async (client) =>
    reportCommands([await client.call({ method: 'POST', path: pathOf(portal, `/${order}`), answer: commandState })]),
  );

async function reset(portal: string, { yes, ...options }: ConnectionOptions & { yes?: boolean }): Promise<number> {
  if (yes !== true)
    return failUsage(`${portal} would open for nobody until it is paired anew`, 'say --yes if it is meant');
  return give(portal, 'reset', options);
}

async function corridors(portal: string, names: string[], options: ConnectionOptions): Promise<void> {
  const body = { corridors: names };
  await useGateway(options, async (client) => {
    const result = await client.call({ method: 'PUT', path: pathOf(portal, '/corridors'), body, answer: changed });
    process.stdout.write(`${portal} is served by ${names.join(', ')}${result.changed ? '' : ', as before'}\n`);
  });
}

async function retire(portal: string, options: ConnectionOptions): Promise<void> {
  await useGateway(options, async (client) => {
    const result = await client.call({ method: 'DELETE', path: pathOf(portal), answer: changed });
    process.stdout.write(`${portal} ${result.changed ? 'is' : 'was'} out of use\n`);
  });
}

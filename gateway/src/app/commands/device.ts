// SPDX-License-Identifier: Apache-2.0
// latchkey device: make a controller's one-time code, list controllers with desired and reported lists, cut one off.
import { changed } from '@latchkey/protocols/api/common';
import { type Device, deviceCode, deviceCollection } from '@latchkey/protocols/api/places';
import type { Command } from 'commander';
import { type ConnectionOptions, useGateway, withConnection } from './connection.ts';
import { action } from './fail.ts';
import { printTable } from './print.ts';

export function registerDevice(program: Command): void {
  const device = program.command('device').description('controllers: add, list, revoke');
  withConnection(device.command('add'))
    .description('make a controller and print its one-time enrolment code; again: a new code')
    .argument('<id>', 'identifier: a-z, 0-9 and "-"')
    .option('--name <text>', 'name for people')
    .addHelpText('after', '\nExample:\n  $ latchkey device add gate-1 --name "North gate"')
    .action(action(add));
  withConnection(device.command('list'))
    .description('controllers, whether connected, and the list version wanted and reported')
    .option('--json', 'as JSON')
    .action(action(list));
  withConnection(device.command('revoke'))
    .description('cut a controller off: the gateway refuses its certificate. Its doors go on with the list they have')
    .argument('<id>', 'identifier of the controller')
    .action(action(revoke));
}

async function add(id: string, options: ConnectionOptions & { name?: string }): Promise<void> {
  const body = { id, ...(options.name === undefined ? {} : { name: options.name }) };
  await useGateway(options, async (client) => {
    const made = await client.call({ method: 'POST', path: '/v1/devices', body, answer: deviceCode });
    process.stdout.write(`${made.code}\n`);
    process.stderr.write(
      `valid once, until ${made.expiresAt}. On the controller:\n` +
        `  latchkey enroll --gateway ${options.gateway} --code ${made.code} --data <dir> --wiring <file>\n`,
    );
  });
}

async function list(options: ConnectionOptions & { json?: boolean }): Promise<void> {
  await useGateway(options, async (client) => {
    const { items } = await client.call({ path: '/v1/devices', answer: deviceCollection });
    if (options.json === true) process.stdout.write(`${JSON.stringify(items, null, 2)}\n`);
    else printTable(['controller', 'state', 'connected', 'lists (scope: reported/wanted)', 'alarms'], items.map(row));
  });
}

const row = (device: Device): string[] => [
  device.id,
  device.state,
  device.online ? 'yes' : device.lastSeenAt === null ? 'never' : `no, last ${device.lastSeenAt}`,
  device.lists.map((one) => `${one.scope}: ${one.refused ?? one.reported ?? '–'}/${one.desired ?? '–'}`).join(' '),
  device.alarms.join(' '),
];

async function revoke(id: string, options: ConnectionOptions): Promise<void> {
  await useGateway(options, async (client) => {
    const path = `/v1/devices/${encodeURIComponent(id)}/revoke`;
    const result = await client.call({ method: 'POST', path, answer: changed });
    process.stdout.write(result.changed ? `${id} revoked\n` : `${id} was revoked already\n`);
  });
}

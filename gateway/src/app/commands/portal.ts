// SPDX-License-Identifier: Apache-2.0
// latchkey portal: name a door or lane, the controller that drives it and the scope whose list it shares; list them.
import { changed } from '@latchkey/protocols/api/common';
import { type Portal, portalList, scopeList } from '@latchkey/protocols/api/places';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ApiClient } from './api-client.ts';
import { type ConnectionOptions, useGateway, withConnection } from './connection.ts';
import { action } from './fail.ts';
import { printTable } from './print.ts';

interface AddOptions extends ConnectionOptions {
  readonly name?: string;
  readonly scope: number;
  readonly scopeName?: string;
  readonly device?: string;
  readonly kind: 'door' | 'desk';
  readonly building?: string;
}

export function registerPortal(program: Command): void {
  const portal = program.command('portal').description('doors and lanes: add, list');
  withConnection(portal.command('add'))
    .description(
      'make a portal, or give it another name, scope or controller; other settings go back to their defaults',
    )
    .argument('<id>', 'identifier, the same as in the wiring file: a-z, 0-9 and "-"')
    .option('--name <text>', 'name for people (default: the identifier)')
    .option(
      '--scope <number>',
      'doors of one scope share one signed list; a new number makes a new scope',
      scopeNumber,
      1,
    )
    .option('--scope-name <text>', 'name of a new scope (default: scope <number>)')
    .option('--device <id>', 'controller that drives it; make it first with "latchkey device add"')
    .addOption(
      new Option('--kind <kind>', 'a door, or the counter of a library; locks: latchkey lock add')
        .choices(['door', 'desk'])
        .default('door'),
    )
    .option('--building <name>', 'whose staff looks after it')
    .addHelpText('after', '\nExample:\n  $ latchkey portal add gate-1 --name "North gate" --scope 1 --device gate-1')
    .action(action(add));
  withConnection(portal.command('list'))
    .description('portals, what drives them and what they last reported')
    .option('--json', 'as JSON')
    .action(action(list));
}

function scopeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 0xffff_ffff) return value;
  throw new InvalidArgumentError('Use a whole number from 1.');
}

async function add(
  id: string,
  { name, scope, scopeName, device, kind, building = '', ...connection }: AddOptions,
): Promise<void> {
  await useGateway(connection, async (client) => {
    await makeScope(client, scope, scopeName ?? `scope ${scope}`);
    const body = { name: name ?? id, kind, building, scope, ...(device === undefined ? {} : { device }) };
    const path = `/v1/portals/${encodeURIComponent(id)}`;
    const result = await client.call({ method: 'PUT', path, body, answer: changed });
    process.stdout.write(result.changed ? `${id} is in scope ${scope}\n` : `${id} was so already\n`);
  });
}

/** An existing scope keeps its name. */
async function makeScope(client: ApiClient, scope: number, name: string): Promise<void> {
  const { items } = await client.call({ path: '/v1/scopes', answer: scopeList });
  if (items.some(({ id }) => id === scope)) return;
  await client.call({ method: 'PUT', path: `/v1/scopes/${scope}`, body: { name }, answer: changed });
}

async function list(options: ConnectionOptions & { json?: boolean }): Promise<void> {
  await useGateway(options, async (client) => {
    const { items } = await client.call({ path: '/v1/portals', answer: portalList });
    if (options.json === true) process.stdout.write(`${JSON.stringify(items, null, 2)}\n`);
    else printTable(['portal', 'name', 'scope', 'controller', 'mode', 'door', 'alarm'], items.map(row));
  });
}

/** What was reported before the controller went away is marked: stale is not locked. */
function row({ id, name, scope, device, reported }: Portal): string[] {
  const stale = reported?.stale === true ? ' (stale)' : '';
  const states = reported ? [reported.mode + stale, reported.door + stale, reported.alarm + stale] : ['–', '–', '–'];
  return [id, name, `${scope}`, device ?? '–', ...states];
}

// SPDX-License-Identifier: Apache-2.0
// latchkey events: the newest events, or --follow for events as the gateway commits them.
import { type ApiEvent, event, eventPage } from '@latchkey/protocols/api/history';
import { type Command, InvalidArgumentError } from 'commander';
import type { ApiClient } from './api-client.ts';
import { type ConnectionOptions, useGateway, withConnection } from './connection.ts';
import { action, fail } from './fail.ts';
import { printable } from './print.ts';

interface EventOptions extends ConnectionOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly limit: number;
  readonly portal?: string;
  readonly device?: string;
  readonly person?: string;
  readonly type?: string;
  readonly from?: string;
  readonly until?: string;
}

export function registerEvents(program: Command): void {
  withConnection(program.command('events'))
    .description('what happened at the doors; every look at a person is audited')
    .option('--follow', 'go on with events as they arrive, until Ctrl-C')
    .option('--portal <id>', 'only this portal')
    .option('--device <id>', 'only this controller')
    .option('--person <number>', 'only this person')
    .option('--type <type>', 'only this type, such as access-denied')
    .option('--from <time>', 'from this time, such as 2026-11-22T08:00:00+08:00')
    .option('--until <time>', 'before this time')
    .option('--limit <n>', 'at most this many', count, 50)
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample:\n  $ latchkey events --portal dorm-3-gate --type access-denied --limit 10')
    .action(action(events));
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 500) return value;
  throw new InvalidArgumentError('Use a whole number from 1 to 500.');
}

async function events(options: EventOptions): Promise<void> {
  if (options.follow === true && (options.person ?? options.from ?? options.until) !== undefined) {
    fail('--follow takes only --portal, --device and --type', 'leave the other filters out', 2);
  }
  await useGateway(options, async (client) => {
    const filters = { portal: options.portal, device: options.device, type: options.type };
    const query = queryOf({ ...filters, person: options.person, from: options.from, until: options.until });
    query.set('limit', String(options.limit));
    const page = await client.call({ path: `/v1/events?${query.toString()}`, answer: eventPage });
    const oldestFirst = page.items.toReversed();
    for (const item of oldestFirst) print(item, options);
    if (options.follow === true) await follow(client, queryOf(filters), options);
  });
}

/** Lines of server-sent events: only the data carries what people want to see. */
async function follow(client: ApiClient, query: URLSearchParams, options: EventOptions): Promise<void> {
  for await (const line of client.lines(`/v1/events/stream?${query.toString()}`, 'text/event-stream')) {
    if (line.startsWith('data: ')) print(event.parse(JSON.parse(line.slice('data: '.length))), options);
  }
  fail('the gateway ended the stream', 'run the command again');
}

function queryOf(fields: Readonly<Record<string, string | undefined>>): URLSearchParams {
  const given = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new URLSearchParams(given);
}

function print(item: ApiEvent, options: EventOptions): void {
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(item)}\n`);
    return;
  }
  const { type, at, clock, ...rest } = item.event;
  const time = new Date(at).toISOString();
  const fields = Object.entries({ person: item.person ?? undefined, ...rest })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  const doubt = clock === 'synced' ? '' : ` (${clock} clock)`;
  process.stdout.write(`${time}${doubt}  ${item.device}  ${type}  ${printable(fields.join(' '))}\n`);
}

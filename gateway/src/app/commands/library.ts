// SPDX-License-Identifier: Apache-2.0
// latchkey library: who may borrow at a desk while the library's own system is away. That system decides whenever it answers.
import { changed, personNumber } from '@latchkey/protocols/api/common';
import { type Borrower, borrower, loanRule } from '@latchkey/protocols/api/library';
import { type Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import type { ApiClient } from './api-client.ts';
import { type ConnectionOptions, useGateway, withConnection } from './connection.ts';
import { action, failUsage } from './fail.ts';
import { printTable } from './print.ts';

export function registerLibrary(program: Command): void {
  const parent = program.command('library').description('borrowing while the library system is away: rules, blocks');
  withConnection(parent.command('rules'))
    .description('what each group borrows')
    .option('--json', 'as JSON')
    .action(action(rules));
  withConnection(parent.command('rule'))
    .description('let a group borrow, or with --none no longer; of several groups the highest limit counts')
    .argument('<group>', 'identifier of the group')
    .option('--limit <books>', 'books at a time', whole(0))
    .option('--days <days>', 'until a loan is due', whole(1))
    .option('--none', 'take the rule away')
    .addHelpText('after', '\nExample:\n  $ latchkey library rule students --limit 10 --days 30')
    .action(action(rule));
  const person = (name: string, description: string) =>
    withConnection(parent.command(name)).description(description).argument('<number>', 'student or staff number');
  person('block', 'lend nothing to a person while the library is away')
    .requiredOption('--reason <text>', 'for whoever lifts it')
    .action(action(block));
  person('unblock', 'lift the block').action(action(unblock));
  person('patron', "the person's number in the library's system; without one their own counts again")
    .argument('[patron]', 'number on the library card')
    .action(action(patron));
}

function whole(least: number) {
  return (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= 999) return value;
    throw new InvalidArgumentError(`Use a whole number from ${least} to 999.`);
  };
}

const ruleList = z.object({ items: z.array(loanRule) });

async function rules({ json, ...options }: ConnectionOptions & { json?: boolean }): Promise<void> {
  const { items } = await useGateway(options, (client) => client.call({ path: '/v1/loan-rules', answer: ruleList }));
  if (json === true) process.stdout.write(`${JSON.stringify(items, null, 2)}\n`);
  else if (items.length === 0) process.stdout.write('no group borrows while the library is away\n');
  else
    printTable(
      ['group', 'books', 'days'],
      items.map(({ id, limit, days }) => [id, `${limit}`, `${days}`]),
    );
}

interface RuleOptions extends ConnectionOptions {
  readonly limit?: number;
  readonly days?: number;
  readonly none?: boolean;
}

async function rule(group: string, { limit, days, none, ...options }: RuleOptions): Promise<void> {
  const isWhole = limit !== undefined && days !== undefined;
  if (isWhole === (none === true)) failUsage('a rule has --limit and --days', 'or say --none to take it away');
  const path = `/v1/loan-rules/${encodeURIComponent(group)}`;
  const call = none ? ({ method: 'DELETE', path } as const) : ({ method: 'PUT', path, body: { limit, days } } as const);
  const result = await useGateway(options, (client) => client.call({ ...call, answer: changed }));
  const what = none ? 'borrows nothing' : `borrows ${limit} for ${days} days`;
  process.stdout.write(`${group} ${what}${result.changed ? '' : ', as before'}\n`);
}

/** Read, changed in one thing, written: the others stay. */
async function change(number: string, options: ConnectionOptions, to: Partial<Borrower>): Promise<void> {
  if (!personNumber.safeParse(number).success)
    failUsage(`"${number}" is no student or staff number`, 'use letters, digits, ".", "_" and "-"');
  const path = `/v1/borrowers/${encodeURIComponent(number)}`;
  const write = async (client: ApiClient) => {
    const there = await client.find({ path, answer: borrower });
    const { patron, blocked, reason } = { patron: null, blocked: false, reason: '', ...there, ...to };
    return client.call({ method: 'PUT', path, body: { patron, blocked, reason }, answer: changed });
  };
  const result = await useGateway(options, write);
  process.stdout.write(`${number} ${result.changed ? 'changed' : 'was so already'}\n`);
}

const block = (number: string, { reason, ...options }: ConnectionOptions & { reason: string }) =>
  change(number, options, { blocked: true, reason });
const unblock = (number: string, options: ConnectionOptions) => change(number, options, { blocked: false, reason: '' });
const patron = (number: string, own: string | undefined, options: ConnectionOptions) =>
  change(number, options, { patron: own ?? null });

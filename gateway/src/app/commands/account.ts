// SPDX-License-Identifier: Apache-2.0
// latchkey account: how a person signs in — look, reset the password, keep out, let in again, give roles.
import { changed, personNumber } from '@latchkey/protocols/api/common';
import { type Account, account, accountReset, type RoleGrant, roleGrants } from '@latchkey/protocols/api/sign-in';
import { type Command, Option } from 'commander';
import { type ConnectionOptions, useGateway, withConnection } from './connection.ts';
import { action, failUsage } from './fail.ts';
import { printTable } from './print.ts';

const EXAMPLES = `
Examples:
  $ latchkey account show 2026000001
  $ latchkey account reset 2026000001                      a new password to read out, good for choosing another
  $ latchkey account reset 2026000001 --to initial         the one from the people file again
  $ latchkey account disable 2026000001                    ends every session, too
  $ latchkey account roles 10086 librarian@图书馆          a role in a building
  $ latchkey account roles 10086 security administrator    roles on the whole campus
  $ latchkey account roles 10086 --none

The first role ends an initial password: others know the ID number it came from. Give roles first, then a temporary password.`;

export function registerAccount(program: Command): void {
  const parent = program
    .command('account')
    .description('how people sign in: password, roles')
    .addHelpText('after', EXAMPLES);
  const add = (name: string, description: string) =>
    withConnection(parent.command(name)).description(description).argument('<number>', 'student or staff number');
  add('show', 'what kind of password, how many passkeys and sessions').action(action(show));
  add('reset', 'take the password back to an initial one; sessions and passkeys end')
    .addOption(new Option('--to <kind>', 'which').choices(['temporary', 'initial']).default('temporary'))
    .action(action(reset));
  add('disable', 'keep a person out; every session ends').action(
    action((number: string, options: ConnectionOptions) => setDisabled(number, true, options)),
  );
  add('enable', 'let a person sign in again').action(
    action((number: string, options: ConnectionOptions) => setDisabled(number, false, options)),
  );
  add('roles', 'show the roles of a person, or replace all of them')
    .argument('[role...]', 'a role, or role@building,building')
    .option('--none', 'take every role away')
    .action(action(roles));
}

const pathOf = (number: string, what: string): string => {
  if (personNumber.safeParse(number).success) return `/v1/people/${encodeURIComponent(number)}/${what}`;
  return failUsage(`"${number}" is no student or staff number`, 'use letters, digits, ".", "_" and "-"');
};

async function show(number: string, options: ConnectionOptions): Promise<void> {
  const found = await useGateway(options, (client) =>
    client.call({ path: pathOf(number, 'account'), answer: account }),
  );
  printTable(['number', 'may sign in', 'password', 'set', 'passkeys', 'sessions'], [row(found)]);
}

const row = (found: Account): string[] => [
  found.number,
  found.disabled ? 'no' : 'yes',
  found.password,
  found.passwordSetAt ?? '–',
  `${found.passkeys}`,
  `${found.sessions}`,
];

async function reset(number: string, { to, ...options }: ConnectionOptions & { to: string }): Promise<void> {
  const path = pathOf(number, 'account/reset');
  const { temporaryPassword } = await useGateway(options, (client) =>
    client.call({ method: 'POST', path, body: { to }, answer: accountReset }),
  );
  process.stdout.write(
    temporaryPassword === null ? `${number}: the initial password again\n` : `${temporaryPassword}\n`,
  );
  if (temporaryPassword !== null) process.stderr.write('told once; it must be changed at the next sign-in\n');
}

async function setDisabled(number: string, disabled: boolean, options: ConnectionOptions): Promise<void> {
  const path = pathOf(number, 'account/disabled');
  const result = await useGateway(options, (client) =>
    client.call({ method: 'PUT', path, body: { disabled }, answer: changed }),
  );
  const state = disabled ? 'may not sign in' : 'may sign in';
  process.stdout.write(`${number} ${state}${result.changed ? '' : ', as before'}\n`);
}

async function roles(
  number: string,
  words: readonly string[],
  { none, ...options }: ConnectionOptions & { none?: boolean },
): Promise<void> {
  const path = pathOf(number, 'roles');
  if (none === true && words.length > 0) failUsage('--none and roles contradict each other', 'leave one of them out');
  await useGateway(options, async (client) => {
    if (none === true || words.length > 0) {
      const body = { items: words.map(grantOf) };
      await client.call({ method: 'PUT', path, body, answer: changed });
    }
    const { items } = await client.call({ path, answer: roleGrants });
    const rows = items.map(({ role, buildings }) => [
      role,
      buildings === 'all' ? 'whole campus' : buildings.join(', '),
    ]);
    printTable(['role', 'where'], rows);
  });
}

function grantOf(word: string): RoleGrant {
  const [role = '', where] = word.split('@', 2);
  const buildings = where === undefined ? 'all' : where.split(',').map((name) => name.trim());
  const grant = roleGrants.safeParse({ items: [{ role, buildings }] });
  const [made] = grant.success ? grant.data.items : [];
  return made ?? failUsage(`"${word}" is no role`, 'write it like librarian, or librarian@图书馆,主楼');
}

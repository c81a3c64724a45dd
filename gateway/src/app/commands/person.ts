// SPDX-License-Identifier: Apache-2.0
// latchkey person: the people file of a student or personnel office, and the phones of one of them.
import { changed } from '@latchkey/protocols/api/common';
import { myPhones } from '@latchkey/protocols/api/me';
import type { Command } from 'commander';
import { type ConnectionOptions, useGateway, withConnection } from './connection.ts';
import { action } from './fail.ts';
import { addImport } from './import-file.ts';
import { printTable } from './print.ts';

const HELP = `
Columns (Chinese or English): 学号 number, 姓名 name; where they are there also 类别 kind, 楼栋 building, 房间 room,
床位 bed, 班级 class, 学院 college, 组 groups (several: a;b), 有效期起 valid from, 有效期至 valid until,
身份证号 or 证件号 id number: its last six characters, X as 0, become the password of whoever has no account yet; of
the number nothing is kept. With ID numbers an import of 20,000 takes a minute or two, once.
A column that is missing leaves things as they are, an empty cell clears them. Groups not known yet are made.
Nobody is removed because they are missing in the file.

Examples:
  $ latchkey person import students.csv --dry-run
  $ latchkey person import students.csv
`;

export function registerPerson(program: Command): void {
  addImport(program, 'person', 'people: import, and phones of one', {
    kind: 'people',
    description: 'add and change people from a CSV file',
    help: HELP,
  });
  const person = program.commands.find((command) => command.name() === 'person') as Command;
  withConnection(person.command('phones'))
    .description('phones of a person, with the ids by which one is stopped')
    .argument('<number>', 'number of the person')
    .action(action(phones));
  withConnection(person.command('stop-phone'))
    .description('stop one phone of a person everywhere; it cannot be taken back, the phone is enrolled anew')
    .argument('<number>', 'number of the person')
    .argument('<phone>', 'id of the phone')
    .action(action(stopPhone));
}

const pathOf = (number: string) => `/v1/people/${encodeURIComponent(number)}/phones`;

async function phones(number: string, options: ConnectionOptions): Promise<void> {
  const { items } = await useGateway(options, (client) => client.call({ path: pathOf(number), answer: myPhones }));
  printTable(
    ['id', 'name', 'state', 'enrolled', 'ended'],
    items.map(({ id, name, state, enrolledAt, endedAt }) => [id, name, state, enrolledAt, endedAt ?? '–']),
  );
}

async function stopPhone(number: string, phone: string, options: ConnectionOptions): Promise<void> {
  const path = `${pathOf(number)}/${encodeURIComponent(phone)}`;
  await useGateway(options, (client) => client.call({ method: 'DELETE', path, answer: changed }));
  process.stdout.write(`phone ${phone} of ${number} is refused everywhere from now on\n`);
}

// SPDX-License-Identifier: Apache-2.0
// latchkey person import: the people file of a student or personnel office.
import type { Command } from 'commander';
import { addImport } from './import-file.ts';

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
  addImport(program, 'person', 'people: import', {
    kind: 'people',
    description: 'add and change people from a CSV file',
    help: HELP,
  });
}

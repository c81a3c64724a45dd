// SPDX-License-Identifier: Apache-2.0
// The people file of a student or personnel office.
import { finish, type Steps } from '../steps.ts';
import { PEOPLE_COLUMNS } from './columns.ts';
import type { CsvOutcome } from './csv-problem.ts';
import {
  readInitialPassword,
  readList,
  readName,
  readOptionalText,
  readPersonNumber,
  readValidity,
  readWord,
  type Validity,
} from './fields.ts';
import { type Cells, type CsvRows, readRows } from './read-rows.ts';
import { createZone, type Zone } from './wall-time.ts';

/** Absent properties: the file has no such column, leave as is. null: the cell is blank, clear. */
export interface PersonRow extends Validity {
  readonly line: number;
  readonly number: string;
  readonly name: string;
  readonly kind?: 'resident' | 'staff' | 'visitor' | null;
  readonly building?: string | null;
  readonly room?: string | null;
  readonly bed?: string | null;
  readonly className?: string | null;
  readonly college?: string | null;
  readonly groups?: readonly string[];
  /** Derived from the ID number, which goes no further than this reader. */
  readonly initialPassword?: string;
}

type Field = (typeof PEOPLE_COLUMNS)['fields'][number];

const KINDS = {
  resident: ['住宿生', '学生', '本科生', '专科生', '研究生', '走读生', 'student', 'resident'],
  staff: ['教职工', '教师', '员工', '职工', '宿管', '辅导员', 'teacher', 'employee', 'faculty'],
  visitor: ['访客', '临时', '临时人员', '来访', 'guest', 'temporary'],
} as const;

const TEXTS = ['building', 'room', 'bed', 'className', 'college'] as const;

export interface PeopleCsvOptions {
  /** IANA zone of the dates in the file. */
  readonly timeZone: string;
}

type PeopleOutcome = CsvOutcome<CsvRows<PersonRow>>;

export const readPeopleCsv = (bytes: Uint8Array, options: PeopleCsvOptions): PeopleOutcome =>
  finish(peopleCsvInSteps(bytes, options));

export function peopleCsvInSteps(bytes: Uint8Array, { timeZone }: PeopleCsvOptions): Steps<PeopleOutcome> {
  const zone = createZone(timeZone);
  return readRows<Field, PersonRow>(bytes, {
    columns: PEOPLE_COLUMNS,
    read: (cells) => readPerson(cells, zone),
    unique: [{ field: 'number', key: ({ number }) => number, what: 'this number' }],
  });
}

function readPerson(cells: Cells<Field>, zone: Zone): PersonRow | undefined {
  const number = readPersonNumber(cells, 'number');
  const name = readName(cells, 'name');
  const kind = readWord(cells, 'kind', KINDS);
  const groups = readList(cells, 'groups');
  const initial = readInitialPassword(cells, 'idNumber');
  const validity = readValidity(cells, 'validFrom', 'validUntil', zone);
  const texts = TEXTS.map((field) => [field, readOptionalText(cells, field)] as const);
  const known = texts.filter(([field]) => cells.has(field));
  if (number === undefined || name === undefined || kind === undefined || groups === undefined) return undefined;
  if (initial === undefined || validity === undefined || texts.some(([, text]) => text === undefined)) return undefined;
  return {
    line: cells.line,
    number,
    name,
    ...(cells.has('kind') && { kind }),
    ...(cells.has('groups') && { groups }),
    ...(initial !== null && { initialPassword: initial }),
    ...Object.fromEntries(known),
    ...validity,
  };
}

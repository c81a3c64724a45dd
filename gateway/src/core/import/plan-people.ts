// SPDX-License-Identifier: Apache-2.0
// People file → what changes in the registry. A column the file lacks leaves things as they are; groups it names first are made.
import type { PersonRow } from '../csv/people.ts';
import { identifierOf } from './identifier.ts';
import { describeChanges, type ImportPlan, type PlanProblem, type PlanStep } from './plan.ts';

export interface PersonFields {
  readonly name: string;
  readonly kind: 'resident' | 'staff' | 'visitor';
  readonly building: string;
  readonly room: string;
  readonly bed: string;
  readonly className: string;
  readonly college: string;
  readonly active: boolean;
  /** Epoch milliseconds. */
  readonly validFromMs: number | null;
  readonly validUntilMs: number | null;
  /** Ids, sorted. */
  readonly groups: readonly string[];
}

export interface KnownPerson extends PersonFields {
  readonly id: number;
  readonly number: string;
  /** Has signed in, has an initial password, or holds a role: whoever may import must not become somebody with more. */
  readonly hasAccount: boolean;
  /** Under which they borrow at the library; null: under their own number. */
  readonly patron: string | null;
}

export interface NewGroup {
  readonly id: string;
  readonly name: string;
}

export interface PersonContent {
  /** Absent: to be added. */
  readonly id: number | undefined;
  readonly number: string;
  readonly fields: PersonFields;
  readonly groupsChanged: boolean;
  /** To be hashed and set. A file never changes how somebody signs in who already can. */
  readonly initialPassword: string | undefined;
}

export interface PeoplePlan extends ImportPlan<PersonContent> {
  readonly newGroups: readonly PlanStep<NewGroup>[];
}

const MS_A_MINUTE = 60_000;

export function planPeople(
  rows: readonly PersonRow[],
  known: ReadonlyMap<string, KnownPerson>,
  groups: readonly NewGroup[],
): PeoplePlan {
  const finder = createGroupFinder(groups);
  const takenBy = createPatronNumbers(known);
  const steps: PlanStep<PersonContent>[] = [];
  const problems: PlanProblem[] = [];
  let unchanged = 0;
  for (const row of rows) {
    const before = known.get(row.number);
    const named = row.groups?.map((name) => finder.find(name, row.line));
    if (named?.includes(undefined)) problems.push(ambiguous(row.line));
    const fields = fieldsOf(
      row,
      before,
      named?.filter((id) => id !== undefined),
    );
    if (fields.validFromMs !== null && fields.validUntilMs !== null && fields.validUntilMs <= fields.validFromMs)
      problems.push({ line: row.line, field: 'validUntil', message: END_BEFORE_BEGINNING });
    const borrower = before?.active ? undefined : takenBy(row.number);
    if (borrower !== undefined) problems.push(borrowsOnIt(row.line, borrower));
    const changes = before === undefined ? [] : differences(before, fields);
    if (before?.hasAccount === false && row.initialPassword !== undefined) changes.push(INITIAL_PASSWORD);
    if (before !== undefined && changes.length === 0) unchanged += 1;
    else steps.push(stepOf(row, before, fields, changes));
  }
  return { steps, unchanged, problems, newGroups: finder.made };
}

/** What was or is there stays unsaid. */
const INITIAL_PASSWORD = 'initialPassword: set';

/** Says who borrows on the number that somebody who comes, or comes back, would borrow on: who comes first has it. */
function createPatronNumbers(known: ReadonlyMap<string, KnownPerson>): (number: string) => string | undefined {
  const patronOf = (number: string) => known.get(number)?.patron ?? number;
  const here = [...known.values()].filter(({ active }) => active);
  const borrowers = new Map(here.map(({ number }) => [patronOf(number), number]));
  return (number) => {
    const patron = patronOf(number);
    const borrower = borrowers.get(patron);
    if (borrower === undefined) borrowers.set(patron, number);
    return borrower;
  };
}

/** Two people of one number would borrow on one another's name. */
const borrowsOnIt = (line: number, number: string): PlanProblem => ({
  line,
  field: 'number',
  message: `${number} borrows at the library on this number; give them another patron number first`,
});

const END_BEFORE_BEGINNING = 'with the beginning that the registry has, the end is not after it; give both columns';

const ambiguous = (line: number): PlanProblem => ({
  line,
  field: 'groups',
  message: 'several groups have one of these names; write the group by its id',
});

function stepOf(
  { line, number, initialPassword: given }: PersonRow,
  before: KnownPerson | undefined,
  fields: PersonFields,
  changes: readonly string[],
): PlanStep<PersonContent> {
  const groupsChanged = before === undefined ? fields.groups.length > 0 : before.groups.join() !== fields.groups.join();
  const initialPassword = before?.hasAccount === true ? undefined : given;
  const content = { id: before?.id, number, fields, groupsChanged, initialPassword };
  return { line, action: before === undefined ? 'add' : 'change', key: number, fields: changes, content };
}

function differences(
  { id: _id, number: _number, hasAccount: _has, patron: _patron, ...before }: KnownPerson,
  after: PersonFields,
): string[] {
  return describeChanges(readable(before), readable(after));
}

const readable = ({ validFromMs, validUntilMs, ...fields }: PersonFields) => ({
  ...fields,
  validFrom: instantText(validFromMs),
  validUntil: instantText(validUntilMs),
});

export const instantText = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** Blank clears; a missing column keeps. Whoever stands in the file is here. */
function fieldsOf(
  row: PersonRow,
  before: KnownPerson | undefined,
  groups: readonly string[] | undefined,
): PersonFields {
  const text = (value: string | null | undefined, kept: string | undefined) =>
    value === undefined ? (kept ?? '') : (value ?? '');
  const instant = (minute: number | null | undefined, kept: number | null | undefined) =>
    minute === undefined ? (kept ?? null) : minute === null ? null : minute * MS_A_MINUTE;
  return {
    name: row.name,
    kind: row.kind === undefined ? (before?.kind ?? 'resident') : (row.kind ?? 'resident'),
    building: text(row.building, before?.building),
    room: text(row.room, before?.room),
    bed: text(row.bed, before?.bed),
    className: text(row.className, before?.className),
    college: text(row.college, before?.college),
    active: true,
    validFromMs: instant(row.validFromMinute, before?.validFromMs),
    validUntilMs: instant(row.validUntilMinute, before?.validUntilMs),
    groups: groups === undefined ? (before?.groups ?? []) : [...new Set(groups)].sort(),
  };
}

interface GroupFinder {
  readonly made: PlanStep<NewGroup>[];
  /** By id, then by name; `undefined` where several have that name. */
  find(name: string, line: number): string | undefined;
}

function createGroupFinder(groups: readonly NewGroup[]): GroupFinder {
  const ids = new Set(groups.map(({ id }) => id));
  const byName = new Map<string, string[]>();
  for (const { id, name } of groups) byName.set(name, [...(byName.get(name) ?? []), id]);
  const made: PlanStep<NewGroup>[] = [];
  return {
    made,
    find(name, line) {
      const plain = name.normalize('NFKC').toLowerCase();
      if (ids.has(plain)) return plain;
      const named = byName.get(name);
      if (named !== undefined) return named.length === 1 ? named[0] : undefined;
      const id = identifierOf(name, 'group');
      if (!ids.has(id)) {
        made.push({ line, action: 'add', key: `group ${id}`, fields: [`name: ${name}`], content: { id, name } });
        ids.add(id);
      }
      byName.set(name, [id]);
      return id;
    },
  };
}

// SPDX-License-Identifier: Apache-2.0
// File of access levels → what changes in the registry. Everything it refers to must be there: a misspelt portal would open
// nothing and nobody would notice.
import type { LevelRow } from '../csv/levels.ts';
import { identifierOf } from './identifier.ts';
import { describeChanges, type ImportPlan, type PlanProblem, type PlanStep } from './plan.ts';
import { instantText, type NewGroup } from './plan-people.ts';

export interface LevelFields {
  readonly name: string;
  readonly groups: readonly string[];
  readonly portals: readonly string[];
  readonly directions: readonly ('in' | 'out')[];
  readonly schedule: string;
  /** Epoch milliseconds. */
  readonly validFromMs: number | null;
  readonly validUntilMs: number | null;
}

export interface KnownLevel extends LevelFields {
  readonly id: string;
}

export interface LevelContent {
  readonly id: string;
  readonly fields: LevelFields;
}

export interface LevelRegistry {
  readonly groups: readonly NewGroup[];
  readonly portals: ReadonlySet<string>;
  readonly schedules: ReadonlySet<string>;
  readonly levels: readonly KnownLevel[];
}

const MS_A_MINUTE = 60_000;

export function planLevels(rows: readonly LevelRow[], registry: LevelRegistry): ImportPlan<LevelContent> {
  const steps: PlanStep<LevelContent>[] = [];
  const problems: PlanProblem[] = [];
  const taken = new Map<string, number>();
  let unchanged = 0;
  for (const row of rows) {
    const known = findLevel(row, registry.levels);
    const id = known?.id ?? row.id ?? identifierOf(row.name, 'level');
    const groups = row.groups.map((name) => findGroup(name, registry.groups));
    const found = [...problemsOf(row, groups, registry), ...twice(row, id, taken)];
    problems.push(...found);
    if (found.length > 0) continue;
    const fields = fieldsOf(
      row,
      known,
      groups.filter((group) => group !== undefined),
    );
    const changes = known === undefined ? [] : describeChanges(readable(known), readable(fields));
    if (known !== undefined && changes.length === 0) unchanged += 1;
    else steps.push(stepOf(row.line, id, fields, known === undefined ? undefined : changes));
  }
  return { steps, unchanged, problems };
}

const stepOf = (
  line: number,
  id: string,
  fields: LevelFields,
  changes: readonly string[] | undefined,
): PlanStep<LevelContent> => ({
  line,
  action: changes === undefined ? 'add' : 'change',
  key: id,
  fields: changes ?? [],
  content: { id, fields },
});

const findLevel = ({ id, name }: LevelRow, levels: readonly KnownLevel[]): KnownLevel | undefined =>
  levels.find((level) => (id == null ? level.name === name : level.id === id));

/** By id, then by name. */
function findGroup(name: string, groups: readonly NewGroup[]): string | undefined {
  const plain = name.normalize('NFKC').toLowerCase();
  const byId = groups.find(({ id }) => id === plain);
  if (byId !== undefined) return byId.id;
  const named = groups.filter((group) => group.name === name);
  return named.length === 1 ? named[0]?.id : undefined;
}

function problemsOf(
  row: LevelRow,
  groups: readonly (string | undefined)[],
  { portals, schedules }: LevelRegistry,
): PlanProblem[] {
  const { line } = row;
  const noGroups = row.groups.filter((_, index) => groups[index] === undefined);
  const noPortals = row.portals.filter((portal) => !portals.has(portal));
  const problems: PlanProblem[] = [];
  if (noGroups.length > 0)
    problems.push({
      line,
      field: 'groups',
      message: `no one group is ${noGroups.join(', ')}; make it, or write its id`,
    });
  if (noPortals.length > 0)
    problems.push({ line, field: 'portals', message: `there is no portal ${noPortals.join(', ')}; make it first` });
  if (!schedules.has(row.schedule))
    problems.push({ line, field: 'schedule', message: `there is no schedule ${row.schedule}; make it first` });
  return problems;
}

function twice({ line }: LevelRow, id: string, taken: Map<string, number>): PlanProblem[] {
  const before = taken.get(id);
  taken.set(id, line);
  return before === undefined ? [] : [{ line, field: 'id', message: `line ${before} is the same level ${id}` }];
}

function fieldsOf(row: LevelRow, known: KnownLevel | undefined, groups: readonly string[]): LevelFields {
  const instant = (minute: number | null | undefined, kept: number | null | undefined) =>
    minute === undefined ? (kept ?? null) : minute === null ? null : minute * MS_A_MINUTE;
  return {
    name: row.name,
    groups: [...new Set(groups)].sort(),
    portals: [...new Set(row.portals)].sort(),
    directions: row.directions,
    schedule: row.schedule,
    validFromMs: instant(row.validFromMinute, known?.validFromMs),
    validUntilMs: instant(row.validUntilMinute, known?.validUntilMs),
  };
}

const readable = ({ validFromMs, validUntilMs, name, groups, portals, directions, schedule }: LevelFields) => ({
  name,
  groups,
  portals,
  directions,
  schedule,
  validFrom: instantText(validFromMs),
  validUntil: instantText(validUntilMs),
});

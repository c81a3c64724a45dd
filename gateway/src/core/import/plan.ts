// SPDX-License-Identifier: Apache-2.0
// What an import would do, line by line, before anything is done: the same plan is shown as a dry run and carried out.

/** A line that cannot be applied to the registry as it is. `field` is the column's name in the reader of that kind of file. */
export interface PlanProblem {
  readonly line: number;
  readonly field: string;
  readonly message: string;
}

export interface PlanStep<Content> {
  readonly line: number;
  readonly action: 'add' | 'change';
  /** What people call it: a person's number, a card's ending, a level's id. */
  readonly key: string;
  /** `room: 101 → 102`; of an addition the fields it sets are not named. */
  readonly fields: readonly string[];
  readonly content: Content;
}

export interface ImportPlan<Content> {
  readonly steps: readonly PlanStep<Content>[];
  readonly unchanged: number;
  readonly problems: readonly PlanProblem[];
}

const NOTHING = '–';

/** Differences as people read them; names of fields from `labels`. */
export function describeChanges<Fields extends object>(before: Fields, after: Partial<Fields>): string[] {
  const was = before as Readonly<Record<string, unknown>>;
  return Object.entries(after).flatMap(([field, value]) =>
    value === undefined || same(was[field], value) ? [] : [`${field}: ${show(was[field])} → ${show(value)}`],
  );
}

function same(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return one.join('\n') === other.join('\n');
  return one === other;
}

function show(value: unknown): string {
  if (value === null || value === '' || value === undefined) return NOTHING;
  if (Array.isArray(value)) return value.length === 0 ? NOTHING : value.join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

// SPDX-License-Identifier: Apache-2.0
// Between the API's forms and the tables' columns.
import type { Transaction } from 'kysely';
import type { Database, Flag } from '../../adapters/database/schema.ts';

export const flag = (value: boolean): Flag => (value ? 1 : 0);
export const instantOf = (text: string | null): number | null => (text === null ? null : Date.parse(text));

/** Names of the fields that differ, sorted. */
export function changedFields(before: object, after: object): string[] {
  const was = before as Readonly<Record<string, unknown>>;
  return Object.entries(after)
    .filter(([field, value]) => value !== undefined && was[field] !== value)
    .map(([field]) => field)
    .sort();
}

type Named = 'person_group' | 'portal' | 'schedule' | 'device';

/** The first id that names nothing. */
export async function missingOf(
  trx: Transaction<Database>,
  table: Named,
  ids: readonly string[],
): Promise<string | undefined> {
  if (ids.length === 0) return undefined;
  const rows = await trx
    .selectFrom(table)
    .select('id')
    .where('id', 'in', [...ids])
    .execute();
  const known = new Set<string>(rows.map(({ id }) => id));
  return ids.find((id) => !known.has(id));
}

// SPDX-License-Identifier: Apache-2.0
// Reads schedules, holidays and access levels for the API.
import type { Holiday, Level, Schedule } from '@latchkey/protocols/api/rights';
import type { Kysely } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import { toInstantOrNull } from './forms.ts';

export async function listSchedules(db: Kysely<Database>, id?: string): Promise<Schedule[]> {
  let select = db.selectFrom('schedule').selectAll().orderBy('id');
  if (id !== undefined) select = select.where('id', '=', id);
  return (await select.execute()).map((row) => ({
    id: row.id,
    name: row.name,
    intervals: JSON.parse(row.intervals) as Schedule['intervals'],
    onHolidays: JSON.parse(row.on_holidays) as Schedule['onHolidays'],
  }));
}

export async function listHolidays(db: Kysely<Database>, date?: string): Promise<Holiday[]> {
  let select = db.selectFrom('holiday').selectAll().orderBy('date');
  if (date !== undefined) select = select.where('date', '=', date);
  return select.execute();
}

export async function listLevels(db: Kysely<Database>, id?: string): Promise<Level[]> {
  let select = db.selectFrom('access_level').selectAll().orderBy('id');
  if (id !== undefined) select = select.where('id', '=', id);
  const rows = await select.execute();
  const groups = await db.selectFrom('level_group').selectAll().orderBy('group_id').execute();
  const portals = await db.selectFrom('level_portal').selectAll().orderBy('portal_id').execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    groups: groups.filter(({ level_id }) => level_id === row.id).map(({ group_id }) => group_id),
    portals: portals.filter(({ level_id }) => level_id === row.id).map(({ portal_id }) => portal_id),
    directions: [...(row.allow_in === 1 ? (['in'] as const) : []), ...(row.allow_out === 1 ? (['out'] as const) : [])],
    schedule: row.schedule_id,
    validFrom: toInstantOrNull(row.valid_from),
    validUntil: toInstantOrNull(row.valid_until),
  }));
}

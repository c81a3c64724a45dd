// SPDX-License-Identifier: Apache-2.0
// Reads duty rosters for the API: the shifts that are not over.
import type { DutyRoster } from '@latchkey/protocols/api/duty-rosters';
import type { Kysely } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import { toInstant } from './forms.ts';

export async function listRosters(db: Kysely<Database>, nowMs: number, id?: string): Promise<DutyRoster[]> {
  let query = db
    .selectFrom('room_grant')
    .innerJoin('person', 'person.id', 'room_grant.person_id')
    .select([
      'roster',
      'room_grant.building',
      'room_grant.floor',
      'room_grant.valid_from',
      'room_grant.valid_until',
      'person.number',
    ])
    .where('withdrawn_at', 'is', null)
    .where('room_grant.valid_until', '>', nowMs)
    .orderBy('roster')
    .orderBy('room_grant.valid_from')
    .orderBy('person.number');
  query = id === undefined ? query.where('roster', 'is not', null) : query.where('roster', '=', id);
  const rosters = new Map<string, DutyRoster>();
  for (const { roster, building, floor, valid_from, valid_until, number } of await query.execute()) {
    if (roster === null) continue;
    const known = rosters.get(roster) ?? { id: roster, building, floor, shifts: [] };
    rosters.set(roster, known);
    known.shifts.push({ person: number, from: toInstant(valid_from), until: toInstant(valid_until) });
  }
  return [...rosters.values()];
}

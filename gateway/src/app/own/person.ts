// SPDX-License-Identifier: Apache-2.0
// The person behind a request: there, and not gone.
import { err, ok } from '@latchkey/protocols/result';
import type { Kysely } from 'kysely';
import type { Database, PersonRow } from '../../adapters/database/schema.ts';
import type { ApiResult } from '../../http/services.ts';

export async function findOwn(db: Kysely<Database>, number: string): Promise<ApiResult<PersonRow>> {
  const row = await db
    .selectFrom('person')
    .selectAll()
    .where('number', '=', number)
    .where('active', '=', 1)
    .executeTakeFirst();
  return row === undefined ? err('not-found') : ok(row);
}

/** Scopes that take identity codes and in which the person has a right. */
export const zonesOf = (db: Kysely<Database>, person: number) =>
  db
    .selectFrom('scope')
    .select(['scope.id', 'scope.zone', 'scope.name', 'scope.name_en'])
    .where('scope.zone', 'is not', null)
    .where('scope.id', 'in', (eb) =>
      eb
        .selectFrom('group_member')
        .innerJoin('level_group', 'level_group.group_id', 'group_member.group_id')
        .innerJoin('level_portal', 'level_portal.level_id', 'level_group.level_id')
        .innerJoin('portal', 'portal.id', 'level_portal.portal_id')
        .select('portal.scope_id')
        .where('group_member.person_id', '=', person),
    )
    .orderBy('scope.zone')
    .$narrowType<{ zone: number }>()
    .execute();

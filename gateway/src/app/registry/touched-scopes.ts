// SPDX-License-Identifier: Apache-2.0
// Which scopes' lists a change may alter. Marked too many, a list is compiled for nothing; marked too few, a right is missing.
import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';

export type TouchedScopes = readonly number[] | 'all';

/** What goes before lists that merely changed: rooms of many who move, and before those whatever somebody stands and waits for. */
export const HURRY = { many: 1, one: 2 } as const;

/** True where any scope was marked. */
export async function markScopes(
  trx: Transaction<Database>,
  touched: readonly TouchedScopes[],
  atMs: number,
): Promise<boolean> {
  const all = touched.includes('all');
  const ids = [...new Set(touched.flatMap((scopes) => (scopes === 'all' ? [] : scopes)))];
  if (!all && ids.length === 0) return false;
  let update = trx.updateTable('scope').set((eb) => ({
    change_seq: eb('change_seq', '+', 1),
    changed_at: eb
      .case()
      .when('change_seq', '>', eb.ref('compiled_seq'))
      .then(eb.fn.coalesce('changed_at', eb.val(atMs)))
      .else(atMs)
      .end(),
  }));
  if (!all) update = update.where('id', 'in', ids);
  await update.execute();
  return true;
}

export async function hurryScopes(
  trx: Transaction<Database>,
  scopes: readonly number[],
  hurry: (typeof HURRY)[keyof typeof HURRY],
): Promise<void> {
  if (scopes.length === 0) return;
  await trx
    .updateTable('scope')
    .set({ hurry })
    .where('id', 'in', [...scopes])
    .where('hurry', '<', hurry)
    .execute();
}

/** Scopes whose lists hold cards of these people, by their groups' levels, their room and grants, over ones too without `nowMs`. */
export async function scopesOfPeople(
  db: Kysely<Database>,
  people: readonly number[],
  nowMs?: number,
): Promise<number[]> {
  if (people.length === 0) return [];
  const rows = await db
    .selectFrom('group_member')
    .innerJoin('level_group', 'level_group.group_id', 'group_member.group_id')
    .innerJoin('level_portal', 'level_portal.level_id', 'level_group.level_id')
    .innerJoin('portal', 'portal.id', 'level_portal.portal_id')
    .select('portal.scope_id')
    .distinct()
    .where('group_member.person_id', 'in', [...people])
    .union(scopesOfRooms(db, people))
    .union(scopesOfGrants(db, people, nowMs))
    .union(scopesOfLoans(db, people))
    .execute();
  return rows.map(({ scope_id }) => scope_id);
}

/** Locks of the rooms they live in. */
const scopesOfRooms = (db: Kysely<Database>, people: readonly number[]) =>
  db
    .selectFrom('person')
    .innerJoin('portal', (join) =>
      join.onRef('portal.building', '=', 'person.building').onRef('portal.room', '=', 'person.room'),
    )
    .select('portal.scope_id')
    .where('portal.kind', '=', 'lock')
    .where('portal.building', '<>', '')
    .where('portal.room', '<>', '')
    .where('person.id', 'in', [...people]);

/** Locks that a grant, their own or their group's, lets them open, or will, or did. */
const scopesOfGrants = (db: Kysely<Database>, people: readonly number[], nowMs = 0) =>
  db
    .selectFrom('room_grant')
    .innerJoin('portal', 'portal.building', 'room_grant.building')
    .select('portal.scope_id')
    .where('portal.kind', '=', 'lock')
    .where('room_grant.withdrawn_at', 'is', null)
    .where('room_grant.valid_until', '>', nowMs)
    .where((eb) => eb.or([eb('room_grant.room', 'is', null), eb('room_grant.room', '=', eb.ref('portal.room'))]))
    .where((eb) => eb.or([eb('room_grant.floor', 'is', null), eb('room_grant.floor', '=', eb.ref('portal.floor'))]))
    .where((eb) =>
      eb.or([
        eb('room_grant.person_id', 'in', [...people]),
        eb(
          'room_grant.group_id',
          'in',
          eb
            .selectFrom('group_member')
            .select('group_id')
            .where('group_member.person_id', 'in', [...people]),
        ),
      ]),
    );

/** Desks of the library, for whom a loan rule is. */
const scopesOfLoans = (db: Kysely<Database>, people: readonly number[]) =>
  db
    .selectFrom('portal')
    .select('portal.scope_id')
    .where('portal.kind', '=', 'desk')
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('group_member')
          .innerJoin('loan_rule', 'loan_rule.group_id', 'group_member.group_id')
          .select('group_member.person_id')
          .where('group_member.person_id', 'in', [...people]),
      ),
    );

export async function scopesOfLevel(db: Kysely<Database>, level: string): Promise<number[]> {
  const rows = await db
    .selectFrom('level_portal')
    .innerJoin('portal', 'portal.id', 'level_portal.portal_id')
    .select('portal.scope_id')
    .distinct()
    .where('level_portal.level_id', '=', level)
    .execute();
  return rows.map(({ scope_id }) => scope_id);
}

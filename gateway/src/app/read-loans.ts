// SPDX-License-Identifier: Apache-2.0
// What the list of a library desk says of borrowing: a rule for each group, and the patron number behind each person.
import { sql } from 'kysely';
import type { Snapshot } from '../adapters/database/open-database.ts';
import type { SnapshotLoans } from '../core/compiler/scope-snapshot.ts';

/** `undefined`: no desk is in this scope. `person`: only theirs. */
export async function readLoans(
  { db, columns }: Snapshot,
  scope: number,
  person: number | undefined,
): Promise<SnapshotLoans | undefined> {
  const desk = await db
    .selectFrom('portal')
    .select('id')
    .where('scope_id', '=', scope)
    .where('kind', '=', 'desk')
    .executeTakeFirst();
  if (desk === undefined) return undefined;
  const rules = await db
    .selectFrom('loan_rule')
    .innerJoin('person_group', 'person_group.id', 'loan_rule.group_id')
    .select(['loan_rule.group_id as id', 'person_group.name', 'most', 'days'])
    .orderBy('group_id')
    .execute();
  let people = db
    .selectFrom('person')
    .leftJoin('borrower', 'borrower.person_id', 'person.id')
    .select(['person.id', sql<string>`coalesce(borrower.patron, person.number)`.as('patron')])
    .select(sql<number>`coalesce(borrower.blocked, 0)`.as('blocked'))
    .where('person.active', '=', 1)
    .orderBy('person.id');
  let members = db
    .selectFrom('group_member')
    .innerJoin('loan_rule', 'loan_rule.group_id', 'group_member.group_id')
    .select(['person_id', 'group_member.group_id as group_id'])
    .orderBy('person_id')
    .orderBy('group_id');
  if (person !== undefined) {
    people = people.where('person.id', '=', person);
    members = members.where('person_id', '=', person);
  }
  const [ids, patrons, blocked] = (await columns(people, ['number', 'text', 'number'])).packed;
  const [persons, groups] = (await columns(members, ['number', 'text'])).packed;
  return {
    rules: rules.map(({ id, name, most, days }) => ({ id, terms: { group: name, limit: most, days } })),
    people: { ids, patrons, blocked },
    members: { persons, groups },
  };
}

// SPDX-License-Identifier: Apache-2.0
// Reads people, groups and cards for the API.
import type { Page } from '@latchkey/protocols/api/common';
import type { Card, CardQuery, Group, Person, PersonQuery } from '@latchkey/protocols/api/people';
import { ok } from '@latchkey/protocols/result';
import type { Kysely } from 'kysely';
import type { CredentialTable, Database, PersonRow } from '../../adapters/database/schema.ts';
import type { Reach } from '../../http/principal.ts';
import type { ApiResult } from '../../http/services.ts';
import { namesOf, readCursor, toClass, toInstantOrNull, toPage } from './forms.ts';

export async function pageOfPeople(
  db: Kysely<Database>,
  query: PersonQuery,
  reach: Reach = 'all',
): Promise<ApiResult<Page<Person>>> {
  const after = readCursor(query.cursor);
  if (!after.ok) return after;
  let select = db
    .selectFrom('person')
    .selectAll('person')
    .orderBy('person.id')
    .limit(query.limit + 1);
  if (after.value !== undefined) select = select.where('person.id', '>', after.value);
  if (reach !== 'all') select = select.where('person.building', 'in', namesOf(reach));
  if (query.number !== undefined) select = select.where('person.number', '=', query.number);
  if (query.group !== undefined) {
    const members = db.selectFrom('group_member').select('person_id').where('group_id', '=', query.group);
    select = select.where('person.id', 'in', members);
  }
  const rows = await select.execute();
  const groups = await groupsOf(
    db,
    rows.map(({ id }) => id),
  );
  return ok(
    toPage(
      rows,
      query.limit,
      ({ id }) => id,
      (row) => toPerson(row, groups.get(row.id) ?? []),
    ),
  );
}

export async function readPerson(db: Kysely<Database>, number: string): Promise<Person | undefined> {
  const row = await db.selectFrom('person').selectAll().where('number', '=', number).executeTakeFirst();
  if (row === undefined) return undefined;
  return toPerson(row, (await groupsOf(db, [row.id])).get(row.id) ?? []);
}

async function groupsOf(db: Kysely<Database>, people: readonly number[]): Promise<Map<number, string[]>> {
  const groups = new Map<number, string[]>();
  if (people.length === 0) return groups;
  const select = db
    .selectFrom('group_member')
    .selectAll()
    .where('person_id', 'in', [...people]);
  for (const { person_id, group_id } of await select.orderBy('group_id').execute()) {
    const list = groups.get(person_id);
    if (list === undefined) groups.set(person_id, [group_id]);
    else list.push(group_id);
  }
  return groups;
}

const toPerson = (row: PersonRow, groups: string[]): Person => ({
  number: row.number,
  name: row.name,
  kind: row.kind,
  groups,
  validFrom: toInstantOrNull(row.valid_from),
  validUntil: toInstantOrNull(row.valid_until),
  extendedAccess: row.extended_access === 1,
  antiPassbackExempt: row.anti_passback_exempt === 1,
  building: row.building,
  room: row.room,
  bed: row.bed,
  className: row.class_name,
  college: row.college,
  active: row.active === 1,
});

export async function listGroups(db: Kysely<Database>, id?: string): Promise<Group[]> {
  let select = db
    .selectFrom('person_group')
    .leftJoin('group_member', 'group_member.group_id', 'person_group.id')
    .select(({ fn }) => [
      'person_group.id',
      'person_group.name',
      fn.count<number>('group_member.person_id').as('members'),
    ])
    .groupBy(['person_group.id', 'person_group.name'])
    .orderBy('person_group.id');
  if (id !== undefined) select = select.where('person_group.id', '=', id);
  return (await select.execute()).map(({ id, name, members }) => ({ id, name, members }));
}

export async function pageOfCards(
  db: Kysely<Database>,
  query: CardQuery,
  reach: Reach = 'all',
): Promise<ApiResult<Page<Card>>> {
  const after = readCursor(query.cursor);
  if (!after.ok) return after;
  let select = selectCards(db)
    .orderBy('credential.id')
    .limit(query.limit + 1);
  if (after.value !== undefined) select = select.where('credential.id', '>', after.value);
  if (reach !== 'all') select = select.where('person.building', 'in', namesOf(reach));
  if (query.person !== undefined) select = select.where('person.number', '=', query.person);
  if (query.state !== undefined) select = select.where('credential.state', '=', query.state);
  return ok(toPage(await select.execute(), query.limit, ({ id }) => id, toCard));
}

export async function readCards(db: Kysely<Database>, ids: readonly number[]): Promise<Card[]> {
  if (ids.length === 0) return [];
  const rows = await selectCards(db)
    .where('credential.id', 'in', [...ids])
    .orderBy('credential.id')
    .execute();
  return rows.map(toCard);
}

/** Ids of cards are row numbers; anything else names no card. */
export const cardRow = (id: string): number => (/^\d{1,15}$/.test(id) ? Number(id) : -1);

const selectCards = (db: Kysely<Database>) =>
  db
    .selectFrom('credential')
    .innerJoin('person', 'person.id', 'credential.person_id')
    .select([
      'credential.id',
      'credential.tail',
      'credential.class',
      'credential.state',
      'credential.valid_until',
      'person.number',
    ]);

type CardRow = Pick<CredentialTable, 'tail' | 'class' | 'state' | 'valid_until'> & { id: number; number: string };

const toCard = (row: CardRow): Card => ({
  id: String(row.id),
  person: row.number,
  ending: row.tail,
  class: toClass(row.class),
  state: row.state,
  validUntil: toInstantOrNull(row.valid_until),
});

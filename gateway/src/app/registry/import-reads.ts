// SPDX-License-Identifier: Apache-2.0
// What imports are compared with, read in one snapshot and page by page, so that a campus of people never blocks the doors.

import type { Transaction } from 'kysely';
import type { Database, PersonRow } from '../../adapters/database/schema.ts';
import type { CardHolder, KnownCard } from '../../core/import/plan-cards.ts';
import type { KnownLevel, LevelRegistry } from '../../core/import/plan-levels.ts';
import type { KnownPerson, NewGroup } from '../../core/import/plan-people.ts';

type Reading = Transaction<Database>;

const PAGE_ROWS = 2_000;

export const readGroups = (db: Reading): Promise<NewGroup[]> => db.selectFrom('person_group').selectAll().execute();

export async function readPeople(db: Reading): Promise<Map<string, KnownPerson>> {
  const people = new Map<string, KnownPerson>();
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('person')
      .leftJoin('account', 'account.person_id', 'person.id')
      .leftJoin('borrower', 'borrower.person_id', 'person.id')
      .selectAll('person')
      .select(['account.created_at as account_at', 'borrower.patron'])
      .select(({ exists, selectFrom }) =>
        exists(selectFrom('role_grant').select('role').whereRef('role_grant.person_id', '=', 'person.id')).as('staff'),
      )
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE_ROWS)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return people;
    const groups = await groupsOf(db, after, last.id);
    for (const row of rows) people.set(row.number, toKnown(row, groups.get(row.id) ?? []));
    after = last.id;
  }
}

async function groupsOf(db: Reading, after: number, last: number): Promise<Map<number, string[]>> {
  const rows = await db
    .selectFrom('group_member')
    .selectAll()
    .where('person_id', '>', after)
    .where('person_id', '<=', last)
    .orderBy('group_id')
    .execute();
  const groups = new Map<number, string[]>();
  for (const { person_id, group_id } of rows) {
    const list = groups.get(person_id);
    if (list === undefined) groups.set(person_id, [group_id]);
    else list.push(group_id);
  }
  return groups;
}

interface ReadPerson extends PersonRow {
  readonly account_at: number | null;
  readonly patron: string | null;
  /** Holds a role. */
  readonly staff: unknown;
}

const toKnown = (row: ReadPerson, groups: readonly string[]): KnownPerson => ({
  id: row.id,
  number: row.number,
  name: row.name,
  kind: row.kind,
  building: row.building,
  room: row.room,
  bed: row.bed,
  className: row.class_name,
  college: row.college,
  active: row.active === 1,
  validFromMs: row.valid_from,
  validUntilMs: row.valid_until,
  hasAccount: row.account_at !== null || Boolean(row.staff),
  patron: row.patron,
  groups,
});

export async function readHolders(db: Reading): Promise<Map<string, CardHolder>> {
  const holders = new Map<string, CardHolder>();
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('person')
      .select(['id', 'number', 'active'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE_ROWS)
      .execute();
    for (const { id, number, active } of rows) holders.set(number, { id, active: active === 1 });
    const last = rows.at(-1);
    if (last === undefined) return holders;
    after = last.id;
  }
}

export async function readCardsInUse(db: Reading): Promise<Map<string, KnownCard>> {
  const cards = new Map<string, KnownCard>();
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('credential')
      .select(['id', 'person_id', 'credential_id', 'class', 'valid_until', 'state'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE_ROWS)
      .execute();
    for (const row of rows) {
      const { id, person_id: personId, valid_until: validUntilMs } = row;
      if (row.state !== 'withdrawn') cards.set(row.credential_id, { id, personId, class: row.class, validUntilMs });
    }
    const last = rows.at(-1);
    if (last === undefined) return cards;
    after = last.id;
  }
}

export async function readLevelRegistry(db: Reading): Promise<LevelRegistry> {
  const portals = await db.selectFrom('portal').select('id').execute();
  const schedules = await db.selectFrom('schedule').select('id').execute();
  return {
    groups: await readGroups(db),
    portals: new Set(portals.map(({ id }) => id)),
    schedules: new Set(schedules.map(({ id }) => id)),
    levels: await readKnownLevels(db),
  };
}

async function readKnownLevels(db: Reading): Promise<KnownLevel[]> {
  const rows = await db.selectFrom('access_level').selectAll().orderBy('id').execute();
  const groups = await db.selectFrom('level_group').selectAll().orderBy('group_id').execute();
  const portals = await db.selectFrom('level_portal').selectAll().orderBy('portal_id').execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    groups: groups.filter(({ level_id }) => level_id === row.id).map(({ group_id }) => group_id),
    portals: portals.filter(({ level_id }) => level_id === row.id).map(({ portal_id }) => portal_id),
    directions: [...(row.allow_in === 1 ? (['in'] as const) : []), ...(row.allow_out === 1 ? (['out'] as const) : [])],
    schedule: row.schedule_id,
    validFromMs: row.valid_from,
    validUntilMs: row.valid_until,
  }));
}

// SPDX-License-Identifier: Apache-2.0
// Rights that come with a room: whoever lives there, and whom a grant lets in for a while. They are read as levels and groups of
// their own, so that the one compiler and the one decision know nothing of rooms. Ids with ":" cannot be those of real ones.
import { type Kysely, sql } from 'kysely';
import type { Snapshot } from '../adapters/database/open-database.ts';
import type { Database } from '../adapters/database/schema.ts';
import type { SnapshotLevel } from '../core/compiler/scope-snapshot.ts';
import { ALWAYS } from './registry/calendar.ts';

interface Reading {
  readonly db: Kysely<Database>;
}

const roomOf = (portal: string) => `room:${portal}`;
const grantOf = (id: number) => `grant:${id}`;

/** Smart locks in rooms that these scopes serve. Without a building there is no room: an empty field matches nobody. */
const roomLocks = ({ db }: Snapshot, scope: number) =>
  db
    .selectFrom('portal')
    .select(['id', 'building', 'room', 'floor'])
    .where('scope_id', '=', scope)
    .where('kind', '=', 'lock')
    .where('building', '<>', '');

/** Every list is made anew once a day at least. */
const AHEAD_MS = 7 * 86_400_000;

/** What is over or weeks away is left out: a lock has little room, and a roster many shifts. */
const grantsOf = ({ db }: Reading, scope: number, nowMs: number) =>
  db
    .selectFrom('room_grant')
    .innerJoin('portal', 'portal.building', 'room_grant.building')
    .where('portal.scope_id', '=', scope)
    .where('portal.kind', '=', 'lock')
    .where('portal.building', '<>', '')
    .where('room_grant.withdrawn_at', 'is', null)
    .where('room_grant.valid_until', '>', nowMs)
    .where('room_grant.valid_from', '<', nowMs + AHEAD_MS)
    .where((eb) => eb.or([eb('room_grant.room', 'is', null), eb('room_grant.room', '=', eb.ref('portal.room'))]))
    .where((eb) => eb.or([eb('room_grant.floor', 'is', null), eb('room_grant.floor', '=', eb.ref('portal.floor'))]));

export async function readRoomLevels(snapshot: Snapshot, scope: number, nowMs: number): Promise<SnapshotLevel[]> {
  const locks = await roomLocks(snapshot, scope).where('room', '<>', '').execute();
  if (locks.length === 0 && (await roomLocks(snapshot, scope).limit(1).execute()).length === 0) return [];
  const grants = await grantsOf(snapshot, scope, nowMs)
    .select(['room_grant.id', 'group_id', 'valid_from', 'valid_until', 'portal.id as portal_id'])
    .orderBy('room_grant.id')
    .execute();
  const level = { directions: ['in', 'out'] as const, schedule: ALWAYS };
  const rooms = locks.map(({ id }) => ({
    ...level,
    id: roomOf(id),
    groups: [roomOf(id)],
    portals: [id],
    validFromMs: null,
    validUntilMs: null,
  }));
  const windows = grants.map(({ id, group_id, valid_from, valid_until, portal_id }) => ({
    ...level,
    id: `${grantOf(id)}:${portal_id}`,
    groups: [group_id ?? grantOf(id)],
    portals: [portal_id],
    validFromMs: valid_from,
    validUntilMs: valid_until,
  }));
  return [...rooms, ...windows];
}

/** Who is in these groups: residents by building and room, the bed does not matter. */
export function roomMembers(snapshot: Reading, scope: number, nowMs: number) {
  const residents = snapshot.db
    .selectFrom('portal')
    .innerJoin('person', (join) =>
      join.onRef('person.building', '=', 'portal.building').onRef('person.room', '=', 'portal.room'),
    )
    .select(['person.id as person_id', sql<string>`'room:' || portal.id`.as('group_id')])
    .where('portal.scope_id', '=', scope)
    .where('portal.kind', '=', 'lock')
    .where('portal.building', '<>', '')
    .where('portal.room', '<>', '')
    .where('person.kind', '=', 'resident')
    .where('person.active', '=', 1);
  const named = grantsOf(snapshot, scope, nowMs)
    .select(['person_id', sql<string>`'grant:' || room_grant.id`.as('group_id')])
    .where('person_id', 'is not', null)
    .$narrowType<{ person_id: number }>();
  const grouped = grantsOf(snapshot, scope, nowMs)
    .innerJoin('group_member', 'group_member.group_id', 'room_grant.group_id')
    .select(['group_member.person_id as person_id', 'group_member.group_id as group_id']);
  return residents.union(named).union(grouped);
}

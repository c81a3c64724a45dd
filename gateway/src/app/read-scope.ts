// SPDX-License-Identifier: Apache-2.0
// Reads one scope out of the registry, everything of one moment, and with it where the deny chain stood at that moment: a list
// that still held a lost card while it claimed the deny would take it out of the controllers' overlay.
import { CREDENTIAL_CLASSES } from '@latchkey/protocols/ids';
import { type ExpressionBuilder, sql } from 'kysely';
import type { Snapshot } from '../adapters/database/open-database.ts';
import type { Database } from '../adapters/database/schema.ts';
import type {
  ScopeSnapshot,
  SnapshotLevel,
  SnapshotPortal,
  SnapshotSchedule,
} from '../core/compiler/scope-snapshot.ts';
import { readLoans } from './read-loans.ts';
import { denyPosition } from './registry/deny-log.ts';
import { isHeld } from './registry/held-people.ts';
import { readRoomLevels, roomMembers } from './room-rights.ts';

export interface ScopeReading {
  readonly changeSeq: number;
  readonly prfKeyId: number;
  readonly denySeq: number;
  readonly snapshot: ScopeSnapshot;
}

export interface ScopeReadingOptions {
  readonly epoch: number;
  readonly timeZone: string;
  readonly nowMs: number;
  /** Only this person's memberships and credentials: the rules are the same, the reading takes milliseconds. */
  readonly person?: number;
  /** With `person`: a credential of this id and of the class of phones instead of theirs, for whoever carries none of ours. */
  readonly standIn?: string;
}

/** `undefined`: there is no such scope any more. */
export async function readScope(
  snapshot: Snapshot,
  scope: number,
  { epoch, timeZone, nowMs, person, standIn }: ScopeReadingOptions,
): Promise<ScopeReading | undefined> {
  const { db } = snapshot;
  const row = await db.selectFrom('scope').selectAll().where('id', '=', scope).executeTakeFirst();
  if (row === undefined) return undefined;
  const { seq } = await denyPosition(db, epoch);
  const holidays = await db.selectFrom('holiday').select('date').orderBy('date').execute();
  return {
    changeSeq: row.change_seq,
    prfKeyId: row.prf_key_id,
    denySeq: seq,
    snapshot: {
      timeZone,
      zone: row.zone,
      holidays: holidays.map(({ date }) => date),
      schedules: await readSchedules(snapshot),
      portals: await readPortals(snapshot, scope),
      levels: [...(await readLevels(snapshot, scope)), ...(await readRoomLevels(snapshot, scope, nowMs))],
      members: await readMembers(snapshot, { scope, nowMs, person }),
      credentials: await readCredentials(snapshot, { scope, nowMs, person, standIn }),
      loans: await readLoans(snapshot, scope, person),
    },
  };
}

async function readSchedules({ db }: Snapshot): Promise<SnapshotSchedule[]> {
  const rows = await db.selectFrom('schedule').selectAll().execute();
  return rows.map(({ id, intervals, on_holidays }) => ({
    id,
    intervals: JSON.parse(intervals) as SnapshotSchedule['intervals'],
    onHolidays: JSON.parse(on_holidays) as SnapshotSchedule['onHolidays'],
  }));
}

async function readPortals({ db }: Snapshot, scope: number): Promise<SnapshotPortal[]> {
  const rows = await db.selectFrom('portal').selectAll().where('scope_id', '=', scope).execute();
  return rows.map((row) => ({
    id: row.id,
    antiPassback: JSON.parse(row.anti_passback) as SnapshotPortal['antiPassback'],
    assurance: JSON.parse(row.assurance) as SnapshotPortal['assurance'],
    afterExpiry: row.after_expiry,
    askGateway: row.ask_gateway === 1,
  }));
}

const levelsOf = ({ db }: Snapshot, scope: number) =>
  db
    .selectFrom('level_portal')
    .innerJoin('portal', 'portal.id', 'level_portal.portal_id')
    .where('portal.scope_id', '=', scope);

async function readLevels(snapshot: Snapshot, scope: number): Promise<SnapshotLevel[]> {
  const { db } = snapshot;
  const portals = await levelsOf(snapshot, scope).select(['level_id', 'portal_id']).execute();
  const ids = levelsOf(snapshot, scope).select('level_id');
  const groups = await db.selectFrom('level_group').selectAll().where('level_id', 'in', ids).execute();
  const rows = await db.selectFrom('access_level').selectAll().where('id', 'in', ids).execute();
  return rows.map((row) => ({
    id: row.id,
    groups: groups.filter(({ level_id }) => level_id === row.id).map(({ group_id }) => group_id),
    portals: portals.filter(({ level_id }) => level_id === row.id).map(({ portal_id }) => portal_id),
    directions: [...(row.allow_in === 1 ? (['in'] as const) : []), ...(row.allow_out === 1 ? (['out'] as const) : [])],
    schedule: row.schedule_id,
    validFromMs: row.valid_from,
    validUntilMs: row.valid_until,
  }));
}

const groupsOf = (snapshot: Snapshot, scope: number) =>
  snapshot.db
    .selectFrom('level_group')
    .select('group_id')
    .where('level_id', 'in', levelsOf(snapshot, scope).select('level_id'));

async function readMembers(snapshot: Snapshot, wanted: Whom): Promise<ScopeSnapshot['members']> {
  const query = snapshot.db
    .selectFrom(membershipsOf(snapshot, wanted).as('membership'))
    .select(['person_id', 'group_id'])
    .orderBy('person_id')
    .orderBy('group_id');
  const { packed } = await snapshot.columns(query, ['number', 'text']);
  return { persons: packed[0], groups: packed[1] };
}

interface Whom {
  readonly scope: number;
  readonly nowMs: number;
  readonly person: number | undefined;
}

interface Wanted extends Whom {
  readonly standIn: string | undefined;
}

async function readCredentials(snapshot: Snapshot, wanted: Wanted): Promise<ScopeSnapshot['credentials']> {
  const query =
    wanted.standIn === undefined
      ? selectCards(snapshot, wanted).unionAll(selectPhones(snapshot, wanted))
      : selectStandIn(snapshot, wanted, wanted.standIn);
  const sorted = query.orderBy('person_id').orderBy('credential_id');
  const { packed } = await snapshot.columns(sorted, CREDENTIAL_COLUMNS);
  const [persons, ids, classes, kinds, extended, exempt, personFrom, personUntil, from, until, blocked] = packed;
  return { persons, ids, classes, kinds, extended, exempt, personFrom, personUntil, from, until, blocked };
}

/** Whom a level of the scope names; of a single person no more is read than that. */
const membersOf = (snapshot: Snapshot, wanted: Wanted) =>
  snapshot.db.selectFrom(membershipsOf(snapshot, wanted).as('membership')).select('person_id');

/** By the groups that levels name, by room, and by grants. */
function membershipsOf(snapshot: Snapshot, { scope, nowMs, person }: Whom) {
  const grouped = snapshot.db
    .selectFrom('group_member')
    .select(['person_id', 'group_id'])
    .where('group_id', 'in', groupsOf(snapshot, scope));
  const all = snapshot.db
    .selectFrom(grouped.union(roomMembers(snapshot, scope, nowMs)).as('each'))
    .select(['person_id', 'group_id']);
  return person === undefined ? all : all.where('person_id', '=', person);
}

const HOLDER = [
  'person.kind',
  'person.extended_access',
  'person.anti_passback_exempt',
  'person.valid_from as person_from',
  'person.valid_until as person_until',
] as const;
const NO_INSTANT = sql<number | null>`null`;
const PHONE_CLASS = sql<number>`${sql.lit(CREDENTIAL_CLASSES['phone-code'])}`;

function selectCards(snapshot: Snapshot, wanted: Wanted) {
  const { person } = wanted;
  const query = snapshot.db
    .selectFrom('person')
    .innerJoin('credential', 'credential.person_id', 'person.id')
    .select(['person.id as person_id', 'credential.credential_id', 'credential.class', ...HOLDER])
    .select(['credential.valid_from', 'credential.valid_until', sql<number>`0`.as('blocked')])
    .where('person.active', '=', 1)
    .where('credential.state', '=', 'active')
    .where('person.id', 'in', membersOf(snapshot, wanted));
  return person === undefined ? query : query.where('person.id', '=', person);
}

/** A phone is in the list by its person's right, or, blocked, because a certificate would open where the list is silent. */
function selectPhones(snapshot: Snapshot, wanted: Wanted) {
  const { scope, nowMs, person } = wanted;
  const query = snapshot.db
    .selectFrom('person')
    .innerJoin('phone', 'phone.person_id', 'person.id')
    .select(['person.id as person_id', 'phone.credential_id', PHONE_CLASS.as('class'), ...HOLDER])
    .select((eb) => [
      NO_INSTANT.as('valid_from'),
      NO_INSTANT.as('valid_until'),
      eb
        .case()
        .when(mayUse(eb, snapshot, wanted))
        .then(0)
        .else(1)
        .end()
        .as('blocked'),
    ])
    .where((eb) => eb.or([mayUse(eb, snapshot, wanted), eb('phone.id', 'in', certifiedIn(snapshot, scope, nowMs))]));
  return person === undefined ? query : query.where('person.id', '=', person);
}

const certifiedIn = ({ db }: Snapshot, scope: number, nowMs: number) =>
  db.selectFrom('phone_certificate').select('phone_id').where('scope_id', '=', scope).where('expires_at', '>', nowMs);

const mayUse = (eb: ExpressionBuilder<Database, 'person' | 'phone'>, snapshot: Snapshot, wanted: Wanted) =>
  eb.and([
    eb('phone.state', '=', 'active'),
    eb('person.active', '=', 1),
    eb('person.id', 'in', membersOf(snapshot, wanted)),
    eb.not(isHeld(snapshot.db)),
  ]);

/** Held or not: who asks says so with a reason of its own, before or beside the right. */
function selectStandIn(snapshot: Snapshot, wanted: Wanted, id: string) {
  const { person = -1 } = wanted;
  return snapshot.db
    .selectFrom('person')
    .select(['person.id as person_id', sql<string>`${id}`.as('credential_id'), PHONE_CLASS.as('class'), ...HOLDER])
    .select([NO_INSTANT.as('valid_from'), NO_INSTANT.as('valid_until'), sql<number>`0`.as('blocked')])
    .where('person.active', '=', 1)
    .where('person.id', '=', person)
    .where('person.id', 'in', membersOf(snapshot, wanted));
}

const CREDENTIAL_COLUMNS = [
  'number',
  'hex',
  'number',
  'text',
  'number',
  'number',
  'number',
  'number',
  'number',
  'number',
  'number',
] as const;

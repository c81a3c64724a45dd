// SPDX-License-Identifier: Apache-2.0
// Reads one scope out of the registry, everything of one moment, and with it where the deny chain stood at that moment: a list
// that still held a lost card while it claimed the deny would take it out of the controllers' overlay.
import type { Snapshot } from '../adapters/database/open-database.ts';
import type {
  ScopeSnapshot,
  SnapshotLevel,
  SnapshotPortal,
  SnapshotSchedule,
} from '../core/compiler/scope-snapshot.ts';
import { denyPosition } from './registry/deny-log.ts';

export interface ScopeReading {
  readonly changeSeq: number;
  readonly prfKeyId: number;
  readonly denySeq: number;
  readonly snapshot: ScopeSnapshot;
}

export interface ScopeReadingOptions {
  readonly epoch: number;
  readonly timeZone: string;
  /** Only this person's memberships and cards: the rules are the same, the reading takes milliseconds. */
  readonly person?: number;
}

/** `undefined`: there is no such scope any more. */
export async function readScope(
  snapshot: Snapshot,
  scope: number,
  { epoch, timeZone, person }: ScopeReadingOptions,
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
      holidays: holidays.map(({ date }) => date),
      schedules: await readSchedules(snapshot),
      portals: await readPortals(snapshot, scope),
      levels: await readLevels(snapshot, scope),
      members: await readMembers(snapshot, scope, person),
      credentials: await readCredentials(snapshot, scope, person),
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

async function readMembers(
  snapshot: Snapshot,
  scope: number,
  person: number | undefined,
): Promise<ScopeSnapshot['members']> {
  let query = snapshot.db
    .selectFrom('group_member')
    .select(['person_id', 'group_id'])
    .where('group_id', 'in', groupsOf(snapshot, scope))
    .orderBy('person_id')
    .orderBy('group_id');
  if (person !== undefined) query = query.where('person_id', '=', person);
  const { packed } = await snapshot.columns(query, ['number', 'text']);
  return { persons: packed[0], groups: packed[1] };
}

async function readCredentials(
  snapshot: Snapshot,
  scope: number,
  person: number | undefined,
): Promise<ScopeSnapshot['credentials']> {
  let query = snapshot.db
    .selectFrom('person')
    .innerJoin('credential', 'credential.person_id', 'person.id')
    .select([
      'credential.person_id',
      'credential.credential_id',
      'credential.class',
      'person.kind',
      'person.extended_access',
      'person.anti_passback_exempt',
      'person.valid_from as person_from',
      'person.valid_until as person_until',
      'credential.valid_from',
      'credential.valid_until',
    ])
    .where('person.active', '=', 1)
    .where('credential.state', '=', 'active')
    .where('person.id', 'in', (eb) =>
      eb.selectFrom('group_member').select('person_id').where('group_id', 'in', groupsOf(snapshot, scope)),
    )
    .orderBy('credential.person_id')
    .orderBy('credential.credential_id');
  if (person !== undefined) query = query.where('person.id', '=', person);
  const { packed } = await snapshot.columns(query, CREDENTIAL_COLUMNS);
  const [persons, ids, classes, kinds, extended, exempt, personFrom, personUntil, from, until] = packed;
  return { persons, ids, classes, kinds, extended, exempt, personFrom, personUntil, from, until };
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
] as const;

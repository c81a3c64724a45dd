// SPDX-License-Identifier: Apache-2.0
// A person's doors with smart locks: what they may open, and whether it would work now.
import type { MyDoor, NotNow } from '@latchkey/protocols/api/keychain';
import type { DeviceId } from '@latchkey/protocols/ids';
import type { Kysely } from 'kysely';
import type { Database, PersonRow } from '../../adapters/database/schema.ts';
import { toInstantOrNull } from '../api/forms.ts';
import { LATELY_MS } from '../locks/lock-network.ts';
import { scopesOfPeople } from '../registry/touched-scopes.ts';
import { isHeld, type MayOpenOptions, mayOpen, type Right } from './may-open.ts';

export interface DoorOptions extends MayOpenOptions {
  readonly serverOf: (lockId: string) => DeviceId | undefined;
}

/** More is no keychain any more: who looks after a hundred rooms uses the console. */
const MOST_DOORS = 100;

export const doorRows = (db: Kysely<Database>) =>
  db
    .selectFrom('portal')
    .leftJoin('lock', (join) =>
      join.onRef('lock.portal_id', '=', 'portal.id').on('lock.state', 'in', ['waiting', 'paired']),
    )
    .select(['portal.id', 'portal.name', 'portal.name_en', 'portal.building', 'portal.room', 'portal.scope_id'])
    .select(['lock.id as lock_id', 'lock.state as lock_state'])
    .where('portal.kind', '=', 'lock');

export type DoorRow = Awaited<ReturnType<ReturnType<typeof doorRows>['execute']>>[number];

export interface LockView {
  readonly server: DeviceId | undefined;
  readonly report: ReportRow | undefined;
  /** Why the lock itself cannot be opened now. */
  readonly notNow: NotNow | null;
}

const reportsOf = (db: Kysely<Database>, lock: string) =>
  db.selectFrom('lock_report').selectAll().where('lock_id', '=', lock).orderBy('reported_at', 'desc').execute();
type ReportRow = Awaited<ReturnType<typeof reportsOf>>[number];

export async function lookAtLock({ database: { db }, serverOf, nowMs }: DoorOptions, row: DoorRow): Promise<LockView> {
  if (row.lock_id === null || row.lock_state !== 'paired')
    return { server: undefined, report: undefined, notNow: 'not-paired' };
  const server = serverOf(row.lock_id);
  const reports = await reportsOf(db, row.lock_id);
  const report = reports.find(({ device_id }) => device_id === server) ?? reports[0];
  if (server === undefined) return { server, report, notNow: 'nobody-serves-it' };
  if ((report?.last_seen ?? 0) < nowMs() - LATELY_MS) return { server, report, notNow: 'out-of-reach' };
  return { server, report, notNow: null };
}

export async function doorsOf(options: DoorOptions, person: PersonRow): Promise<MyDoor[]> {
  const { db } = options.database;
  const scopes = await scopesOfPeople(db, [person.id], options.nowMs());
  if (scopes.length === 0) return [];
  const rows = await doorRows(db)
    .where('portal.scope_id', 'in', scopes)
    .orderBy((eb) => {
      const isOwn = eb.and([eb('portal.building', '=', person.building), eb('portal.room', '=', person.room)]);
      return eb.case().when(isOwn).then(0).else(1).end();
    })
    .orderBy('portal.id')
    .execute();
  const held = await isHeld(options, person.id);
  const doors: MyDoor[] = [];
  for (const row of rows) {
    if (doors.length === MOST_DOORS) break;
    const asked = { person: person.id, number: person.number, portal: row.id, scope: row.scope_id };
    const right = await mayOpen(options, asked, false);
    if (right.outcome === 'none') continue;
    doors.push(toDoor(row, person, held ? HELD : right, await lookAtLock(options, row)));
  }
  return doors;
}

const HELD: Right = { outcome: 'denied', why: 'held', reason: 'CredentialDenied' };

function toDoor(row: DoorRow, person: PersonRow, right: Right, { report, notNow }: LockView): MyDoor {
  return {
    portal: row.id,
    name: row.name,
    nameEn: row.name_en,
    building: row.building,
    room: row.room,
    own: person.kind === 'resident' && row.room !== '' && row.room === person.room && row.building === person.building,
    reachable: notNow === null,
    lastSeenAt: toInstantOrNull(report?.last_seen ?? null),
    battery: report?.battery ?? null,
    bolt: (report?.bolt ?? 'unknown') as MyDoor['bolt'],
    door: (report?.door ?? 'unknown') as MyDoor['door'],
    notNow: right.outcome === 'denied' ? right.why : notNow,
    reason: right.outcome === 'denied' ? right.reason : null,
  };
}

// SPDX-License-Identifier: Apache-2.0
// Locks as those see them who look after them: what each should have beside what it says it has, who serves it, what still waits.
import type { Lock, RolloutState, Rollouts } from '@latchkey/protocols/api/locks';
import { ROLLOUT_STATES, WAITING_SHOWN } from '@latchkey/protocols/api/locks';
import type { DeviceId } from '@latchkey/protocols/ids';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import type { LockReportTable } from '../../adapters/database/schema-locks.ts';
import { toInstant, toInstantOrNull } from './forms.ts';

export interface LockReadOptions {
  readonly db: Kysely<Database>;
  readonly serverOf: (lockId: string) => DeviceId | undefined;
  readonly isOnline: (device: string) => boolean;
}

type Report = Selectable<LockReportTable>;

const lockRows = (db: Kysely<Database>) =>
  db
    .selectFrom('lock')
    .innerJoin('portal', 'portal.id', 'lock.portal_id')
    .innerJoin('scope', 'scope.id', 'portal.scope_id')
    .leftJoin('list_version as list', (join) =>
      join.onRef('list.scope_id', '=', 'scope.id').on(
        sql<boolean>`not exists (select 1 from list_version as newer where newer.scope_id = list.scope_id
          and (newer.epoch > list.epoch or (newer.epoch = list.epoch and newer.version > list.version)))`,
      ),
    )
    .select([
      'lock.id',
      'lock.portal_id',
      'lock.state',
      'lock.firmware',
      'lock.changed_at',
      'lock.pairing_until',
      'lock.pairing_fault',
    ])
    .select(['portal.building', 'portal.room', 'portal.scope_id', 'scope.change_seq', 'scope.compiled_seq'])
    .select('scope.changed_at as scope_changed_at')
    .select(['list.epoch as list_epoch', 'list.version as list_version'])
    // Of the oldest version that the lock has not been seen with.
    .select(
      sql<number | null>`(select min(missed.issued_at) from list_version as missed
        where missed.scope_id = scope.id and missed.epoch = list.epoch and missed.version > coalesce(
          (select max(said.version) from lock_report as said
            where said.lock_id = lock.id and said.epoch = list.epoch), 0))`.as('missed_since'),
    )
    .where('lock.state', 'in', ['waiting', 'paired'])
    .orderBy('lock.portal_id');

type Row = Awaited<ReturnType<ReturnType<typeof lockRows>['execute']>>[number];

export async function listLocks({ db, serverOf, isOnline }: LockReadOptions, portal?: string): Promise<Lock[]> {
  const rows = await (portal === undefined ? lockRows(db) : lockRows(db).where('portal_id', '=', portal)).execute();
  const corridors = grouped(await db.selectFrom('lock_corridor').selectAll().execute(), (row) => row.portal_id);
  const reports = grouped(await db.selectFrom('lock_report').selectAll().execute(), (row) => row.lock_id);
  const held = new Map(
    (await db.selectFrom('device_scope').select(['device_id', 'scope_id', 'reported_version']).execute()).map((row) => [
      `${row.device_id} ${row.scope_id}`,
      row.reported_version,
    ]),
  );
  return rows.map((row) => {
    const serving = corridors.get(row.portal_id) ?? [];
    const devices = serving.map(({ device_id }) => device_id);
    const said = reports.get(row.id) ?? [];
    const server = serverOf(row.id);
    const reported = newestReport(row, said);
    const atCorridor = devices.some((device) => held.get(`${device} ${row.scope_id}`) === row.list_version);
    const rollout = rolloutOf(row, reported, atCorridor);
    return {
      portal: row.portal_id,
      building: row.building,
      room: row.room,
      lockId: row.id,
      state: row.state,
      scope: row.scope_id,
      firmware: said[0]?.firmware ?? row.firmware,
      corridors: devices,
      server: server ?? null,
      waitsFor: serving.length === 1 ? [] : serving.flatMap((each) => (each.endless === 1 ? [each.device_id] : [])),
      desired: row.list_version,
      reported,
      rollout,
      waitingSince: rollout === 'in-force' ? null : toInstant(waitingSince(row)),
      pairingUntil: toInstantOrNull(row.pairing_until),
      pairingFault: row.pairing_fault,
      reports: said.map((report) => toReport(report, server, isOnline)),
    };
  });
}

/** Of the newest word, whoever it came from: two controllers may have met the lock. */
function newestReport({ list_epoch }: Row, reports: readonly Report[]): number | null {
  const versions = reports.flatMap(({ epoch, version }) => (epoch === list_epoch && version !== null ? [version] : []));
  return versions.length === 0 ? null : Math.max(...versions);
}

/** Since the first change it has not got; a lock that came into the door later waits since then. */
function waitingSince({ change_seq, compiled_seq, scope_changed_at, missed_since, changed_at }: Row): number {
  const changed = change_seq > compiled_seq ? scope_changed_at : null;
  const first = Math.min(missed_since ?? Number.MAX_SAFE_INTEGER, changed ?? Number.MAX_SAFE_INTEGER);
  return first === Number.MAX_SAFE_INTEGER ? changed_at : Math.max(first, changed_at);
}

function rolloutOf(row: Row, reported: number | null, atCorridor: boolean): RolloutState {
  if (row.state !== 'paired') return 'unpaired';
  if (row.change_seq > row.compiled_seq || row.list_version === null) return 'unsigned';
  if (reported !== null && reported >= row.list_version) return 'in-force';
  return atCorridor ? 'at-corridor' : 'at-gateway';
}

const toReport = (
  report: Report,
  server: string | undefined,
  isOnline: (device: string) => boolean,
): Lock['reports'][number] => ({
  device: report.device_id,
  serves: report.device_id === server,
  online: isOnline(report.device_id),
  state: report.state as Lock['reports'][number]['state'],
  version: report.version,
  denySeq: report.deny_seq,
  battery: report.battery,
  lastSeenAt: toInstantOrNull(report.last_seen),
  rssi: report.rssi,
  bolt: report.bolt as Lock['reports'][number]['bolt'],
  door: report.door as Lock['reports'][number]['door'],
  logPending: report.log_pending,
  fault: report.fault,
  reportedAt: toInstant(report.reported_at),
});

function grouped<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}

export function rolloutsOf(locks: readonly Lock[]): Rollouts {
  const buildings = [...grouped(locks, ({ building }) => building)].map(([building, inIt]) => ({
    building,
    ...summed(inIt),
    waiting: longestWaiting(inIt),
  }));
  return { ...summed(locks), buildings: buildings.toSorted((a, b) => BY_NAME.compare(a.building, b.building)) };
}

const BY_NAME = new Intl.Collator('zh', { numeric: true });

const longestWaiting = (locks: readonly Lock[]) =>
  locks
    .flatMap(({ portal, room, rollout, desired, reported, waitingSince, server }) =>
      waitingSince === null ? [] : [{ portal, room, rollout, desired, reported, waitingSince, server }],
    )
    .toSorted((a, b) => (a.waitingSince < b.waitingSince ? -1 : a.waitingSince > b.waitingSince ? 1 : 0))
    .slice(0, WAITING_SHOWN);

function summed(locks: readonly Lock[]) {
  const counts = Object.fromEntries(ROLLOUT_STATES.map((state) => [state, 0])) as Record<RolloutState, number>;
  for (const { rollout } of locks) counts[rollout] += 1;
  const waiting = locks.flatMap(({ waitingSince }) => (waitingSince === null ? [] : [waitingSince])).sort();
  return { locks: locks.length, counts, oldestWaitingAt: waiting[0] ?? null };
}

// SPDX-License-Identifier: Apache-2.0
// What each controller should have and what it says it has, in the database (promise 5: the two are never mixed).
import { type DeviceId, deviceId } from '@latchkey/protocols/ids';
import type { BatchStatement, Bindable } from '../adapters/database/database-messages.ts';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import type { ListPlace } from './list-store.ts';

type Store = Pick<GatewayDatabase, 'db' | 'batch'>;

/** Scopes of the portals that each of these controllers drives or may serve. */
export async function scopesOfDevices(
  { db }: Store,
  devices: readonly DeviceId[],
): Promise<Map<DeviceId, Set<number>>> {
  const wanted = new Map<DeviceId, Set<number>>(devices.map((device) => [device, new Set()]));
  let query = db.selectFrom('portal_holder').select(['device_id', 'scope_id']).distinct();
  const [only] = devices;
  if (devices.length === 1 && only !== undefined) query = query.where('device_id', '=', only);
  for (const { device_id, scope_id } of await query.execute()) {
    const device = deviceId.safeParse(device_id);
    if (device.success) wanted.get(device.data)?.add(scope_id);
  }
  return wanted;
}

const DESIRED = `insert into device_scope (device_id, scope_id, desired_epoch, desired_version)
  values (?, ?, ?, ?) on conflict (device_id, scope_id)
  do update set desired_epoch = excluded.desired_epoch, desired_version = excluded.desired_version`;

const DESIRED_OF_SCOPE = `insert into device_scope (device_id, scope_id, desired_epoch, desired_version)
  select distinct device_id, scope_id, ?, ? from portal_holder where scope_id = ?
  on conflict (device_id, scope_id)
  do update set desired_epoch = excluded.desired_epoch, desired_version = excluded.desired_version`;

const ACTIVE = `insert into device_scope
  (device_id, scope_id, reported_epoch, reported_version, reported_digest, reported_at) values (?, ?, ?, ?, ?, ?)
  on conflict (device_id, scope_id) do update set reported_epoch = excluded.reported_epoch,
    reported_version = excluded.reported_version, reported_digest = excluded.reported_digest,
    reported_at = excluded.reported_at, refused_code = null, refused_version = null`;

const REFUSED = 'update device_scope set refused_code = ?, refused_version = ? where device_id = ? and scope_id = ?';
const GONE = 'delete from device_scope where device_id = ? and scope_id = ?';
const PLANNED = `insert into device_scope (device_id, scope_id, desired_epoch, desired_version)
  select portal_holder.device_id, portal_holder.scope_id, ?, max(list_version.version) from portal_holder
  inner join list_version on list_version.scope_id = portal_holder.scope_id and list_version.epoch = ?
  where true group by portal_holder.device_id, portal_holder.scope_id
  on conflict (device_id, scope_id)
  do update set desired_epoch = excluded.desired_epoch, desired_version = excluded.desired_version`;
const UNPLANNED = `delete from device_scope where not exists (select 1 from portal_holder
  where portal_holder.device_id = device_scope.device_id and portal_holder.scope_id = device_scope.scope_id)`;
const OUTBOX_DONE = 'delete from outbox where scope_id = ? and epoch = ? and version <= ?';

export interface Reported extends ListPlace {
  readonly atMs: number;
}

/** What hello says, whole: scopes it no longer speaks of are not reported any more. */
export async function recordHave(
  { batch }: Store,
  device: DeviceId,
  have: readonly Omit<Reported, 'atMs'>[],
  desired: readonly ListPlace[],
  atMs: number,
): Promise<void> {
  const forget = `update device_scope set reported_epoch = null, reported_version = null, reported_digest = null
    where device_id = ?`;
  const statements: BatchStatement[] = [{ sql: forget, rows: [[device]] }];
  const rows = have.map(({ scope, epoch, version, digest }): Bindable[] => [
    device,
    scope,
    epoch,
    version,
    digest,
    atMs,
  ]);
  if (rows.length > 0) statements.push({ sql: ACTIVE, rows });
  const wanted = desired.map(({ scope, epoch, version }): Bindable[] => [device, scope, epoch, version]);
  if (wanted.length > 0) statements.push({ sql: DESIRED, rows: wanted });
  await batch(statements);
}

/** Every controller of the scope should have this version; the outbox's word about it has been taken. */
export async function recordPublished({ batch }: Store, { scope, epoch, version }: ListPlace): Promise<void> {
  await batch([
    { sql: DESIRED_OF_SCOPE, rows: [[epoch, version, scope]] },
    { sql: OUTBOX_DONE, rows: [[scope, epoch, version]] },
  ]);
}

/** What every controller should have, those that are away included, by the portals as they are now. */
export async function recordPlan({ batch }: Store, epoch: number): Promise<void> {
  await batch([
    { sql: UNPLANNED, rows: [[]] },
    { sql: PLANNED, rows: [[epoch, epoch]] },
  ]);
}

export async function recordActive({ batch }: Store, device: DeviceId, place: ListPlace, atMs: number): Promise<void> {
  await batch([{ sql: ACTIVE, rows: [[device, place.scope, place.epoch, place.version, place.digest, atMs]] }]);
}

export async function recordRefused(
  { batch }: Store,
  device: DeviceId,
  scope: number,
  version: number,
  code: string,
): Promise<void> {
  await batch([{ sql: REFUSED, rows: [[code, version, device, scope]] }]);
}

export async function recordRetracted({ batch }: Store, device: DeviceId, scope: number): Promise<void> {
  await batch([{ sql: GONE, rows: [[device, scope]] }]);
}

/** Published, and perhaps not yet offered when the gateway stopped. */
export async function readOutbox({ db }: Store): Promise<Omit<ListPlace, 'digest'>[]> {
  const rows = await db.selectFrom('outbox').select(['scope_id', 'epoch', 'version']).orderBy('id').execute();
  return rows.map(({ scope_id, epoch, version }) => ({ scope: scope_id, epoch, version }));
}

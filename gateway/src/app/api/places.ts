// SPDX-License-Identifier: Apache-2.0
// Reads scopes and portals for the API, each portal with the state its controller last reported.
import type { Portal, Scope } from '@latchkey/protocols/api/places';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database, PortalReportTable, PortalTable } from '../../adapters/database/schema.ts';
import { toInstant, toInstantOrNull } from './forms.ts';

/** Each scope with its newest signed list. */
export async function listScopes(db: Kysely<Database>, id?: number): Promise<Scope[]> {
  let scopes = db.selectFrom('scope').select(['id', 'name', 'name_en', 'zone']).orderBy('id');
  if (id !== undefined) scopes = scopes.where('id', '=', id);
  const newest = await db
    .selectFrom('list_version as list')
    .select(['scope_id', 'version', 'credentials', 'issued_at'])
    .where(
      sql<boolean>`not exists (select 1 from list_version as newer where newer.scope_id = list.scope_id
        and (newer.epoch > list.epoch or (newer.epoch = list.epoch and newer.version > list.version)))`,
    )
    .execute();
  const byScope = new Map(newest.map((row) => [row.scope_id, row]));
  return (await scopes.execute()).map(({ id: number, name, name_en, zone }) => {
    const list = byScope.get(number);
    return {
      id: number,
      name,
      nameEn: name_en,
      zone,
      version: list?.version ?? null,
      credentials: list?.credentials ?? null,
      publishedAt: toInstantOrNull(list?.issued_at ?? null),
    };
  });
}

export async function listPortals(
  db: Kysely<Database>,
  isOnline: (device: string) => boolean,
  id?: string,
): Promise<Portal[]> {
  let portals = db.selectFrom('portal').selectAll().orderBy('id');
  if (id !== undefined) portals = portals.where('id', '=', id);
  const rows = await portals.execute();
  const reports = new Map(
    (await db.selectFrom('portal_report').selectAll().execute()).map((row) => [row.portal_id, row]),
  );
  return rows.map((row) => ({ ...toPortal(row), reported: toState(reports.get(row.id), row.device_id, isOnline) }));
}

const toPortal = (row: Selectable<PortalTable>): Omit<Portal, 'reported'> => ({
  id: row.id,
  name: row.name,
  nameEn: row.name_en,
  building: row.building,
  kind: row.kind,
  room: row.room,
  floor: row.floor,
  scope: row.scope_id,
  device: row.device_id,
  antiPassback: JSON.parse(row.anti_passback) as Portal['antiPassback'],
  assurance: JSON.parse(row.assurance) as Portal['assurance'],
  afterExpiry: row.after_expiry,
  askGateway: row.ask_gateway === 1,
});

/** A report of a controller that no longer drives the portal says nothing about it. */
function toState(
  report: Selectable<PortalReportTable> | undefined,
  device: string | null,
  isOnline: (device: string) => boolean,
): Portal['reported'] {
  if (report === undefined || report.device_id !== device) return null;
  return {
    mode: report.mode,
    door: report.door,
    lock: report.lock,
    alarm: report.alarm,
    reportedAt: toInstant(report.reported_at),
    stale: !isOnline(report.device_id),
  } as NonNullable<Portal['reported']>;
}

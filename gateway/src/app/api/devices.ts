// SPDX-License-Identifier: Apache-2.0
// Controllers as the API shows them: what is wanted and what is reported side by side, never merged (promise 5).
import type { Device } from '@latchkey/protocols/api/places';
import type { Kysely } from 'kysely';
import type { Database, DeviceScopeTable, DeviceTable } from '../../adapters/database/schema.ts';
import { toInstantOrNull } from './forms.ts';

export interface DeviceReader {
  list(): Promise<Device[]>;
  get(id: string): Promise<Device | undefined>;
}

export function createDeviceReader(db: Kysely<Database>, isOnline: (device: string) => boolean): DeviceReader {
  const read = async (id?: string): Promise<Device[]> => {
    let devices = db.selectFrom('device').select(COLUMNS).orderBy('id');
    let portals = db.selectFrom('portal').select(['id', 'device_id']).where('device_id', 'is not', null).orderBy('id');
    let scopes = db.selectFrom('device_scope').selectAll().orderBy('scope_id');
    if (id !== undefined) {
      devices = devices.where('id', '=', id);
      portals = portals.where('device_id', '=', id);
      scopes = scopes.where('device_id', '=', id);
    }
    const rows = await devices.execute();
    const portalRows = await portals.execute();
    const scopeRows = await scopes.execute();
    return rows.map((row) => ({
      ...toDevice(row, isOnline(row.id)),
      portals: portalRows.filter(({ device_id }) => device_id === row.id).map((portal) => portal.id),
      lists: scopeRows.filter(({ device_id }) => device_id === row.id).map(toList),
    }));
  };
  return { list: () => read(), get: async (id) => (await read(id))[0] };
}

const COLUMNS = ['id', 'name', 'state', 'last_seen_at', 'software', 'alarms'] as const;

type DeviceRow = Pick<DeviceTable, 'id' | 'name' | 'state' | 'last_seen_at' | 'software'> & { alarms: string };

const toDevice = (row: DeviceRow, online: boolean): Omit<Device, 'portals' | 'lists'> => ({
  id: row.id,
  name: row.name,
  state: row.state,
  online,
  lastSeenAt: toInstantOrNull(row.last_seen_at),
  software: row.software,
  alarms: JSON.parse(row.alarms) as string[],
});

const toList = (row: DeviceScopeTable): Device['lists'][number] => ({
  scope: row.scope_id,
  desired: row.desired_version,
  reported: row.reported_version,
  refused: row.refused_version === row.desired_version ? row.refused_code : null,
});

// SPDX-License-Identifier: Apache-2.0
// What controllers say of their doors, as last reported (promise 5): whole in hello, health and results, piece by piece in
// events. A controller speaks for its own portals only, and an old event that was uploaded late changes nothing.
import type { DeviceId } from '@latchkey/protocols/ids';
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';
import type { PortalReport } from '@latchkey/protocols/mqtt/messages';
import type { Bindable } from '../adapters/database/database-messages.ts';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';

export interface PortalReports {
  /** `deviceMs`: the controller's own time of the report. Resolves once durable. */
  whole(device: DeviceId, portals: readonly PortalReport[], deviceMs: number): Promise<void>;
  pieces(device: DeviceId, events: readonly JournalEvent[]): Promise<void>;
}

const WHOLE = `insert into portal_report (portal_id, device_id, mode, door, lock, alarm, reported_at)
  select ?, ?, ?, ?, ?, ?, ? where exists (select 1 from portal where id = ? and device_id = ?)
  on conflict (portal_id) do update set device_id = excluded.device_id, mode = excluded.mode, door = excluded.door,
    lock = excluded.lock, alarm = excluded.alarm, reported_at = excluded.reported_at`;

type Part = 'mode' | 'door' | 'lock' | 'alarm';
const PIECE: Readonly<Record<Part, string>> = {
  mode: 'update portal_report set mode = ?, reported_at = ? where portal_id = ? and device_id = ?',
  door: 'update portal_report set door = ?, reported_at = ? where portal_id = ? and device_id = ?',
  lock: 'update portal_report set lock = ?, reported_at = ? where portal_id = ? and device_id = ?',
  alarm: 'update portal_report set alarm = ?, reported_at = ? where portal_id = ? and device_id = ?',
};

/** What an event says of a door's state, if anything. */
function partOf(event: JournalEvent): { part: Part; portal: string; value: string } | undefined {
  switch (event.type) {
    case 'door-mode':
      return { part: 'mode', portal: event.portal, value: event.mode };
    case 'door-position':
      return { part: 'door', portal: event.portal, value: event.state };
    case 'lock-state':
      return { part: 'lock', portal: event.portal, value: event.state };
    case 'door-alarm':
      // A warning before the alarm is no alarm yet.
      return event.warning === true ? undefined : { part: 'alarm', portal: event.portal, value: event.alarm };
    default:
      return undefined;
  }
}

export function createPortalReports(database: Pick<GatewayDatabase, 'batch'>, nowMs: () => number): PortalReports {
  const newest = new Map<DeviceId, number>();
  return {
    async whole(device, portals, deviceMs) {
      newest.set(device, deviceMs);
      const at = nowMs();
      const rows = portals.map(({ portal, mode, door, lock, alarm }): Bindable[] => {
        return [portal, device, mode, door, lock, alarm, at, portal, device];
      });
      if (rows.length > 0) await database.batch([{ sql: WHOLE, rows }]);
    },
    async pieces(device, events) {
      const since = newest.get(device) ?? 0;
      const last = new Map<string, { part: Part; row: Bindable[] }>();
      const at = nowMs();
      for (const event of events) {
        const piece = event.at >= since ? partOf(event) : undefined;
        if (!piece) continue;
        const { part, portal, value } = piece;
        last.set(`${part} ${portal}`, { part, row: [value, at, portal, device] });
        newest.set(device, event.at);
      }
      if (last.size === 0) return;
      await database.batch([...last.values()].map(({ part, row }) => ({ sql: PIECE[part], rows: [row] })));
    },
  };
}

// SPDX-License-Identifier: Apache-2.0
// What controllers say of themselves: who they are in hello, how they are in health, and when they were last heard.
import type { DeviceId } from '@latchkey/protocols/ids';
import type { health } from '@latchkey/protocols/mqtt/messages';
import type { z } from 'zod';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import type { Hello } from './device-sessions.ts';

export type Health = z.infer<typeof health>;

export interface DeviceHealth {
  hello(device: DeviceId, said: Hello): Promise<void>;
  health(device: DeviceId, said: Health): Promise<void>;
  /** The connection is gone. */
  lastSeen(device: DeviceId): Promise<void>;
}

export interface DeviceHealthOptions {
  readonly database: Pick<GatewayDatabase, 'batch'>;
  /** Devices whose events were not understood: an alarm that only the gateway can raise. */
  readonly quarantined: () => ReadonlySet<string>;
  readonly nowMs: () => number;
}

const HELLO = `update device set last_seen_at = ?, hello_at = ?, boot = ?, session = ?, software = ?, root_version = ?,
  deny_epoch = ?, deny_seq = ? where id = ?`;
const HEALTH = 'update device set last_seen_at = ?, health = ?, alarms = ? where id = ?';
const SEEN = 'update device set last_seen_at = ? where id = ?';

export function createDeviceHealth({ database, quarantined, nowMs }: DeviceHealthOptions): DeviceHealth {
  const alarmsOf = (device: DeviceId, said: readonly string[]): string =>
    JSON.stringify(quarantined().has(device) ? [...said, 'events-not-understood'] : said);
  return {
    async hello(device, { boot, session, software, root, deny }) {
      const at = nowMs();
      const row = [at, at, boot, session, software, root, deny.epoch, deny.seq, device];
      await database.batch([{ sql: HELLO, rows: [row] }]);
    },
    async health(device, said) {
      const row = [nowMs(), JSON.stringify(said), alarmsOf(device, said.alarms), device];
      await database.batch([{ sql: HEALTH, rows: [row] }]);
    },
    async lastSeen(device) {
      await database.batch([{ sql: SEEN, rows: [[nowMs(), device]] }]);
    },
  };
}

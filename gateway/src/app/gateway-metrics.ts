// SPDX-License-Identifier: Apache-2.0
// The gateway's own figures for Prometheus, as gateway/README.md lists them.
import type { Kysely } from 'kysely';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import type { Database } from '../adapters/database/schema.ts';
import type { DeviceSide } from './device-side.ts';
import { createMetrics, type Metrics } from './metrics.ts';

export interface GatewayMetrics {
  readonly all: Metrics;
  readonly events: { add(count: number): void };
  readonly requests: { observeMs(ms: number): void };
  watch(devices: Pick<DeviceSide, 'counts'>): void;
}

const ENDING_MS = 30 * 86_400_000;

export function createGatewayMetrics({ reader }: Pick<GatewayDatabase, 'reader'>): GatewayMetrics {
  const all = createMetrics();
  all.gauge('latchkey_controllers_enrolled', 'Controllers that hold a certificate in force', () => enrolled(reader));
  all.gauge('latchkey_lists_behind', 'Lists that a controller does not report in the wanted version', () =>
    behind(reader),
  );
  all.gauge('latchkey_devices_quarantined', 'Controllers that sent events not understood', () => quarantined(reader));
  all.gauge('latchkey_certificates_ending', 'Controllers whose certificate ends within 30 days', () =>
    ending(reader, Date.now() + ENDING_MS),
  );
  return {
    all,
    events: all.counter('latchkey_events_total', 'Events committed since the start'),
    requests: all.duration('latchkey_http_request_seconds', 'Answers of the HTTP API'),
    watch(devices) {
      all.gauge('latchkey_controllers_connected', 'Controllers connected', () => devices.counts().connected);
    },
  };
}

async function enrolled(db: Kysely<Database>): Promise<number> {
  const row = await db
    .selectFrom('device')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', '=', 'enrolled')
    .executeTakeFirstOrThrow();
  return row.count;
}

async function ending(db: Kysely<Database>, beforeMs: number): Promise<number> {
  const row = await db
    .selectFrom('device')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', '=', 'enrolled')
    .where('certificate_expires_at', '<', beforeMs)
    .executeTakeFirstOrThrow();
  return row.count;
}

async function behind(db: Kysely<Database>): Promise<number> {
  const row = await db
    .selectFrom('device_scope')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('desired_version', 'is not', null)
    .where((eb) =>
      eb.or([
        eb('reported_version', 'is', null),
        eb('reported_version', '<>', eb.ref('desired_version')),
        eb('reported_epoch', '<>', eb.ref('desired_epoch')),
      ]),
    )
    .executeTakeFirstOrThrow();
  return row.count;
}

async function quarantined(db: Kysely<Database>): Promise<number> {
  const row = await db
    .selectFrom('event_quarantine')
    .select(({ fn }) => fn.count<number>('device_id').distinct().as('count'))
    .executeTakeFirstOrThrow();
  return row.count;
}

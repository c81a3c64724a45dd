// SPDX-License-Identifier: Apache-2.0
// Events of many controllers through the broker into the database, acknowledged, against the same rows inserted in the same
// batches into the same kind of file by nothing but the database (DESIGN 1.2, 6).
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@latchkey/gateway/adapters/database/open-database';
import { MAX_EVENTS_A_BATCH } from '@latchkey/protocols/mqtt/messages';
import Sqlite from 'better-sqlite3';
import { eventOf } from './swarm-events.ts';
import { openSwarmBench, type SwarmBench } from './swarm-process.ts';

const CONTROLLERS = 100;
const BATCHES = 10;
const ROUNDS = 5;
const EVENTS = CONTROLLERS * BATCHES * MAX_EVENTS_A_BATCH;

export async function run(): Promise<Record<string, number>> {
  const bench = await openSwarmBench(CONTROLLERS);
  try {
    const floor = await openFloor();
    const ingest: number[] = [];
    const insert: number[] = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const ingested = await measureIngest(bench, round);
      const inserted = measureInsert(floor.db, round);
      // The first round warms both up.
      if (round === 0) continue;
      ingest.push(ingested);
      insert.push(inserted);
    }
    await floor.close();
    return print(median(ingest), median(insert));
  } finally {
    await bench.close();
  }
}

const epochOf = (round: number) => `e${round}`.padStart(16, 'e').replace(/[^0-9a-f]/g, '0');

/** Events a second, from the first batch to the last acknowledgement; the rows are counted, not believed. */
async function measureIngest({ database, order }: SwarmBench, round: number): Promise<number> {
  const epoch = epochOf(round);
  const { startNs, endNs } = await order({ kind: 'upload', batches: BATCHES, epoch }, 'uploaded');
  const { count } = await database.db
    .selectFrom('event')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('epoch', '=', epoch)
    .executeTakeFirstOrThrow();
  if (count !== EVENTS) throw new Error(`${count} of ${EVENTS} events arrived`);
  return EVENTS / (Number(BigInt(endNs) - BigInt(startNs)) / 1e9);
}

/** A file like the gateway's, with its settings, that grows with it: both sides insert among as many rows. */
async function openFloor(): Promise<{ db: Sqlite.Database; close(): Promise<void> }> {
  const directory = await mkdtemp(join(process.env['LATCHKEY_BENCH_DIR'] ?? tmpdir(), 'latchkey-insert-'));
  const path = join(directory, 'gateway.db');
  await (await openDatabase({ path })).close();
  const db = new Sqlite(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma(`cache_size = -${32 * 1_024}`);
  return {
    db,
    async close() {
      db.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Events a second: one transaction a batch of 50, a prepared statement. */
function measureInsert(db: Sqlite.Database, round: number): number {
  const insert = db.prepare(INSERT);
  const batch = db.transaction((device: string, rows: readonly Row[]) => {
    for (const { seq, at, body, ref } of rows)
      insert.run(device, epochOf(round), seq, at, at, 'access-granted', ref, body);
  });
  const rows = Array.from({ length: BATCHES * MAX_EVENTS_A_BATCH }, (_, index) => rowOf(index + 1));
  const startMs = performance.now();
  for (let first = 0; first < rows.length; first += MAX_EVENTS_A_BATCH) {
    const part = rows.slice(first, first + MAX_EVENTS_A_BATCH);
    for (let device = 1; device <= CONTROLLERS; device += 1) batch(`gate-${device}`, part);
  }
  return EVENTS / ((performance.now() - startMs) / 1_000);
}

const INSERT = `insert into event (device_id, epoch, seq, at, received_at, type, portal_id, credential_ref, body)
  values (?, ?, ?, ?, ?, ?, 'north', ?, ?) on conflict (device_id, epoch, seq) do nothing`;

interface Row {
  readonly seq: number;
  readonly at: number;
  readonly body: string;
  readonly ref: string;
}

function rowOf(seq: number): Row {
  const event = eventOf(seq);
  const ref = 'credential' in event ? event.credential.ref : '';
  return { seq, at: event.at, ref, body: JSON.stringify(event) };
}

function print(ingest: number, insert: number): Record<string, number> {
  console.table({
    'through the broker, acknowledged': {
      eventsPerSecond: Math.round(ingest),
      events: EVENTS,
      controllers: CONTROLLERS,
    },
    'bare inserts of the same batches': { eventsPerSecond: Math.round(insert), events: EVENTS, controllers: 0 },
  });
  return {
    ingestPerSecond: Math.round(ingest),
    insertPerSecond: Math.round(insert),
    ingestOverInsert: Math.round((ingest / insert) * 100) / 100,
  };
}

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;

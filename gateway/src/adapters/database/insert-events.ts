// SPDX-License-Identifier: Apache-2.0
// Durable ingest (promise 2): rows of many devices in one commit, each event once whatever is sent again.
import type { Bindable } from './database-messages.ts';
import type { GatewayDatabase } from './open-database.ts';
import type { NewEvent } from './schema.ts';

/** Everything of the journal up to and including `ackedSeq` is committed with the rows it comes with. */
export interface JournalMark {
  readonly deviceId: string;
  readonly epoch: string;
  readonly ackedSeq: number;
  readonly atMs: number;
}

const INSERT = `insert into event
  (device_id, epoch, seq, at, received_at, type, portal_id, credential_ref, body, person_id)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(
    (select person_id from credential where campus_ref = ? order by id desc limit 1),
    (select person_id from phone where campus_ref = ?),
    (select person_id from code_reference where campus_ref = ?)))
  on conflict (device_id, epoch, seq) do nothing`;

const MARK = `insert into device_journal (device_id, epoch, acked_seq, updated_at) values (?, ?, ?, ?)
  on conflict (device_id, epoch) do update set acked_seq = excluded.acked_seq, updated_at = excluded.updated_at
  where excluded.acked_seq > device_journal.acked_seq`;

/** Resolves once the rows are durable. The holder of the credential is looked up as it is now. */
export function insertEvents(
  database: Pick<GatewayDatabase, 'batch'>,
  rows: readonly NewEvent[],
  marks: readonly JournalMark[] = [],
): Promise<void> {
  return insertEventValues(database, rows.map(valuesOf), marks);
}

/** The same with rows made by `eventValues`: at tens of thousands a second an object a row is half of the work. */
export function insertEventValues(
  database: Pick<GatewayDatabase, 'batch'>,
  rows: readonly Bindable[][],
  marks: readonly JournalMark[] = [],
): Promise<void> {
  return database.batch([
    { sql: INSERT, rows },
    { sql: MARK, rows: marks.map(({ deviceId, epoch, ackedSeq, atMs }) => [deviceId, epoch, ackedSeq, atMs]) },
  ]);
}

/** In the order of the table's columns; the reference comes again for each table that may know its holder. */
export const eventValues = (
  device: string,
  epoch: string,
  seq: number,
  at: number,
  receivedAt: number,
  type: string,
  portal: string | null,
  reference: string | null,
  body: string,
): Bindable[] => [device, epoch, seq, at, receivedAt, type, portal, reference, body, reference, reference, reference];

function valuesOf(row: NewEvent): Bindable[] {
  const { device_id, epoch, seq, at, received_at, type, portal_id = null, credential_ref = null, body } = row;
  return eventValues(device_id, epoch, seq, at, received_at, type, portal_id, credential_ref, body);
}

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
  (device_id, epoch, seq, at, received_at, type, portal_id, credential_ref, body, record_key, person_id)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(?,
    (select person_id from credential where campus_ref = ? order by id desc limit 1),
    (select person_id from phone where campus_ref = ?),
    (select person_id from code_reference where campus_ref = ?)))
  on conflict do nothing`;

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
  recordKey: string | null = null,
  person: number | null = null,
): Bindable[] => {
  const row = [device, epoch, seq, at, receivedAt, type, portal, reference, body, recordKey, person];
  return [...row, reference, reference, reference];
};

/** Whom a record is about: the campus's name for a credential, or the person who asked for the opening, or neither. */
export interface RecordHolder {
  readonly reference: string | null;
  readonly person: number | null;
}

/** The same row, of which it is known now whom it is about. */
export function heldBy(row: readonly Bindable[], { reference, person }: RecordHolder): Bindable[] {
  const [device, epoch, seq, at, receivedAt, type, portal, , body, recordKey] = row;
  const rest = [reference, body, recordKey, person, reference, reference, reference] as Bindable[];
  return [device, epoch, seq, at, receivedAt, type, portal, ...rest] as Bindable[];
}

function valuesOf(row: NewEvent): Bindable[] {
  const { device_id, epoch, seq, at, received_at, type, portal_id = null, credential_ref = null, body } = row;
  return eventValues(device_id, epoch, seq, at, received_at, type, portal_id, credential_ref, body);
}

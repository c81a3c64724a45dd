// SPDX-License-Identifier: Apache-2.0
// What controllers sent and this software does not understand: kept as it came, so that one odd event does not hold up a
// journal for ever and nothing is lost either.
import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';

export async function createQuarantine(
  db: Kysely<unknown>,
  { serial, integer, text, bytes }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('event_quarantine')
    .addColumn('id', serial, (column) => column.primaryKey())
    .addColumn('device_id', text, (column) => column.notNull())
    .addColumn('epoch', text)
    .addColumn('seq', integer)
    .addColumn('received_at', integer, (column) => column.notNull())
    .addColumn('reason', text, (column) => column.notNull())
    .addColumn('raw', bytes, (column) => column.notNull())
    .addColumn('digest', text, (column) => column.notNull())
    .addUniqueConstraint('event_quarantine_key', ['device_id', 'digest'])
    .execute();
}

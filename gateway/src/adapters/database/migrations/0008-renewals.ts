// SPDX-License-Identifier: Apache-2.0
// Certificates given to controllers that have not connected with them yet: until then the earlier one is in force, too.
import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';

export async function createRenewals(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('device_renewal')
    .addColumn('device_id', text, (column) => column.primaryKey().references('device.id').onDelete('cascade'))
    .addColumn('serial', text, (column) => column.notNull())
    .addColumn('fingerprint', text, (column) => column.notNull())
    .addColumn('expires_at', integer, (column) => column.notNull())
    .addColumn('issued_at', integer, (column) => column.notNull())
    .execute();
}

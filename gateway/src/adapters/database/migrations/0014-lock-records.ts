// SPDX-License-Identifier: Apache-2.0
// A record of a lock's log once, whichever corridor controllers bring it: two that saw the same lock may both have it.
import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';

export async function createLockRecords(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await db.schema.alterTable('event').addColumn('record_key', text).execute();
  await db.schema
    .createIndex('event_record')
    .unique()
    .on('event')
    .column('record_key')
    .where('record_key' as never, 'is not', null)
    .execute();
}

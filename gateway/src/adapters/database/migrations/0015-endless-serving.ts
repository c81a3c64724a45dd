// SPDX-License-Identifier: Apache-2.0
// A controller that served a lock alone did so without end: until it has taken note of an end, no other may.
import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';

export async function createEndlessServing(db: Kysely<unknown>, { integer }: ColumnTypes): Promise<void> {
  await db.schema
    .alterTable('lock_corridor')
    .addColumn('endless', integer, (column) => column.notNull().defaultTo(0))
    .execute();
}

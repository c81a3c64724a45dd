// SPDX-License-Identifier: Apache-2.0
// Library desks: what groups may borrow while the library is away, and what is known of single borrowers.
import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';

export async function createLibrary(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('loan_rule')
    .addColumn('group_id', text, (column) => column.primaryKey().references('person_group.id').onDelete('cascade'))
    .addColumn('most', integer, (column) => column.notNull())
    .addColumn('days', integer, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('borrower')
    .addColumn('person_id', integer, (column) => column.primaryKey().references('person.id').onDelete('cascade'))
    .addColumn('patron', text)
    .addColumn('blocked', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('reason', text, (column) => column.notNull().defaultTo(''))
    .execute();
  await db.schema.createIndex('borrower_patron').unique().on('borrower').column('patron').execute();
}

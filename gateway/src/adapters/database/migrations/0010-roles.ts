// SPDX-License-Identifier: Apache-2.0
// Roles of people, each in a building or on the whole campus (DESIGN 8).
import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';

export async function createRoles(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('role_grant')
    .addColumn('person_id', integer, (column) => column.notNull().references('person.id').onDelete('cascade'))
    .addColumn('role', text, (column) => column.notNull())
    .addColumn('building', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('role_grant_key', ['person_id', 'role', 'building'])
    .execute();
}

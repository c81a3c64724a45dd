// SPDX-License-Identifier: Apache-2.0
// Zones of identity codes, phones that make them, and the references under which codes of other apps are recorded.
import { type Kysely, sql } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';

export async function createPhones(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await addZones(db, types);
  await createPhoneTables(db, types);
  await createReferences(db, types);
}

async function addZones(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema.alterTable('scope').addColumn('zone', integer).execute();
  await db.schema
    .alterTable('scope')
    .addColumn('name_en', text, (column) => column.notNull().defaultTo(''))
    .execute();
  // The policy of every list names its zone from now on.
  await sql`update scope set zone = id where id <= 65535`.execute(db);
  await sql`update scope set change_seq = change_seq + 1`.execute(db);
  await db.schema.createIndex('scope_zone').unique().on('scope').column('zone').execute();
  await db.schema.alterTable('credential').addColumn('holder_report_at', integer).execute();
}

async function createPhoneTables(db: Kysely<unknown>, { serial, integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('phone')
    .addColumn('id', serial, (column) => column.primaryKey())
    .addColumn('person_id', integer, (column) => column.notNull().references('person.id').onDelete('cascade'))
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('algorithm', text, (column) => column.notNull())
    .addColumn('public_key', text, (column) => column.notNull())
    // Of all phones ever: a key that has ended is never taken again.
    .addColumn('credential_id', text, (column) => column.notNull().unique())
    .addColumn('campus_ref', text, (column) => column.notNull().unique())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('enrolled_at', integer, (column) => column.notNull())
    .addColumn('ended_at', integer)
    .execute();
  await db.schema.createIndex('phone_person').on('phone').column('person_id').execute();
  await db.schema
    .createTable('phone_certificate')
    .addColumn('phone_id', integer, (column) => column.notNull().references('phone.id').onDelete('cascade'))
    .addColumn('scope_id', integer, (column) => column.notNull().references('scope.id').onDelete('cascade'))
    .addColumn('expires_at', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('phone_certificate_key', ['phone_id', 'scope_id'])
    .execute();
  await db.schema
    .createIndex('phone_certificate_scope')
    .on('phone_certificate')
    .columns(['scope_id', 'expires_at'])
    .execute();
  await db.schema
    .createTable('phone_challenge')
    .addColumn('digest', text, (column) => column.primaryKey())
    .addColumn('person_id', integer, (column) => column.notNull().references('person.id').onDelete('cascade'))
    .addColumn('session', text, (column) => column.notNull())
    .addColumn('expires_at', integer, (column) => column.notNull())
    .execute();
}

async function createReferences(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('code_reference')
    .addColumn('campus_ref', text, (column) => column.primaryKey())
    .addColumn('person_id', integer, (column) => column.notNull().references('person.id').onDelete('cascade'))
    .execute();
  await db.schema.createIndex('code_reference_person').on('code_reference').column('person_id').execute();
}

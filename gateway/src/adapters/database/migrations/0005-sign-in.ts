// SPDX-License-Identifier: Apache-2.0
// Signing in (DESIGN 8): accounts, passkeys, sessions, devices known to an account, one-time flows that were used up.
import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';

export async function createSignIn(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createAccounts(db, types);
  await createSessions(db, types);
  await createFlows(db, types);
}

async function createAccounts(db: Kysely<unknown>, { integer, text, bytes }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('account')
    .addColumn('person_id', integer, (column) => column.primaryKey().references('person.id').onDelete('cascade'))
    .addColumn('initial_hash', text)
    .addColumn('password_hash', text)
    .addColumn('disabled', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('set_at', integer)
    .addColumn('created_at', integer, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('passkey')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('person_id', integer, (column) => column.notNull().references('person.id').onDelete('cascade'))
    .addColumn('public_key', bytes, (column) => column.notNull())
    .addColumn('counter', integer, (column) => column.notNull())
    .addColumn('transports', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('added_at', integer, (column) => column.notNull())
    .addColumn('last_used_at', integer)
    .execute();
  await db.schema.createIndex('passkey_person').on('passkey').column('person_id').execute();
}

async function createSessions(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('session')
    .addColumn('token_hash', text, (column) => column.primaryKey())
    .addColumn('person_id', integer, (column) => column.notNull().references('person.id').onDelete('cascade'))
    .addColumn('method', text, (column) => column.notNull())
    .addColumn('agent', text, (column) => column.notNull())
    .addColumn('id_token', text)
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('last_seen_at', integer, (column) => column.notNull())
    .execute();
  await db.schema.createIndex('session_person').on('session').column('person_id').execute();
  await db.schema
    .createTable('known_device')
    .addColumn('device_hash', text, (column) => column.notNull())
    .addColumn('person_id', integer, (column) => column.notNull().references('person.id').onDelete('cascade'))
    .addColumn('last_used_at', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('known_device_key', ['device_hash', 'person_id'])
    .execute();
  await db.schema.createIndex('known_device_person').on('known_device').column('person_id').execute();
}

async function createFlows(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('used_flow')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('expires_at', integer, (column) => column.notNull())
    .execute();
}

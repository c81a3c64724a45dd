// SPDX-License-Identifier: Apache-2.0
// First tables: people, cards, places, rights, and the chain of changes.
import { type Kysely, sql } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';

export async function createRegistry(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createPeople(db, types);
  await createCredentials(db, types);
  await createGroups(db, types);
  await createScopes(db, types);
  await createDevices(db, types);
  await createPortals(db, types);
  await createSchedules(db, types);
  await createLevels(db, types);
  await createRecords(db, types);
}

async function createPeople(db: Kysely<unknown>, { serial, integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('person')
    .addColumn('id', serial, (column) => column.primaryKey())
    .addColumn('number', text, (column) => column.notNull().unique())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('kind', text, (column) => column.notNull().check(sql`kind in ('resident', 'staff', 'visitor')`))
    .addColumn('building', text, (column) => column.notNull().defaultTo(''))
    .addColumn('room', text, (column) => column.notNull().defaultTo(''))
    .addColumn('bed', text, (column) => column.notNull().defaultTo(''))
    .addColumn('class_name', text, (column) => column.notNull().defaultTo(''))
    .addColumn('college', text, (column) => column.notNull().defaultTo(''))
    .addColumn('active', integer, (column) => column.notNull().defaultTo(1))
    .addColumn('extended_access', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('anti_passback_exempt', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('valid_from', integer)
    .addColumn('valid_until', integer)
    .execute();
}

async function createCredentials(db: Kysely<unknown>, { serial, integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('credential')
    .addColumn('id', serial, (column) => column.primaryKey())
    .addColumn('person_id', integer, (column) => column.notNull().references('person.id').onDelete('cascade'))
    .addColumn('type', text, (column) => column.notNull())
    .addColumn('credential_id', text, (column) => column.notNull())
    .addColumn('campus_ref', text, (column) => column.notNull())
    .addColumn('tail', text, (column) => column.notNull())
    .addColumn('class', integer, (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('issued_at', integer, (column) => column.notNull())
    .addColumn('valid_from', integer)
    .addColumn('valid_until', integer)
    .execute();
  await db.schema.createIndex('credential_person').on('credential').column('person_id').execute();
  await db.schema.createIndex('credential_campus_ref').on('credential').column('campus_ref').execute();
  // A withdrawn card may be issued again, to somebody else; the old row still says whose it was then.
  await sql`create unique index credential_in_use on credential (credential_id) where state <> 'withdrawn'`.execute(db);
  await sql`create unique index credential_ref_in_use on credential (campus_ref) where state <> 'withdrawn'`.execute(
    db,
  );
}

async function createGroups(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('person_group')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('group_member')
    .addColumn('group_id', text, (column) => column.notNull().references('person_group.id').onDelete('cascade'))
    .addColumn('person_id', integer, (column) => column.notNull().references('person.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('group_member_key', ['group_id', 'person_id'])
    .execute();
  await db.schema.createIndex('group_member_person').on('group_member').column('person_id').execute();
}

async function createScopes(db: Kysely<unknown>, { serial, integer, text, bytes }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('prf_key')
    .addColumn('id', serial, (column) => column.primaryKey())
    .addColumn('purpose', text, (column) => column.notNull())
    .addColumn('sealed', bytes, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('scope')
    .addColumn('id', integer, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('prf_key_id', integer, (column) => column.notNull().references('prf_key.id'))
    .addColumn('change_seq', integer, (column) => column.notNull().defaultTo(1))
    .addColumn('compiled_seq', integer, (column) => column.notNull().defaultTo(0))
    .execute();
}

async function createDevices(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('device')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('code_hash', text)
    .addColumn('code_expires_at', integer)
    .addColumn('certificate_fingerprint', text)
    .addColumn('certificate_serial', text)
    .addColumn('certificate_expires_at', integer)
    .addColumn('encryption_jwk', text)
    .addColumn('enrolled_at', integer)
    .addColumn('last_seen_at', integer)
    .addColumn('hello_at', integer)
    .addColumn('boot', text)
    .addColumn('session', text)
    .addColumn('software', text)
    .addColumn('root_version', integer)
    .addColumn('deny_epoch', integer)
    .addColumn('deny_seq', integer)
    .addColumn('health', text)
    .addColumn('alarms', text, (column) => column.notNull().defaultTo('[]'))
    .addColumn('command_order', integer, (column) => column.notNull().defaultTo(0))
    .execute();
}

async function createPortals(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('portal')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('name_en', text, (column) => column.notNull().defaultTo(''))
    .addColumn('building', text, (column) => column.notNull().defaultTo(''))
    .addColumn('scope_id', integer, (column) => column.notNull().references('scope.id'))
    .addColumn('device_id', text, (column) => column.references('device.id'))
    .addColumn('anti_passback', text, (column) => column.notNull())
    .addColumn('assurance', text, (column) => column.notNull())
    .addColumn('after_expiry', text, (column) => column.notNull())
    .addColumn('ask_gateway', integer, (column) => column.notNull())
    .execute();
  await db.schema.createIndex('portal_scope').on('portal').column('scope_id').execute();
  await db.schema.createIndex('portal_device').on('portal').column('device_id').execute();
}

async function createSchedules(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('schedule')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('intervals', text, (column) => column.notNull())
    .addColumn('on_holidays', text, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('holiday')
    .addColumn('date', text, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull())
    .execute();
}

async function createLevels(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('access_level')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('schedule_id', text, (column) => column.notNull().references('schedule.id'))
    .addColumn('allow_in', integer, (column) => column.notNull())
    .addColumn('allow_out', integer, (column) => column.notNull())
    .addColumn('valid_from', integer)
    .addColumn('valid_until', integer)
    .execute();
  await db.schema
    .createTable('level_group')
    .addColumn('level_id', text, (column) => column.notNull().references('access_level.id').onDelete('cascade'))
    .addColumn('group_id', text, (column) => column.notNull().references('person_group.id'))
    .addPrimaryKeyConstraint('level_group_key', ['level_id', 'group_id'])
    .execute();
  await db.schema.createIndex('level_group_group').on('level_group').column('group_id').execute();
  await db.schema
    .createTable('level_portal')
    .addColumn('level_id', text, (column) => column.notNull().references('access_level.id').onDelete('cascade'))
    .addColumn('portal_id', text, (column) => column.notNull().references('portal.id'))
    .addPrimaryKeyConstraint('level_portal_key', ['level_id', 'portal_id'])
    .execute();
  await db.schema.createIndex('level_portal_portal').on('level_portal').column('portal_id').execute();
}

async function createRecords(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('audit')
    .addColumn('seq', integer, (column) => column.primaryKey())
    .addColumn('at', integer, (column) => column.notNull())
    .addColumn('actor', text, (column) => column.notNull())
    .addColumn('action', text, (column) => column.notNull())
    .addColumn('subject', text, (column) => column.notNull())
    .addColumn('detail', text, (column) => column.notNull())
    .addColumn('previous_hash', text, (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('setting')
    .addColumn('key', text, (column) => column.primaryKey())
    .addColumn('value', text, (column) => column.notNull())
    .execute();
}

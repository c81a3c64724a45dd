// SPDX-License-Identifier: Apache-2.0
// Smart locks: which lock is in which door, who may serve it, what each corridor controller says of it, rights to rooms for a
// while, and openings asked for from the keychain.
import { type Kysely, sql } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';

export async function createLocks(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await widenPlaces(db, types);
  await createLock(db, types);
  await createReports(db, types);
  await createRights(db, types);
}

async function widenPlaces(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  const door = { kind: 'door', room: '', floor: '' };
  for (const [name, value] of Object.entries(door))
    await db.schema
      .alterTable('portal')
      .addColumn(name, text, (column) => column.notNull().defaultTo(value))
      .execute();
  await db.schema
    .alterTable('scope')
    .addColumn('hurry', integer, (column) => column.notNull().defaultTo(0))
    .execute();
  // X25519, in hex: what a corridor controller meets locks with.
  await db.schema.alterTable('device').addColumn('corridor_key', text).execute();
  await db.schema.createIndex('portal_room').on('portal').columns(['building', 'room']).execute();
  await db.schema.createIndex('person_room').on('person').columns(['building', 'room']).execute();
}

async function createLock(db: Kysely<unknown>, { integer, text, bytes }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('lock')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('portal_id', text, (column) => column.notNull().references('portal.id').onDelete('cascade'))
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('public_key', text)
    .addColumn('advertisement_key', bytes, (column) => column.notNull())
    .addColumn('firmware', integer)
    .addColumn('pairing_code', bytes)
    .addColumn('pairing_id', text)
    .addColumn('pairing_device', text)
    .addColumn('pairing_until', integer)
    .addColumn('paired_at', integer)
    .addColumn('corridor_keys', text)
    .addColumn('corridor_order', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('changed_at', integer, (column) => column.notNull())
    .execute();
  await db.schema.createIndex('lock_portal').on('lock').column('portal_id').execute();
  await db.schema
    .createTable('lock_corridor')
    .addColumn('portal_id', text, (column) => column.notNull().references('portal.id').onDelete('cascade'))
    .addColumn('device_id', text, (column) => column.notNull().references('device.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('lock_corridor_key', ['portal_id', 'device_id'])
    .execute();
  await db.schema.createIndex('lock_corridor_device').on('lock_corridor').column('device_id').execute();
  // Who must hold the list of a scope: whoever drives one of its doors, or may serve one of its locks.
  await sql`create view portal_holder as
    select id as portal_id, scope_id, device_id from portal where device_id is not null
    union select portal.id, portal.scope_id, lock_corridor.device_id from lock_corridor
    inner join portal on portal.id = lock_corridor.portal_id`.execute(db);
}

async function createReports(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('lock_report')
    .addColumn('lock_id', text, (column) => column.notNull().references('lock.id').onDelete('cascade'))
    .addColumn('device_id', text, (column) => column.notNull().references('device.id').onDelete('cascade'))
    .addColumn('ord', integer, (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('epoch', integer)
    .addColumn('version', integer)
    .addColumn('digest', text)
    .addColumn('deny_epoch', integer)
    .addColumn('deny_seq', integer)
    .addColumn('battery', integer)
    .addColumn('last_seen', integer)
    .addColumn('rssi', integer)
    .addColumn('bolt', text, (column) => column.notNull())
    .addColumn('door', text, (column) => column.notNull())
    .addColumn('log_pending', integer)
    .addColumn('firmware', integer)
    .addColumn('fault', text)
    .addColumn('reported_at', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('lock_report_key', ['lock_id', 'device_id'])
    .execute();
}

async function createRights(db: Kysely<unknown>, { serial, integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('room_grant')
    .addColumn('id', serial, (column) => column.primaryKey())
    .addColumn('person_id', integer, (column) => column.references('person.id').onDelete('cascade'))
    .addColumn('group_id', text, (column) => column.references('person_group.id').onDelete('cascade'))
    .addColumn('building', text, (column) => column.notNull())
    .addColumn('room', text)
    .addColumn('floor', text)
    .addColumn('valid_from', integer, (column) => column.notNull())
    .addColumn('valid_until', integer, (column) => column.notNull())
    .addColumn('reason', text, (column) => column.notNull())
    .addColumn('actor', text, (column) => column.notNull())
    .addColumn('made_at', integer, (column) => column.notNull())
    .addColumn('withdrawn_at', integer)
    .execute();
  await db.schema.createIndex('room_grant_building').on('room_grant').columns(['building', 'valid_until']).execute();
  await db.schema
    .createTable('lock_opening')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('person_id', integer, (column) => column.notNull())
    .addColumn('confirm', text, (column) => column.notNull())
    .addColumn('portal_id', text, (column) => column.notNull())
    .addColumn('via', text, (column) => column.notNull())
    .addColumn('refused', text)
    .addColumn('asked_at', integer, (column) => column.notNull())
    .addUniqueConstraint('lock_opening_confirm', ['person_id', 'confirm'])
    .execute();
}

// SPDX-License-Identifier: Apache-2.0
// Signed lists, denies, what devices should have and report, their events and commands.
import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';

export async function createDistribution(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createLists(db, types);
  await createReports(db, types);
  await createEvents(db, types);
  await createCommands(db, types);
}

async function createLists(db: Kysely<unknown>, { serial, integer, text, bytes }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('list_version')
    .addColumn('scope_id', integer, (column) => column.notNull().references('scope.id').onDelete('cascade'))
    .addColumn('epoch', integer, (column) => column.notNull())
    .addColumn('version', integer, (column) => column.notNull())
    .addColumn('digest', text, (column) => column.notNull())
    .addColumn('content_digest', text, (column) => column.notNull())
    .addColumn('credentials', integer, (column) => column.notNull())
    .addColumn('prf_key_id', integer, (column) => column.notNull())
    .addColumn('deny_seq', integer, (column) => column.notNull())
    .addColumn('issued_at', integer, (column) => column.notNull())
    .addColumn('refresh_by', integer, (column) => column.notNull())
    .addColumn('hard_expiry', integer, (column) => column.notNull())
    .addColumn('head_frame', bytes, (column) => column.notNull())
    .addColumn('delta', bytes)
    .addColumn('policy', bytes)
    .addColumn('page_counts', bytes)
    .addColumn('records', bytes)
    .addPrimaryKeyConstraint('list_version_key', ['scope_id', 'epoch', 'version'])
    .execute();
  await db.schema
    .createTable('outbox')
    .addColumn('id', serial, (column) => column.primaryKey())
    .addColumn('scope_id', integer, (column) => column.notNull())
    .addColumn('epoch', integer, (column) => column.notNull())
    .addColumn('version', integer, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('deny_op')
    .addColumn('epoch', integer, (column) => column.notNull())
    .addColumn('seq', integer, (column) => column.notNull())
    .addColumn('campus_ref', text, (column) => column.notNull())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('reason', text, (column) => column.notNull())
    .addColumn('minute', integer, (column) => column.notNull())
    .addColumn('chain', text, (column) => column.notNull())
    .addColumn('at', integer, (column) => column.notNull())
    .addColumn('actor', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('deny_op_key', ['epoch', 'seq'])
    .execute();
  await db.schema.createIndex('deny_op_ref').on('deny_op').columns(['campus_ref', 'epoch', 'seq']).execute();
}

async function createReports(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('device_scope')
    .addColumn('device_id', text, (column) => column.notNull().references('device.id').onDelete('cascade'))
    .addColumn('scope_id', integer, (column) => column.notNull())
    .addColumn('desired_epoch', integer)
    .addColumn('desired_version', integer)
    .addColumn('reported_epoch', integer)
    .addColumn('reported_version', integer)
    .addColumn('reported_digest', text)
    .addColumn('reported_at', integer)
    .addColumn('refused_code', text)
    .addColumn('refused_version', integer)
    .addPrimaryKeyConstraint('device_scope_key', ['device_id', 'scope_id'])
    .execute();
  await db.schema
    .createTable('portal_report')
    .addColumn('portal_id', text, (column) => column.primaryKey())
    .addColumn('device_id', text, (column) => column.notNull())
    .addColumn('mode', text, (column) => column.notNull())
    .addColumn('door', text, (column) => column.notNull())
    .addColumn('lock', text, (column) => column.notNull())
    .addColumn('alarm', text, (column) => column.notNull())
    .addColumn('reported_at', integer, (column) => column.notNull())
    .execute();
}

async function createEvents(db: Kysely<unknown>, { serial, integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('device_journal')
    .addColumn('device_id', text, (column) => column.notNull())
    .addColumn('epoch', text, (column) => column.notNull())
    .addColumn('acked_seq', integer, (column) => column.notNull())
    .addColumn('updated_at', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('device_journal_key', ['device_id', 'epoch'])
    .execute();
  // No foreign keys: an event outlives the device, the portal and the person it names.
  await db.schema
    .createTable('event')
    .addColumn('id', serial, (column) => column.primaryKey())
    .addColumn('device_id', text, (column) => column.notNull())
    .addColumn('epoch', text, (column) => column.notNull())
    .addColumn('seq', integer, (column) => column.notNull())
    .addColumn('at', integer, (column) => column.notNull())
    .addColumn('received_at', integer, (column) => column.notNull())
    .addColumn('type', text, (column) => column.notNull())
    .addColumn('portal_id', text)
    .addColumn('credential_ref', text)
    .addColumn('person_id', integer)
    .addColumn('body', text, (column) => column.notNull())
    .addUniqueConstraint('event_key', ['device_id', 'epoch', 'seq'])
    .execute();
  await db.schema.createIndex('event_at').on('event').column('at').execute();
  await db.schema.createIndex('event_person').on('event').columns(['person_id', 'at']).execute();
}

async function createCommands(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('command')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('device_id', text, (column) => column.notNull())
    .addColumn('portal_id', text)
    .addColumn('operation', text, (column) => column.notNull())
    .addColumn('mode', text)
    .addColumn('actor', text, (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('code', text)
    .addColumn('ord', integer, (column) => column.notNull())
    .addColumn('boot', text)
    .addColumn('issued_at', integer, (column) => column.notNull())
    .addColumn('expires_at', integer, (column) => column.notNull())
    .addColumn('updated_at', integer, (column) => column.notNull())
    .addColumn('elapsed_ms', integer)
    .execute();
  await db.schema.createIndex('command_device').on('command').columns(['device_id', 'ord']).execute();
}

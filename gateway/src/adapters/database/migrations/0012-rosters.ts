// SPDX-License-Identifier: Apache-2.0
// Since when a changed scope waits for its list, and the duty roster that a right to rooms is of.
import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';

export async function createRosters(db: Kysely<unknown>, { integer, text }: ColumnTypes): Promise<void> {
  await db.schema.alterTable('scope').addColumn('changed_at', integer).execute();
  await db.schema.alterTable('room_grant').addColumn('roster', text).execute();
  await db.schema.createIndex('room_grant_roster').on('room_grant').columns(['roster', 'valid_until']).execute();
}

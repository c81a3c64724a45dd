// SPDX-License-Identifier: Apache-2.0
// Why the order to pair a lock that stands came to nothing, for whoever stands at the door.
import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../column-types.ts';

export async function createPairingFaults(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await db.schema.alterTable('lock').addColumn('pairing_fault', text).execute();
}

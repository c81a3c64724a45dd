// SPDX-License-Identifier: Apache-2.0
// The one list of migrations, imported statically so that a bundle holds them. A file from newer software is refused, whole.
import { type Kysely, type Migration, Migrator } from 'kysely';
import type { ColumnTypes } from './column-types.ts';
import { createRegistry } from './migrations/0001-registry.ts';
import { createDistribution } from './migrations/0002-distribution.ts';
import { createQuarantine } from './migrations/0003-quarantine.ts';
import { createPhones } from './migrations/0004-phones.ts';
import { createSignIn } from './migrations/0005-sign-in.ts';
import { createRenewals } from './migrations/0008-renewals.ts';
import { createLocks } from './migrations/0009-locks.ts';
import { createRoles } from './migrations/0010-roles.ts';
import { createLibrary } from './migrations/0011-library.ts';
import { createRosters } from './migrations/0012-rosters.ts';
import { createPairingFaults } from './migrations/0013-pairing-faults.ts';
import { createLockRecords } from './migrations/0014-lock-records.ts';
import { createEndlessServing } from './migrations/0015-endless-serving.ts';

type Step = (db: Kysely<unknown>, types: ColumnTypes) => Promise<void>;

const STEPS: Readonly<Record<string, Step>> = {
  '0001-registry': createRegistry,
  '0002-distribution': createDistribution,
  '0003-quarantine': createQuarantine,
  '0004-phones': createPhones,
  '0005-sign-in': createSignIn,
  '0008-renewals': createRenewals,
  '0009-locks': createLocks,
  '0010-roles': createRoles,
  '0011-library': createLibrary,
  '0012-rosters': createRosters,
  '0013-pairing-faults': createPairingFaults,
  '0014-lock-records': createLockRecords,
  '0015-endless-serving': createEndlessServing,
};

/** The database holds migrations this software does not know. */
export class NewerDatabaseError extends Error {
  constructor(unknown: readonly string[]) {
    super(
      `the database was written by newer software (it has ${unknown.join(', ')}): install that version again, or restore a backup`,
    );
    this.name = 'NewerDatabaseError';
  }
}

export async function migrate(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  const migrations: Record<string, Migration> = {};
  for (const [name, step] of Object.entries(STEPS)) migrations[name] = { up: (each) => step(each, types) };
  const applied = await appliedNames(db);
  const unknown = applied.filter((name) => !(name in STEPS));
  if (unknown.length > 0) throw new NewerDatabaseError(unknown);
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

async function appliedNames(db: Kysely<unknown>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === 'kysely_migration')) return [];
  const journal = db as Kysely<{ kysely_migration: { name: string } }>;
  const rows = await journal.selectFrom('kysely_migration').select('name').execute();
  return rows.map(({ name }) => name);
}

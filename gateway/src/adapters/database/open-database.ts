// SPDX-License-Identifier: Apache-2.0
// Opens the gateway's database: a thread that writes, a thread whose snapshots never wait for writers, migrations applied.
import { type Compilable, Kysely, type Transaction } from 'kysely';
import { SQLITE_TYPES } from './column-types.ts';
import type { BatchStatement, ColumnKind } from './database-messages.ts';
import { DatabaseThread, type PackedRows } from './database-thread.ts';
import { migrate } from './migrate.ts';
import type { Database } from './schema.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { databaseWorkerUrl } from './start-worker.ts';

export interface Snapshot {
  readonly db: Transaction<Database>;
  /** Rows of a query as typed arrays, in the order of `columns`. */
  columns<const Kinds extends readonly ColumnKind[]>(query: Compilable, columns: Kinds): Promise<PackedRows<Kinds>>;
}

export interface WritableTransaction {
  readonly trx: Transaction<Database>;
  /** Many rows in one message, part of this transaction. */
  run(statements: readonly BatchStatement[]): Promise<void>;
}

export interface GatewayDatabase {
  /** The one writer. Inside a transaction use its handle only: `db` itself would wait for the transaction to end. */
  readonly db: Kysely<Database>;
  /** Reads that need not see a change of this very moment: pages, exports. */
  readonly reader: Kysely<Database>;
  /** Everything `work` reads is of one moment. Writers go on meanwhile. */
  snapshot<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T>;
  /** Resolves once what `work` did is durable; rolled back whole where it rejects. */
  transaction<T>(work: (open: WritableTransaction) => Promise<T>): Promise<T>;
  /** Resolves once durable. Batches of several callers share a commit; no part of any open transaction. */
  batch(statements: readonly BatchStatement[]): Promise<void>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly path: string;
  /** The worker's file; by default found beside this module. */
  readonly worker?: URL;
}

/** Rejects with NewerDatabaseError where newer software wrote the file. */
export async function openDatabase({ path, worker = databaseWorkerUrl() }: DatabaseOptions): Promise<GatewayDatabase> {
  const writing = DatabaseThread.start(worker, { path, readOnly: false });
  const db = new Kysely<Database>({ dialect: sqliteDialect(writing, 'begin immediate') });
  try {
    await migrate(db as Kysely<unknown>, SQLITE_TYPES);
  } catch (error) {
    await writing.close();
    throw error;
  }
  const reading = DatabaseThread.start(worker, { path, readOnly: true });
  const reader = new Kysely<Database>({ dialect: sqliteDialect(reading, 'begin') });
  return {
    db,
    reader,
    snapshot: (work) => reader.transaction().execute((db) => work({ db, columns: columnsOf(reading) })),
    transaction: (work) =>
      db.transaction().execute((trx) => work({ trx, run: (statements) => writing.run(statements) })),
    batch: (statements) => writing.batch(statements),
    async close() {
      // Readers first: the last connection to close folds the log back into the file.
      await reading.close();
      await writing.close();
    },
  };
}

function columnsOf(thread: DatabaseThread): Snapshot['columns'] {
  // The snapshot holds the thread's only connection, so this read is part of it.
  return (query, columns) => {
    const { sql, parameters } = query.compile();
    return thread.columns(sql, parameters, columns);
  };
}

// SPDX-License-Identifier: Apache-2.0
// The database file inside its thread: WAL, synchronous FULL (what is acknowledged survived power loss), foreign keys.
import { closeSync, openSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import type { BatchStatement, ColumnKind, PackedColumn } from './database-messages.ts';
import { packColumns } from './pack-columns.ts';

export interface SqliteFile {
  query(sql: string, parameters: readonly unknown[]): { rows: readonly unknown[]; changes: number; lastId: number };
  columns(
    sql: string,
    parameters: readonly unknown[],
    kinds: readonly ColumnKind[],
  ): { count: number; packed: PackedColumn[] };
  /** Within whatever transaction is open. */
  run(statements: readonly BatchStatement[]): void;
  /** All of them in one transaction. */
  batch(statements: readonly BatchStatement[]): void;
  inTransaction(): boolean;
  close(): void;
}

const LOCK_WAIT_MS = 5_000;
const CACHE_KIB = 32 * 1_024;
/** Statements kept compiled. Queries are built from code, so there are few; the bound is for imports of odd widths. */
const CACHED_STATEMENTS = 256;

export function openSqliteFile(path: string, readOnly: boolean): SqliteFile {
  // Owner only, before SQLite makes it by the umask; the log inherits the rights of the file.
  closeSync(openSync(path, 'a', 0o600));
  const db = new Sqlite(path, { timeout: LOCK_WAIT_MS });
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    db.pragma(`cache_size = -${CACHE_KIB}`);
    if (readOnly) db.pragma('query_only = ON');
  } catch (error) {
    db.close();
    throw error;
  }
  return serve(db);
}

function serve(db: Sqlite.Database): SqliteFile {
  const prepare = statementCache(db);
  const run = (statements: readonly BatchStatement[]) => {
    for (const { sql, rows } of statements) {
      const statement = prepare(sql);
      for (const row of rows) statement.run(row);
    }
  };
  const runBatch = db.transaction(run);
  return {
    query(sql, parameters) {
      const statement = prepare(sql);
      if (statement.reader) return { rows: statement.all(parameters), changes: 0, lastId: 0 };
      const { changes, lastInsertRowid } = statement.run(parameters);
      return { rows: [], changes, lastId: Number(lastInsertRowid) };
    },
    // Not cached: a raw statement stays raw.
    columns: (sql, parameters, kinds) =>
      packColumns(db.prepare(sql).raw().iterate(parameters) as Iterable<unknown[]>, kinds),
    run,
    batch: (statements) => runBatch.immediate(statements),
    inTransaction: () => db.inTransaction,
    close: () => db.close(),
  };
}

function statementCache(db: Sqlite.Database): (sql: string) => Sqlite.Statement {
  const cached = new Map<string, Sqlite.Statement>();
  return (sql) => {
    const known = cached.get(sql);
    if (known !== undefined) return known;
    const statement = db.prepare(sql);
    if (cached.size >= CACHED_STATEMENTS) cached.delete(cached.keys().next().value as string);
    cached.set(sql, statement);
    return statement;
  };
}

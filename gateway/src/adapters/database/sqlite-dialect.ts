// SPDX-License-Identifier: Apache-2.0
// kysely over the database's thread: one connection, taken in turn, so that transactions are serialised.
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { DatabaseThread } from './database-thread.ts';

/** SQLite rolls back tables made in a transaction: a migration killed half-way leaves nothing. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

export function sqliteDialect(thread: DatabaseThread, begin: 'begin' | 'begin immediate'): Dialect {
  return {
    createDriver: () => createDriver(thread, begin),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new TransactionalDdlAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

function createDriver(thread: DatabaseThread, begin: string): Driver {
  const connection = connectTo(thread);
  const turn = createTurn();
  const run = async (sql: string) => {
    await connection.executeQuery(CompiledQuery.raw(sql));
  };
  return {
    init: async () => undefined,
    async acquireConnection() {
      await turn.take();
      return connection;
    },
    beginTransaction: () => run(begin),
    commitTransaction: () => run('commit'),
    rollbackTransaction: () => run('rollback'),
    releaseConnection: async () => turn.pass(),
    // The thread belongs to whoever started it.
    destroy: async () => undefined,
  };
}

function connectTo(thread: DatabaseThread): DatabaseConnection {
  return {
    async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
      const { rows, changes, lastId } = await thread.query(sql, parameters);
      return { rows: rows as Row[], numAffectedRows: BigInt(changes), insertId: BigInt(lastId) };
    },
    // biome-ignore lint: the interface asks for a generator
    async *streamQuery() {
      yield* [];
      throw new Error('read page by page instead of streaming: a stream would hold the only connection');
    },
  };
}

/** First come, first served. */
function createTurn(): { take(): Promise<void>; pass(): void } {
  const waiting: (() => void)[] = [];
  let taken = false;
  return {
    take() {
      if (!taken) {
        taken = true;
        return Promise.resolve();
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
    pass() {
      const next = waiting.shift();
      if (next === undefined) taken = false;
      else next();
    },
  };
}

// SPDX-License-Identifier: Apache-2.0
// A database that earlier software wrote, opened by this one: every row as it was, the tables as a new database has them, and
// work going on. The dump is of that software's own making, so a migration that was edited afterwards is found out.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyAudit } from '../../app/audit.ts';
import { type GatewayDatabase, openDatabase } from './open-database.ts';
import { bundleWorker, openTemporaryDatabase } from './temporary-database.test-support.ts';

const DUMP = new URL('../../../../fixtures/databases/0003-quarantine.sql', import.meta.url);

let directory: string;
let path: string;
let worker: URL;
let before: Map<string, readonly unknown[]>;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'latchkey-upgrade-'));
  path = join(directory, 'registry.sqlite');
  worker = await bundleWorker();
  inspect((db) => db.exec(readFileSync(DUMP, 'utf8')));
  before = inspect(rowsOf);
});
afterEach(() => rm(directory, { recursive: true }));

function inspect<T>(look: (db: Sqlite.Database) => T, file = path): T {
  const db = new Sqlite(file);
  try {
    return look(db);
  } finally {
    db.close();
  }
}

const namesOf = (db: Sqlite.Database, what: string): string[] => db.prepare(what).pluck().all() as string[];
const TABLES = "select name from sqlite_master where type = 'table' and name not like '%_migration%' order by name";

/** Rows of the old tables, in the columns they had. */
function rowsOf(db: Sqlite.Database): Map<string, readonly unknown[]> {
  const tables = before === undefined ? namesOf(db, TABLES) : [...before.keys()];
  return new Map(tables.map((table) => [table, db.prepare(`select * from "${table}"`).all()]));
}

/** Tables with their columns, and indices: what it takes to be the same database. */
const shapeOf = (db: Sqlite.Database): unknown[] => [
  ...namesOf(db, TABLES).map((table) => [
    table,
    (
      db.pragma(`table_info("${table}")`) as {
        name: string;
        type: string;
        notnull: number;
        dflt_value: string | null;
      }[]
    )
      .map(({ name, type, notnull, dflt_value }) => `${name} ${type} ${notnull} ${dflt_value}`)
      .sort(),
  ]),
  namesOf(db, "select type || ' ' || name from sqlite_master where type <> 'table' order by type, name"),
];

async function upgrade(work: (database: GatewayDatabase) => Promise<void> = async () => undefined): Promise<void> {
  const database = await openDatabase({ path, worker });
  try {
    await work(database);
  } finally {
    await database.close();
  }
}

describe('a database of 0003', () => {
  it('holds something of everything, so that a loss would be seen', () => {
    expect([...before].filter(([, rows]) => rows.length === 0)).toEqual([]);
  });

  it('keeps every row of every table, but that each list is compiled anew to name its zone', async () => {
    await upgrade();
    const after = inspect(rowsOf);
    for (const [table, rows] of before) {
      const wanted = rows.map((row) => (table === 'scope' ? compiledAnew(row as ScopeRow) : row));
      expect(after.get(table), table).toMatchObject(wanted);
      expect(after.get(table), table).toHaveLength(rows.length);
    }
  });

  it('gives a scope its own number as its zone, and none where a code could not hold it', async () => {
    await upgrade(async ({ db }) => {
      const zones = await db.selectFrom('scope').select(['id', 'zone']).orderBy('id').execute();
      expect(zones).toEqual([
        { id: 1, zone: 1 },
        { id: 2, zone: 2 },
        { id: 70_000, zone: null },
      ]);
    });
  });

  it('becomes what a new database is, whole and with its references', async () => {
    await upgrade();
    const fresh = await openTemporaryDatabase();
    expect(inspect(shapeOf)).toEqual(inspect(shapeOf, fresh.path));
    await fresh.close();
    expect(inspect((db) => [db.pragma('integrity_check', { simple: true }), db.pragma('foreign_key_check')])).toEqual([
      'ok',
      [],
    ]);
  });

  it('keeps the chain of changes', async () => {
    await upgrade(async ({ reader }) => {
      expect(await verifyAudit(reader)).toMatchObject({ intact: true, entries: before.get('audit')?.length });
    });
  });
});

interface ScopeRow {
  readonly change_seq: number;
}
const compiledAnew = (row: ScopeRow): ScopeRow => ({ ...row, change_seq: row.change_seq + 1 });

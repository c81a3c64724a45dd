// SPDX-License-Identifier: Apache-2.0
// The chain of changes (DESIGN 8): every entry holds the hash of the one before, so that none can be changed or taken out
// unseen. Written in the transaction of the change itself.
import { canonicalJson } from '@latchkey/protocols/bytes/canonical-json';
import { sha256Hex } from '@latchkey/protocols/bytes/hash';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { WritableTransaction } from '../adapters/database/open-database.ts';
import type { AuditTable, Database } from '../adapters/database/schema.ts';
import type { Steps } from '../core/steps.ts';
import { takeTurns } from './take-turns.ts';

export interface AuditNote {
  readonly action: string;
  /** What it was done to, such as `card 17`. No names, no card numbers. */
  readonly subject: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

type AuditRow = Selectable<AuditTable>;

export const NO_PREVIOUS_HASH = '0'.repeat(64);
const MANY_ROWS = 200;
const VERIFY_ROWS = 2_000;

const hashOf = ({ seq, at, actor, action, subject, detail, previous_hash }: Omit<AuditRow, 'hash'>): string =>
  sha256Hex(new TextEncoder().encode(canonicalJson([seq, at, actor, action, subject, detail, previous_hash])));

/** `trx` is the transaction of the change; `run` its way for many rows at once, where the caller has it. */
export async function appendAudit(
  trx: Transaction<Database>,
  atMs: number,
  actor: string,
  notes: readonly AuditNote[],
  run?: WritableTransaction['run'],
): Promise<void> {
  const newest = await trx
    .selectFrom('audit')
    .select(['seq', 'hash'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  const rows = await takeTurns(chain(newest ?? { seq: 0, hash: NO_PREVIOUS_HASH }, atMs, actor, notes));
  if (run === undefined || rows.length < MANY_ROWS) await insertFew(trx, rows);
  else await run([{ sql: INSERT, rows: rows.map(valuesOf) }]);
}

async function insertFew(trx: Transaction<Database>, rows: readonly AuditRow[]): Promise<void> {
  for (let first = 0; first < rows.length; first += MANY_ROWS) {
    await trx
      .insertInto('audit')
      .values(rows.slice(first, first + MANY_ROWS))
      .execute();
  }
}

const INSERT = `insert into audit (seq, at, actor, action, subject, detail, previous_hash, hash)
  values (?, ?, ?, ?, ?, ?, ?, ?)`;
const valuesOf = (row: AuditRow) => [
  row.seq,
  row.at,
  row.actor,
  row.action,
  row.subject,
  row.detail,
  row.previous_hash,
  row.hash,
];

/** Where the chain ends: unchanged, nothing was changed in between. */
export async function auditEnd(db: Kysely<Database>): Promise<number> {
  const row = await db.selectFrom('audit').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return row?.seq ?? 0;
}

function* chain(
  { seq, hash }: { readonly seq: number; readonly hash: string },
  at: number,
  actor: string,
  notes: readonly AuditNote[],
): Steps<AuditRow[]> {
  const rows: AuditRow[] = [];
  let previous = hash;
  for (const { action, subject, detail = {} } of notes) {
    const place = { seq: seq + 1 + rows.length, at, actor, action, subject };
    const entry = { ...place, detail: canonicalJson(detail), previous_hash: previous };
    previous = hashOf(entry);
    rows.push({ ...entry, hash: previous });
    if (rows.length % MANY_ROWS === 0) yield;
  }
  return rows;
}

export interface AuditVerdict {
  readonly intact: boolean;
  readonly entries: number;
  /** Sequence of the first entry that does not fit; null where all do. */
  readonly brokenAt: number | null;
  /** Hash of the newest entry: whoever keeps a copy elsewhere notices a chain cut short. */
  readonly head: string;
}

/** Walks the whole chain in pages. */
export async function verifyAudit(db: Kysely<Database>): Promise<AuditVerdict> {
  let seq = 0;
  let head = NO_PREVIOUS_HASH;
  for (;;) {
    const rows = await db
      .selectFrom('audit')
      .selectAll()
      .where('seq', '>', seq)
      .orderBy('seq')
      .limit(VERIFY_ROWS)
      .execute();
    for (const row of rows) {
      const fits = row.seq === seq + 1 && row.previous_hash === head && row.hash === hashOf(row);
      if (!fits) return { intact: false, entries: seq, brokenAt: row.seq, head };
      seq = row.seq;
      head = row.hash;
    }
    if (rows.length < VERIFY_ROWS) return { intact: true, entries: seq, brokenAt: null, head };
  }
}

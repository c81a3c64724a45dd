// SPDX-License-Identifier: Apache-2.0
// The journal's table and its rules, synchronous, for the worker thread: WAL, synchronous FULL, one commit a batch (DESIGN 5).
import { existsSync, renameSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';

export interface JournalLimits {
  /** Events kept in all; beyond it the oldest acknowledged ones go. Unacknowledged ones are never dropped. */
  readonly capacity: number;
  /** Acknowledged events kept for people who look at the door itself. */
  readonly retention: number;
  /** The file never grows beyond this: events must not take the room that lists and settings need. */
  readonly maxBytes: number;
}

export interface StoredStatus {
  readonly epoch: string;
  readonly nextSeq: number;
  readonly ackedSeq: number;
  readonly stored: number;
}

export interface JournalRow {
  readonly seq: number;
  readonly body: string;
}

/** Files up to this size are checked row by row at start; larger ones would cost the two seconds a door has to be ready. */
const QUICK_CHECK_BYTES = 8 * 1024 * 1024;
/** Events in the write-ahead log after which it is folded back when idle, and after which it no longer waits for idleness. */
const IDLE_CHECKPOINT_EVENTS = 100;
const FORCED_CHECKPOINT_EVENTS = 2_000;
const PAGE_BYTES = 4_096;
const TRIM_STEP = 500;
/** A look into the file by somebody else holds events up, it does not lose them. */
const LOCK_WAIT_MS = 5_000;

const SCHEMA = `
  create table if not exists events (seq integer primary key, at integer not null, body text not null);
  create table if not exists journal (
    one integer primary key check (one = 1), epoch text not null, acked integer not null, format integer not null
  );
`;

export interface JournalDatabase {
  /** Durable on return. The first sequence number given; the others follow without a gap. */
  append(events: readonly { readonly at: number; readonly body: string }[], ackedUpTo?: number): number;
  read(fromSeq: number, limit: number): JournalRow[];
  status(): StoredStatus;
  freeBytes(): number;
  /** Folds the log back and trims, off the path of any event. `idle` false: only what can no longer wait. */
  tidy(idle: boolean): void;
  close(): void;
}

interface Opened {
  readonly db: Database.Database;
  readonly epoch: string;
  acked: number;
  last: number;
  first: number;
  /** Events since the log was last folded back. */
  logged: number;
}

function open(path: string, limits: JournalLimits, newEpoch: string): Opened {
  const db = new Database(path, { timeout: LOCK_WAIT_MS });
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('wal_autocheckpoint = 0');
    db.pragma('cache_size = -512');
    db.pragma(`max_page_count = ${Math.max(1, Math.floor(limits.maxBytes / PAGE_BYTES))}`);
    db.exec(SCHEMA);
    if (statSync(path).size <= QUICK_CHECK_BYTES && db.pragma('quick_check(1)', { simple: true }) !== 'ok') {
      throw new Error('journal fails its integrity check');
    }
    db.prepare('insert into journal (one, epoch, acked, format) values (1, ?, 0, 1) on conflict do nothing').run(
      newEpoch,
    );
    const kept = db.prepare('select epoch, acked from journal').get() as { epoch: string; acked: number };
    if (!/^[0-9a-f]{16}$/.test(kept.epoch) || !Number.isSafeInteger(kept.acked))
      throw new Error('journal state is damaged');
    const span = db.prepare('select min(seq) as first, max(seq) as last from events').get() as {
      first: number | null;
      last: number | null;
    };
    const last = Math.max(span.last ?? 0, kept.acked);
    return {
      db,
      epoch: kept.epoch,
      acked: kept.acked,
      last,
      first: span.first ?? last + 1,
      logged: IDLE_CHECKPOINT_EVENTS,
    };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** True for damage of the file itself, as against a full disk or a missing right. */
export function isDamage(error: unknown): boolean {
  const code = (error as { code?: string }).code;
  if (code === undefined) return error instanceof Error && error.message.startsWith('journal ');
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB' || code === 'SQLITE_ERROR';
}

/** Keeps the damaged files under another name: their events may still matter to somebody. */
export function setAside(path: string, suffix: string): string {
  const aside = `${path}.damaged-${suffix}`;
  for (const part of ['', '-wal', '-shm']) if (existsSync(path + part)) renameSync(path + part, aside + part);
  return aside;
}

function openOrReplace(path: string, limits: JournalLimits, newEpoch: string): { opened: Opened; damaged?: string } {
  try {
    return { opened: open(path, limits, newEpoch) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const damaged = setAside(path, newEpoch);
    return { opened: open(path, limits, newEpoch), damaged };
  }
}

function trim(state: Opened, limits: JournalLimits, idle: boolean): void {
  const keep = Math.max(0, Math.min(limits.retention, limits.capacity - (state.last - state.acked)));
  const upTo = state.acked - keep;
  const excess = upTo - state.first + 1;
  // In steps: one delete a commit would double the work of every event.
  if (excess < (idle ? 1 : TRIM_STEP)) return;
  const last = Math.min(upTo, state.first + 10 * TRIM_STEP);
  state.db.prepare('delete from events where seq <= ?').run(last);
  state.first = last + 1;
}

function checkpoint(state: Opened, idle: boolean): void {
  if (state.logged < (idle ? IDLE_CHECKPOINT_EVENTS : FORCED_CHECKPOINT_EVENTS)) return;
  state.db.pragma('wal_checkpoint(PASSIVE)');
  state.logged = 0;
}

/** Opens or makes the journal. `damaged` names where an unreadable one was set aside. */
export function openJournalDatabase(
  path: string,
  limits: JournalLimits,
  newEpoch: string,
): { database: JournalDatabase; damaged?: string } {
  const { opened: state, damaged } = openOrReplace(path, limits, newEpoch);
  const insert = state.db.prepare('insert into events (seq, at, body) values (?, ?, ?)');
  const acknowledge = state.db.prepare('update journal set acked = ?');
  const select = state.db.prepare('select seq, body from events where seq >= ? order by seq limit ?');
  const commit = state.db.transaction((events: readonly { at: number; body: string }[], acked: number) => {
    let seq = state.last;
    for (const event of events) {
      seq += 1;
      insert.run(seq, event.at, event.body);
    }
    if (acked > state.acked) acknowledge.run(acked);
  });
  const database: JournalDatabase = {
    append(events, ackedUpTo = 0) {
      // Nothing that is not here can have been acknowledged: a gateway's word does not move the journal ahead.
      const acked = Math.max(state.acked, Math.min(ackedUpTo, state.last));
      // One event alone needs no transaction around it: a statement is one.
      const [only, ...more] = events;
      if (only && more.length === 0 && acked === state.acked) insert.run(state.last + 1, only.at, only.body);
      else commit(events, acked);
      const firstGiven = state.last + 1;
      state.last += events.length;
      state.logged += events.length;
      state.acked = acked;
      return firstGiven;
    },
    read: (fromSeq, limit) => select.all(fromSeq, limit) as JournalRow[],
    status: () => ({
      epoch: state.epoch,
      nextSeq: state.last + 1,
      ackedSeq: state.acked,
      stored: state.last - state.first + 1,
    }),
    freeBytes() {
      const space = statfsSync(dirname(path));
      return space.bavail * space.bsize;
    },
    tidy(idle) {
      trim(state, limits, idle);
      checkpoint(state, idle);
    },
    close() {
      state.db.pragma('wal_checkpoint(TRUNCATE)');
      state.db.close();
    },
  };
  return damaged === undefined ? { database } : { database, damaged };
}

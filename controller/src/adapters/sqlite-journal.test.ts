// SPDX-License-Identifier: Apache-2.0
// The journal's promises: durable before it says so, in order, never a number twice, nothing unacknowledged dropped (DESIGN 1.2, 6).
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Journal } from '../ports/journal.ts';
import { openJournalDatabase } from './journal-database.ts';
import { type JournalAlarm, openSqliteJournal } from './sqlite-journal.ts';

const WORKER = new URL('./journal-worker.ts', import.meta.url);
const LIMITS = { capacity: 1_000, retention: 10, maxBytes: 64 * 1024 * 1024 };

let directory: string;
let path: string;
let alarms: JournalAlarm[];
const open: Journal[] = [];

function journal(limits: Partial<typeof LIMITS> = {}): Journal {
  const opened = openSqliteJournal({
    path,
    worker: WORKER,
    limits: { ...LIMITS, ...limits },
    onAlarm: (a) => alarms.push(a),
  });
  open.push(opened);
  return opened;
}

const event = (at: number): JournalEvent => ({ type: 'stopped', at, clock: 'free', boot: '00'.repeat(8) });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'journal-'));
  path = join(directory, 'journal.sqlite');
  alarms = [];
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
  rmSync(directory, { recursive: true, force: true });
});

describe('numbers', () => {
  it('gives events the numbers 1, 2, 3 … in the order of the calls', async () => {
    const events = journal();
    const given = await Promise.all([1, 2, 3, 4, 5].map((at) => events.append(event(at))));
    expect(given.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    const rows = await events.read(2, 3);
    expect(rows.map(({ seq, event: { at } }) => [seq, at])).toEqual([
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
  });

  it('goes on after a restart with the same epoch and the next number', async () => {
    const before = journal();
    await before.append(event(1));
    const { epoch } = await before.status();
    await before.close();
    const after = journal();
    expect((await after.append(event(2))).seq).toBe(2);
    expect((await after.status()).epoch).toBe(epoch);
  });

  it('gives no number twice even when everything before was acknowledged and trimmed', async () => {
    const before = journal({ retention: 0 });
    await Promise.all([1, 2, 3].map((at) => before.append(event(at))));
    await before.acknowledge(3);
    await before.close();
    const { database } = openJournalDatabase(path, { ...LIMITS, retention: 0 }, 'ff'.repeat(8));
    database.tidy(true);
    expect(database.status()).toMatchObject({ stored: 0, nextSeq: 4, ackedSeq: 3 });
    database.close();
    expect((await journal().append(event(4))).seq).toBe(4);
  });

  it('makes a new epoch for a new file', async () => {
    const first = await journal().status();
    path = join(directory, 'other.sqlite');
    const second = await journal().status();
    expect(first.epoch).toMatch(/^[0-9a-f]{16}$/);
    expect(second.epoch).not.toBe(first.epoch);
  });
});

describe('acknowledgement', () => {
  it('is cumulative, never goes back and survives a restart', async () => {
    const before = journal();
    await Promise.all([1, 2, 3, 4].map((at) => before.append(event(at))));
    await before.acknowledge(3);
    await before.acknowledge(2);
    await before.close();
    expect(await journal().status()).toMatchObject({ ackedSeq: 3, pending: 1, nextSeq: 5 });
  });

  it('beyond the last event does not move the journal ahead', async () => {
    const events = journal();
    await events.append(event(1));
    await events.acknowledge(99);
    expect(await events.status()).toMatchObject({ ackedSeq: 1, nextSeq: 2, pending: 0 });
  });
});

describe('trimming', () => {
  it('keeps the retention of acknowledged events', () => {
    const { database } = openJournalDatabase(path, LIMITS, 'aa'.repeat(8));
    database.append(
      Array.from({ length: 100 }, (_, at) => ({ at, body: '{}' })),
      0,
    );
    database.append([], 60);
    database.tidy(true);
    expect(database.read(0, 1)[0]?.seq).toBe(51);
    expect(database.status()).toMatchObject({ stored: 50, ackedSeq: 60, nextSeq: 101 });
    database.close();
  });

  it('over capacity lets acknowledged events go first and never an unacknowledged one', () => {
    const { database } = openJournalDatabase(path, { ...LIMITS, capacity: 50 }, 'aa'.repeat(8));
    database.append(
      Array.from({ length: 100 }, (_, at) => ({ at, body: '{}' })),
      0,
    );
    database.append([], 20);
    database.tidy(true);
    expect(database.read(0, 1)[0]?.seq).toBe(21);
    expect(database.status().stored).toBe(80);
    database.close();
  });
});

describe('alarms', () => {
  it('tells once that the journal is nearly full and once that it is not any more', async () => {
    const events = journal({ capacity: 10 });
    await Promise.all(Array.from({ length: 12 }, (_, at) => events.append(event(at))));
    await events.acknowledge(11);
    expect(alarms.map(({ alarm, active }) => [alarm, active])).toEqual([
      ['journal-near-full', true],
      ['journal-near-full', false],
    ]);
  });

  it('rejects an append when the disk is full, and takes events again when there is room', async () => {
    const events = journal({ maxBytes: 40_960, retention: 0 });
    const big: JournalEvent = { ...event(1), type: 'alarm', alarm: 'tamper', active: true, subject: 'x'.repeat(120) };
    let last = 0;
    const fill = async () => {
      for (;;) last = (await events.append(big)).seq;
    };
    await expect(fill()).rejects.toMatchObject({ code: 'SQLITE_FULL' });
    expect(alarms).toEqual([{ alarm: 'disk-full', active: true, subject: 'SQLITE_FULL' }]);
    await events.acknowledge(last).catch(() => undefined);
    await expect
      .poll(() =>
        events.append(event(2)).then(
          () => 'taken',
          () => 'full',
        ),
      )
      .toBe('taken');
    expect(alarms.at(-1)).toEqual({ alarm: 'disk-full', active: false });
  });
});

describe('damage', () => {
  it.each([
    ['overwritten', (file: string) => writeFileSync(file, Buffer.alloc(20_000, 0x5a))],
    ['with its pages overwritten', (file: string) => overwriteFrom(file, 4_096)],
    ['cut short', (file: string) => truncateSync(file, Math.floor(statSync(file).size / 2) - 100)],
  ])('a file %s at start is set aside with an alarm and a new epoch', async (_name, damage) => {
    const before = journal();
    await Promise.all(Array.from({ length: 200 }, (_, at) => before.append(event(at))));
    const { epoch } = await before.status();
    await before.close();
    damage(path);
    const after = journal();
    expect((await after.append(event(1))).seq).toBe(1);
    expect((await after.status()).epoch).not.toBe(epoch);
    expect(alarms[0]).toMatchObject({ alarm: 'journal-failed', active: true });
    expect(readdirSync(directory).some((name) => name.includes('damaged'))).toBe(true);
  });

  it('a row that no longer reads as an event keeps its number and is told as an alarm', async () => {
    const before = journal();
    await before.append(event(1));
    await before.append(event(2));
    await before.close();
    const raw = new Database(path);
    raw.prepare(`update events set body = '{"type":"nonsense"}' where seq = 1`).run();
    raw.close();
    const rows = await journal().read(1, 10);
    expect(rows.map(({ seq, event: { type } }) => [seq, type])).toEqual([
      [1, 'alarm'],
      [2, 'stopped'],
    ]);
  });
});

function overwriteFrom(file: string, offset: number): void {
  const size = statSync(file).size;
  const raw = new Uint8Array(size - offset).fill(0xa5);
  truncateSync(file, offset);
  writeFileSync(file, raw, { flag: 'a' });
}

describe('power', () => {
  it('every event whose append resolved is there after SIGKILL', async () => {
    for (let round = 0; round < 5; round += 1) {
      const told = await appendUntilKilled(20 + round * 37);
      const { database } = openJournalDatabase(path, LIMITS, 'aa'.repeat(8));
      expect(database.status().nextSeq - 1).toBeGreaterThanOrEqual(told);
      database.close();
    }
  });
});

/** The last number a child process was given before it was killed. */
function appendUntilKilled(afterMs: number): Promise<number> {
  const script = `
    const { openSqliteJournal } = await import(${JSON.stringify(new URL('./sqlite-journal.ts', import.meta.url).href)});
    const journal = openSqliteJournal({ path: ${JSON.stringify(path)}, worker: new URL(${JSON.stringify(WORKER.href)}) });
    for (;;) {
      const { seq } = await journal.append({ type: 'stopped', at: 1, clock: 'free', boot: '0000000000000000' });
      process.stdout.write(seq + '\\n');
    }`;
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--conditions=latchkey-source', '--input-type=module', '-e', script],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (text === '') setTimeout(() => child.kill('SIGKILL'), afterMs);
    text += chunk.toString();
  });
  return new Promise((resolve) => {
    child.on('close', () => resolve(Number(text.split('\n').at(-2) ?? 0)));
  });
}

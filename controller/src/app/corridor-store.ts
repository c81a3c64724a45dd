// SPDX-License-Identifier: Apache-2.0
// What a corridor keeps on disk: the signed assignments of its locks, and of each lock's log the first number that the journal
// does not have. A mark is written after the journal and before the lock may forget; what a power cut takes of it, the journal knows.
import { readFile } from 'node:fs/promises';
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';
import { z } from 'zod';
import { replaceFile } from '../adapters/durable-file.ts';
import type { Journal } from '../ports/journal.ts';

/** Frames by lock id. */
const framesFile = z.record(z.string(), z.base64());
const marksFile = z.record(z.string(), z.int().min(0));

export interface CorridorStore {
  frames(): readonly Uint8Array[];
  setFrame(lockId: string, frame: Uint8Array | undefined): Promise<void>;
  next(lockId: string): number;
  raise(lockId: string, next: number): Promise<void>;
}

/** Marks run behind by one batch of one lock at most; this many events back is more than all links hold. */
const LOOK_BACK = 2_000;
const PAGE = 500;

async function read<T>(path: string, schema: z.ZodType<Record<string, T>>): Promise<Map<string, T>> {
  const text = await readFile(path, 'utf8').catch(() => '{}');
  try {
    return new Map(Object.entries(schema.parse(JSON.parse(text))));
  } catch {
    // The gateway says it all again; records are collected again and are the same records.
    return new Map();
  }
}

function nextAfter(event: JournalEvent): { readonly lockId: string; readonly seq: number } | undefined {
  if (event.type === 'lock-event') return { lockId: event.lockId, seq: event.seq + 1 };
  if (event.type === 'lock-log-gap') return { lockId: event.lockId, seq: event.fromSeq + event.count };
  return undefined;
}

async function raiseFromJournal(marks: Map<string, number>, journal: Journal): Promise<void> {
  const { nextSeq } = await journal.status();
  let from = Math.max(1, nextSeq - LOOK_BACK);
  while (from < nextSeq) {
    const page = await journal.read(from, PAGE);
    const last = page.at(-1);
    if (!last) return;
    for (const { event } of page) {
      const next = nextAfter(event);
      if (next) marks.set(next.lockId, Math.max(marks.get(next.lockId) ?? 0, next.seq));
    }
    from = last.seq + 1;
  }
}

export async function openCorridorStore(
  paths: { readonly locks: string; readonly lockMarks: string },
  journal: Journal,
): Promise<CorridorStore> {
  const [frames, marks] = await Promise.all([read(paths.locks, framesFile), read(paths.lockMarks, marksFile)]);
  // Without a journal nothing is collected: there is nothing to compare with.
  await raiseFromJournal(marks, journal).catch(() => undefined);
  let writing: Promise<unknown> = Promise.resolve();

  function write(path: string, of: ReadonlyMap<string, unknown>): Promise<void> {
    const done = writing.then(() => replaceFile(path, Buffer.from(JSON.stringify(Object.fromEntries(of)))));
    writing = done.catch(() => undefined);
    return done;
  }

  return {
    frames: () => [...frames.values()].map((text) => new Uint8Array(Buffer.from(text, 'base64'))),
    setFrame(lockId, frame) {
      if (frame) frames.set(lockId, Buffer.from(frame).toString('base64'));
      else frames.delete(lockId);
      return write(paths.locks, frames);
    },
    next: (lockId) => marks.get(lockId) ?? 0,
    raise(lockId, next) {
      marks.set(lockId, next);
      return write(paths.lockMarks, marks);
    },
  };
}

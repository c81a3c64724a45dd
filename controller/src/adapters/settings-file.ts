// SPDX-License-Identifier: Apache-2.0
// One JSON document that survives power cuts, kept with lowdb: what is read is checked, what is written is durable on return.
// A document that does not read is left alone: a person has to look before anything is written over it.
import { readFile } from 'node:fs/promises';
import type { Adapter } from 'lowdb';
import { Low } from 'lowdb';
import type { z } from 'zod';
import { replaceFile } from './durable-file.ts';

/** Says which file, which field and what to do; meant for people. */
export class SettingsError extends Error {
  readonly code = 'SETTINGS_INVALID';
}

export interface SettingsFile<T> {
  /** What is in force now. */
  current(): T;
  /** One change after the other. Resolves once durable; rejects (ENOSPC, EIO) with `current()` as it was. */
  update(change: (data: T) => T): Promise<void>;
  /** Waits for the last write. */
  close(): Promise<void>;
}

/** The field and the fix, one line: `portals.0.lock.fail: use "safe" or "secure"`. */
export function describeIssues(error: z.ZodError): string {
  const [first, ...more] = error.issues;
  if (!first) return 'not valid';
  const field = first.path.length > 0 ? first.path.join('.') : 'the document';
  return `${field}: ${first.message}${more.length > 0 ? ` (and ${more.length} more)` : ''}`;
}

function durableJson<T>(path: string, schema: z.ZodType<T>): Adapter<T> {
  return {
    async read() {
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (text === undefined) return null;
      return parse(path, text, schema);
    },
    write: (data) => replaceFile(path, Buffer.from(`${JSON.stringify(data, null, 2)}\n`)),
  };
}

function parse<T>(path: string, text: string, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new SettingsError(`${path} is not JSON (${(error as Error).message}): correct it or restore a copy`);
  }
  const checked = schema.safeParse(json);
  if (!checked.success) throw new SettingsError(`${path}: ${describeIssues(checked.error)}`);
  return checked.data;
}

/** Rejects with SettingsError when the file exists and cannot be used. `initial` serves when there is none; nothing is written yet. */
export async function openSettingsFile<T>(path: string, schema: z.ZodType<T>, initial: T): Promise<SettingsFile<T>> {
  const database = new Low<T>(durableJson(path, schema), initial);
  await database.read();
  let queue: Promise<void> = Promise.resolve();

  async function change(make: (data: T) => T): Promise<void> {
    const before = database.data;
    const next = make(before);
    if (next === before) return;
    database.data = next;
    try {
      await database.write();
    } catch (error) {
      database.data = before;
      throw error;
    }
  }

  return {
    current: () => database.data,
    update(make) {
      const done = queue.then(() => change(make));
      queue = done.catch(() => undefined);
      return done;
    },
    close: () => queue,
  };
}

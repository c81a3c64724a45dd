// SPDX-License-Identifier: Apache-2.0
// Anti-passback over a restart: who was where, in a file of its own, written some time after somebody passed. What a power cut
// takes of it forgives people; it locks nobody out.
import { readFile } from 'node:fs/promises';
import { replaceFile } from '../adapters/durable-file.ts';
import { type AntiPassback, createAntiPassback } from '../core/anti-passback.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from './log.ts';

export interface PassbackFile {
  readonly antiPassback: AntiPassback;
  /** Somebody passed: written within half a minute. */
  touch(): void;
  close(): Promise<void>;
}

const WRITE_AFTER_MS = 30_000;

export async function openPassbackFile(path: string, clock: Pick<Clock, 'after'>, log: Log): Promise<PassbackFile> {
  const text = await readFile(path, 'utf8').catch(() => '[]');
  const antiPassback = createAntiPassback(parse(text));
  let cancel: (() => void) | undefined;

  async function write(): Promise<void> {
    cancel = undefined;
    await replaceFile(path, Buffer.from(JSON.stringify(antiPassback.save()))).catch(() => {
      log.warn({}, 'anti-passback not kept on disk');
    });
  }

  return {
    antiPassback,
    touch() {
      cancel ??= clock.after(WRITE_AFTER_MS, () => void write());
    },
    async close() {
      if (!cancel) return;
      cancel();
      await write();
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return [];
  }
}

// SPDX-License-Identifier: Apache-2.0
// A desk's ledger on disk: one line an event, each with a checksum, only ever added. A line is in the file before `append`
// returns, so that it outlives this process, and durable once its promise resolves, so that it outlives the power (DESIGN 1.2).
// A file of lines, not SQLite: the library's answer is awaited meanwhile, and the line must be out before the question is.
import { createHash } from 'node:crypto';
import { closeSync, constants, fdatasync, fsyncSync, ftruncateSync, openSync, renameSync, writeSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { type CirculationLine, circulationLine } from '../core/circulation.ts';
import { replaceFile, syncDirectory } from './durable-file.ts';

export interface CirculationFile {
  readonly lines: readonly CirculationLine[];
  /** Lines that could not be read; a copy of the file they were in lies beside it. */
  readonly damaged: number;
  /** Throws where the line cannot be written at all; rejects where it cannot be made durable. */
  append(lines: readonly CirculationLine[]): Promise<void>;
  /** These lines instead of all that is there; on the disk when it returns. False: not now, everything stays as it is. */
  startAnew(lines: readonly CirculationLine[]): boolean;
  close(): Promise<void>;
}

const CHECKSUM = 8;
const PRIVATE_FILE = 0o600;
const sync = promisify(fdatasync);

const checksum = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, CHECKSUM);
const encode = (line: CirculationLine): string => {
  const text = JSON.stringify(line);
  return `${checksum(text)} ${text}\n`;
};

function decode(row: string): CirculationLine | undefined {
  const text = row.slice(CHECKSUM + 1);
  if (checksum(text) !== row.slice(0, CHECKSUM)) return undefined;
  try {
    return circulationLine.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function readRows(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** `compact` makes of what was read the lines with which the file starts anew. */
export async function openCirculationFile(
  path: string,
  compact: (lines: readonly CirculationLine[]) => readonly CirculationLine[],
): Promise<CirculationFile> {
  const rows = (await readRows(path)).split('\n');
  // What follows the last line's end was being written when the power went: nobody was told of it.
  rows.pop();
  const read = rows.map(decode);
  const damaged = read.filter((line) => line === undefined).length;
  if (damaged > 0) await copyFile(path, `${path}.damaged`);
  const lines = compact(read.filter((line) => line !== undefined));
  await replaceFile(path, bytesOf(lines));
  const file = openSync(path, APPENDING, PRIVATE_FILE);
  await syncDirectory(dirname(path));
  return { lines, damaged, ...appender(path, file, bytesOf(lines).length) };
}

const APPENDING = constants.O_WRONLY | constants.O_APPEND;
const bytesOf = (lines: readonly CirculationLine[]): Buffer => Buffer.from(lines.map(encode).join(''));

/** Once in some thousand lines, so that nothing can come in between. Opened for more; `undefined` where it failed. */
function replaceNow(path: string, bytes: Buffer): number | undefined {
  const temporary = `${path}.tmp`;
  try {
    const file = openSync(temporary, APPENDING | constants.O_CREAT | constants.O_TRUNC, PRIVATE_FILE);
    let written = 0;
    while (written < bytes.length) written += writeSync(file, bytes, written);
    fsyncSync(file);
    renameSync(temporary, path);
    return file;
  } catch {
    return undefined;
  }
}

/** Lines that come while a sync is under way share the next one. */
function appender(
  path: string,
  openedFile: number,
  startLength: number,
): Pick<CirculationFile, 'append' | 'startAnew' | 'close'> {
  let file = openedFile;
  let length = startLength;
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let closed = false;

  function write(bytes: Buffer): void {
    // Its number may be another file's by now.
    if (closed) throw new Error('the ledger is closed');
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(file, bytes, written);
    } catch (error) {
      // Half a line would take the next one with it.
      if (written > 0) ftruncateSync(file, length);
      throw error;
    }
    length += bytes.length;
  }

  function durable(): Promise<void> {
    if (running) return (next ??= running.catch(() => undefined).then(start));
    return start();
  }

  function start(): Promise<void> {
    next = undefined;
    running = sync(file).finally(() => {
      running = undefined;
    });
    return running;
  }

  return {
    append(lines) {
      write(bytesOf(lines));
      return durable();
    },
    startAnew(lines) {
      // Somebody waits for the old file.
      if (closed || running) return false;
      const next = replaceNow(path, bytesOf(lines));
      if (next === undefined) return false;
      closeSync(file);
      file = next;
      length = bytesOf(lines).length;
      return true;
    },
    async close() {
      if (closed) return;
      closed = true;
      await running?.catch(() => undefined);
      await next?.catch(() => undefined);
      closeSync(file);
    },
  };
}

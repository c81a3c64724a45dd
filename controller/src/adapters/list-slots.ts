// SPDX-License-Identifier: Apache-2.0
// Signed lists on disk, two slots a scope: the inactive one is written and synced before the pointer names it, so a power cut
// leaves the old list or the new one (reference: lists and codes, What a controller enforces 2). Bytes only: nothing here is
// believed until the keeper has verified it.
import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDirectory, replaceFile, syncDirectory, writeSynced } from './durable-file.ts';
import { openStaging, type Staging } from './list-staging.ts';

export interface ListSlots {
  /** Scopes that have a folder. */
  scopes(): Promise<readonly number[]>;
  /** What the slots hold, the one the pointer names first; missing, empty and oversized files are left out. */
  candidates(scope: number): Promise<readonly Uint8Array[]>;
  /** Resolves once the bytes are durable in the other slot and the pointer names it. One call at a time a scope. */
  activate(scope: number, bytes: Uint8Array): Promise<void>;
  /** Where an unfinished transfer is kept. */
  staging(scope: number): Staging;
  /** Forgets a scope. */
  drop(scope: number): Promise<void>;
}

export interface ListSlotsOptions {
  readonly directory: string;
  /** A list file above this is refused unread, and a transfer above it is cut off. */
  readonly maxListBytes?: number;
}

type Slot = 'a' | 'b';

/** A million records of 16 bytes, their leaves, counts and a policy, with room to spare. */
const MAX_LIST_BYTES = 32 * 1024 * 1024;
const SCOPE_FOLDER = /^[1-9][0-9]{0,9}$/;
const POINTER = 'current';

const other = (slot: Slot): Slot => (slot === 'a' ? 'b' : 'a');

async function readPointer(folder: string): Promise<Slot | undefined> {
  const text = await readFile(join(folder, POINTER), 'utf8').catch(() => '');
  return text === 'a' || text === 'b' ? text : undefined;
}

async function readCapped(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) return undefined;
  try {
    const { size } = await handle.stat();
    if (size === 0 || size > maxBytes) return undefined;
    // A buffer of its own, aligned from its start: records are used in place after verification.
    const bytes = new Uint8Array(size);
    const { bytesRead } = await handle.read(bytes, 0, size, 0);
    return bytesRead === size ? bytes : undefined;
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

export function createListSlots(options: ListSlotsOptions): ListSlots {
  const maxBytes = options.maxListBytes ?? MAX_LIST_BYTES;
  const folderOf = (scope: number) => join(options.directory, String(scope));
  const fileOf = (scope: number, slot: Slot) => join(folderOf(scope), `${slot}.lkl`);
  return {
    async scopes() {
      const names = await readdir(options.directory).catch(() => []);
      return names.filter((name) => SCOPE_FOLDER.test(name)).map(Number);
    },
    async candidates(scope) {
      // Without a pointer (first write cut short) both slots are tried: the mark decides what may be used.
      const first = (await readPointer(folderOf(scope))) ?? 'a';
      const files = await Promise.all([first, other(first)].map((slot) => readCapped(fileOf(scope, slot), maxBytes)));
      return files.filter((bytes) => bytes !== undefined);
    },
    async activate(scope, bytes) {
      if (bytes.length > maxBytes)
        throw new RangeError(`a list of ${bytes.length} bytes is above the limit of ${maxBytes}`);
      const folder = folderOf(scope);
      if (!(await isDirectory(folder))) {
        await makePrivateDirectory(folder);
        await syncDirectory(options.directory);
      }
      const current = await readPointer(folder);
      const target = current === undefined ? 'a' : other(current);
      await writeSynced(fileOf(scope, target), bytes);
      // The slot's own name must be durable before anything points to it.
      await syncDirectory(folder);
      await replaceFile(join(folder, POINTER), Buffer.from(target));
    },
    staging: (scope) => openStaging(join(folderOf(scope), 'staging'), maxBytes),
    async drop(scope) {
      await rm(folderOf(scope), { recursive: true, force: true });
      await mkdir(options.directory, { recursive: true });
      await syncDirectory(options.directory);
    },
  };
}

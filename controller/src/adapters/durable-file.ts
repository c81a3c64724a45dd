// SPDX-License-Identifier: Apache-2.0
// Whole-file replacement that survives power loss: a reader finds the old bytes or the new ones, never a mixture (DESIGN 5).
import { chmod, type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Owner only: what a controller keeps tells who may go where. */
const PRIVATE_FILE = 0o600;
const PRIVATE_DIRECTORY = 0o700;

/** Makes the names in a directory durable; a rename alone may be lost with the power. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, offset, bytes.length - offset, offset);
    offset += bytesWritten;
  }
  await handle.sync();
}

/** Writes and syncs a file in place. The caller knows that nobody reads it yet. */
export async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'w', PRIVATE_FILE);
  try {
    await writeAll(handle, bytes);
  } finally {
    await handle.close();
  }
}

/** Resolves once the new content is durable under its name. One writer a path. Rejects (ENOSPC, EIO) leaving the old content. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await writeSynced(temporary, bytes);
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Makes a private directory with its parents; an existing one is narrowed to its owner. */
export async function makePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: PRIVATE_DIRECTORY });
  await chmod(path, PRIVATE_DIRECTORY);
}

// SPDX-License-Identifier: Apache-2.0
// Secrets of a controller, one file each, readable by their owner only (DESIGN 8): its TLS and decryption keys, the PRF keys.
import { chmod, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDirectory, replaceFile, syncDirectory } from './durable-file.ts';

export interface KeyFolder {
  /** `undefined` when there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Resolves once durable. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
  names(): Promise<readonly string[]>;
}

const NAME = /^[a-z0-9][a-z0-9.-]{0,60}$/;

export function openKeyFolder(directory: string): KeyFolder {
  const path = (name: string) => {
    if (!NAME.test(name)) throw new RangeError(`no key can be called ${JSON.stringify(name)}`);
    return join(directory, name);
  };
  return {
    async read(name) {
      try {
        // Copied back or restored by hand, a key may have become readable for others.
        await chmod(path(name), 0o600);
        return await readFile(path(name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async write(name, bytes) {
      await makePrivateDirectory(directory);
      await replaceFile(path(name), bytes);
    },
    async remove(name) {
      await unlink(path(name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
      await syncDirectory(directory);
    },
    names: () => readdir(directory).catch(() => []),
  };
}

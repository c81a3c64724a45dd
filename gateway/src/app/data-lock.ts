// SPDX-License-Identifier: Apache-2.0
// One gateway a data directory: two would give one list version twice. The lock is a listening Unix socket, which the kernel
// lets go of when the process dies, whatever way it dies; a pid in a file could belong to somebody else after a power cut.
import { createHash } from 'node:crypto';
import { realpath, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { err, ok, type Result } from '@latchkey/protocols/result';

export interface DataLock {
  release(): Promise<void>;
}

/** Systems cut or refuse socket paths above about a hundred bytes. */
const MAX_PATH_BYTES = 100;

export async function lockData(dataDir: string): Promise<Result<DataLock, 'in-use'>> {
  const path = await socketPath(dataDir);
  for (let attempt = 0; attempt < 2; attempt++) {
    const server = await listen(path);
    if (server !== undefined) return ok({ release: () => new Promise((resolve) => server.close(() => resolve())) });
    if (await answers(path)) return err('in-use');
    await rm(path, { force: true });
  }
  return err('in-use');
}

async function socketPath(dataDir: string): Promise<string> {
  const directory = await realpath(dataDir);
  const inside = join(directory, 'gateway.lock');
  if (Buffer.byteLength(inside) <= MAX_PATH_BYTES) return inside;
  const digest = createHash('sha256').update(directory).digest('hex').slice(0, 32);
  return join(tmpdir(), `latchkey-${digest}.lock`);
}

/** `undefined` where the path is taken. */
function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(path, () => resolve(server.unref()));
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

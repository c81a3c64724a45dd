// SPDX-License-Identifier: Apache-2.0
// A database in a directory of its own, for tests.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GatewayDatabase, openDatabase } from './open-database.ts';

export interface TemporaryDatabase extends GatewayDatabase {
  readonly path: string;
  readonly directory: string;
}

export async function openTemporaryDatabase(): Promise<TemporaryDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-database-'));
  const path = join(directory, 'registry.sqlite');
  const database = await openDatabase({ path });
  return {
    ...database,
    path,
    directory,
    async close() {
      await database.close();
      await rm(directory, { recursive: true });
    },
  };
}

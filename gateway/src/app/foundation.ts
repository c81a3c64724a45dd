// SPDX-License-Identifier: Apache-2.0
// What the gateway stands on, opened in order: data directory and its lock, keys, database, registry, certificate authority,
// administrator token.
import { randomBytes } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type CertificateAuthority, openAuthority } from '../adapters/ca.ts';
import { NewerDatabaseError } from '../adapters/database/migrate.ts';
import { type GatewayDatabase, openDatabase } from '../adapters/database/open-database.ts';
import type { Keystore } from '../adapters/keystore.ts';
import { openAdminToken, type TokenCheck } from '../http/token.ts';
import type { CloseStack } from './close-stack.ts';
import type { GatewayConfig } from './config.ts';
import { lockData } from './data-lock.ts';
import { openKeys } from './open-keys.ts';
import { openRegistry, type Registry } from './registry/open-registry.ts';
import { StartRefused } from './start-refused.ts';

export interface Foundation {
  readonly keystore: Keystore;
  readonly database: GatewayDatabase;
  readonly registry: Registry;
  readonly authority: CertificateAuthority;
  readonly token: TokenCheck;
}

export interface FoundationOptions {
  readonly config: GatewayConfig;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  readonly stack: CloseStack;
}

export async function openFoundation({ config, environment, logger, stack }: FoundationOptions): Promise<Foundation> {
  const { dataDir, names, timeZone } = config;
  await makeDataDirectory(dataDir);
  const lock = await lockData(dataDir);
  if (!lock.ok) throw new StartRefused(`a gateway runs on ${dataDir} already`, 'stop it, or name another --data');
  stack.add('lock', () => lock.value.release());
  const keystore = await openKeys(config, environment, logger);
  const database = await openData(join(dataDir, 'gateway.db'));
  stack.add('database', () => database.close());
  const registry = await openRegistry({ database, keystore, now: Date.now, timeZone });
  const authority = await openAuthority({ directory: join(dataDir, 'ca'), names, nowMs: Date.now, randomBytes });
  const token = await openAdminToken(dataDir);
  return { keystore, database, registry, authority, token };
}

/** Everything in it is for its owner only. */
async function makeDataDirectory(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await chmod(dataDir, 0o700);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new StartRefused(`the data directory ${dataDir} cannot be made (${reason})`, 'name another with --data');
  }
}

async function openData(path: string): Promise<GatewayDatabase> {
  try {
    return await openDatabase({ path });
  } catch (error) {
    if (error instanceof NewerDatabaseError) throw new StartRefused(error.message);
    throw error;
  }
}

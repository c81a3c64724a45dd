// SPDX-License-Identifier: Apache-2.0
// Resolvers from their configuration: secrets are read once, at start, from files that only their owner may read.
import { randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { createHttpResolver } from '../adapters/http-resolver.ts';
import type { ResolverConfig } from './config-resolvers.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { createResolvers, type ResolverEntry, type Resolvers } from './resolvers.ts';
import { StartRefused } from './start-refused.ts';

const MIN_SECRET_BYTES = 32;
const FOR_OTHERS = 0o077;

export async function openResolvers(
  configs: readonly ResolverConfig[],
  metrics: Pick<Metrics, 'counters' | 'duration' | 'gauge'>,
  log: Log,
): Promise<Resolvers> {
  const entries: ResolverEntry[] = [];
  for (const config of configs) entries.push(await openEntry(config));
  const calls = metrics.counters('latchkey_resolver_calls_total', 'Codes of other apps looked up', [
    'resolver',
    'outcome',
  ]);
  const seconds = metrics.duration('latchkey_resolver_seconds', 'Answers of resolvers');
  const resolvers = createResolvers({
    entries,
    monotonicMs: () => performance.now(),
    observe(resolver, outcome, elapsedMs) {
      calls.add({ resolver, outcome });
      if (outcome !== 'spared' && outcome !== 'crowded') seconds.observeMs(elapsedMs);
    },
    log,
  });
  metrics.gauge('latchkey_resolvers_spared', 'Resolvers that failed and are not asked for now', () => resolvers.open());
  return resolvers;
}

async function openEntry(config: ResolverConfig): Promise<ResolverEntry> {
  const { id, forms, url, method, timeoutMs, headers, request, answer, breaker, caFile } = config;
  const secret = await readSecret(id, config.secretFile);
  const ca = caFile === undefined ? {} : { ca: await readText(id, 'caFile', caFile) };
  const resolver = createHttpResolver({
    id,
    url: new URL(url),
    method,
    secret,
    timeoutMs,
    headers,
    ...request,
    ...answer,
    ...ca,
    nowMs: Date.now,
    randomBytes,
  });
  const limits = { failures: breaker.failures, openMs: breaker.openSeconds * 1_000 };
  return { id, forms, breaker: limits, resolver };
}

/** Its text without line ends, as bytes. */
async function readSecret(id: string, path: string): Promise<Uint8Array> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => refuse(id, 'secretFile', path, error));
  try {
    const { mode } = await file.stat();
    if ((mode & FOR_OTHERS) !== 0)
      throw new StartRefused(`resolver ${id}: others may read its secret ${path}`, `chmod 600 ${path}`);
    const secret = new Uint8Array(Buffer.from((await file.readFile('utf8')).trim()));
    if (secret.length >= MIN_SECRET_BYTES) return secret;
    throw new StartRefused(`resolver ${id}: the secret in ${path} is short`, `use ${MIN_SECRET_BYTES} bytes or more`);
  } finally {
    await file.close();
  }
}

const readText = (id: string, field: string, path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => refuse(id, field, path, error));

function refuse(id: string, field: string, path: string, error: NodeJS.ErrnoException): never {
  throw new StartRefused(`resolver ${id}: ${field} ${path} cannot be read (${error.code ?? 'unknown'})`, 'correct it');
}

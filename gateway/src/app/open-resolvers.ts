// SPDX-License-Identifier: Apache-2.0
// Resolvers from their configuration.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createHttpResolver } from '../adapters/http-resolver.ts';
import type { ResolverConfig } from './config-resolvers.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { readSecret, refuseFile } from './read-secret.ts';
import { createResolvers, type ResolverEntry, type Resolvers } from './resolvers.ts';

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
  const secret = await readSecret(`resolver ${id}`, config.secretFile);
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

const readText = (id: string, field: string, path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => refuseFile(`resolver ${id}`, field, path, error));

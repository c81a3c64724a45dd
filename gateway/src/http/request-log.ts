// SPDX-License-Identifier: Apache-2.0
// One log line a request: route pattern, status, time taken. The address itself stays out, it holds people's numbers.
import { API_ERRORS } from '@latchkey/protocols/api/errors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Probes and scrapes every few seconds are no news. */
const QUIET = new Set(['/v1/health', '/v1/ready', '/v1/metrics']);
const STREAMS = new Set(['/v1/events/stream', '/v1/events/export']);

export interface RequestLogOptions {
  readonly monotonicMs: () => number;
  /** Told of every answer but streams, which last as long as their reader stays. */
  readonly observeMs?: ((ms: number) => void) | undefined;
}

export function logRequests(app: FastifyInstance, { monotonicMs, observeMs }: RequestLogOptions): void {
  const started = new WeakMap<FastifyRequest, number>();
  app.addHook('onRequest', async (request) => {
    started.set(request, monotonicMs());
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url;
    const code = request.refusedWith;
    const level = code === undefined ? (QUIET.has(route ?? '') ? 'debug' : 'info') : API_ERRORS[code].level;
    const tookMs = Math.round(monotonicMs() - (started.get(request) ?? monotonicMs()));
    if (!STREAMS.has(route ?? '')) observeMs?.(tookMs);
    request.log[level]({ method: request.method, route, status: reply.statusCode, tookMs, refused: code }, 'request');
  });
}

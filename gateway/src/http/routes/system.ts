// SPDX-License-Identifier: Apache-2.0
// Health, readiness, metrics and the API's own description.
import { health, readiness } from '@latchkey/protocols/api/system';
import { z } from 'zod';
import type { Api } from '../server.ts';
import type { ApiServices } from '../services.ts';

const OPEN = { config: { public: true } } as const;
/** No token needed: an empty requirement replaces the document's general one. */
const NO_TOKEN: { [scheme: string]: string[] }[] = [];

export function registerSystem(app: Api, services: ApiServices): void {
  const tags = ['system'];
  app.get(
    '/v1/health',
    { ...OPEN, schema: { tags, security: NO_TOKEN, summary: 'The process answers', response: { 200: health } } },
    async () => ({ status: 'ok' as const }),
  );
  app.get(
    '/v1/ready',
    {
      ...OPEN,
      schema: {
        tags,
        security: NO_TOKEN,
        summary: 'Database, keys and broker are up',
        response: { 200: readiness, 503: readiness },
      },
    },
    async (_request, reply) =>
      services.ready() ? reply.send({ status: 'ready' }) : reply.code(503).send({ status: 'not-ready' }),
  );
  app.get(
    '/v1/metrics',
    {
      schema: {
        tags,
        summary: 'Metrics for Prometheus',
        response: { 200: { content: { 'text/plain': { schema: z.string() } } } },
      },
    },
    async (_request, reply) => {
      const { contentType, text } = await services.metrics();
      return reply.header('content-type', contentType).serializer(String).send(text);
    },
  );
  app.get('/v1/openapi.json', { ...OPEN, schema: { hide: true } }, async (_request, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').serializer(JSON.stringify).send(app.swagger()),
  );
}

// SPDX-License-Identifier: Apache-2.0
// Events (pages, NDJSON export, live stream) and the audit chain.
import { Readable } from 'node:stream';
import * as schema from '@latchkey/protocols/api/history';
import { z } from 'zod';
import { eventReachFor } from '../access.ts';
import { principalOf } from '../authenticate.ts';
import { refuse, unwrap } from '../errors.ts';
import { eventStream, ndjson } from '../event-stream.ts';
import type { Api } from '../server.ts';
import type { ApiServices } from '../services.ts';

const lastEventId = z.object({ 'last-event-id': z.string().max(40).optional() });

export function registerHistory(app: Api, services: ApiServices): void {
  const tags = ['events'];
  const { events } = services;
  app.get(
    '/v1/events',
    {
      schema: {
        tags,
        summary: 'Page through events, newest first',
        querystring: schema.eventQuery,
        response: { 200: schema.eventPage },
      },
    },
    async (request) => {
      const page = unwrap(await events.page(request.query, principalOf(request).actor, eventReachFor(request)));
      return { ...page, items: [...page.items] };
    },
  );
  app.get(
    '/v1/events/export',
    {
      schema: {
        tags,
        summary: 'Every event of the filter, oldest first, one JSON object a line',
        querystring: schema.eventExportQuery,
        response: { 200: { content: { 'application/x-ndjson': { schema: z.string() } } } },
      },
    },
    (request, reply) => {
      const { actor } = principalOf(request);
      stream(reply, 'application/x-ndjson', ndjson(events.export(request.query, actor, eventReachFor(request))));
    },
  );
  registerLive(app, services);
  registerAudit(app, services);
}

/** Live streams cost the database a look at every commit. */
const STREAMS_A_CALLER = 8;
const STREAMS_IN_ALL = 128;
/** A stream ends after this; browsers come back by themselves with the last id, and are asked anew who they are. */
const STREAM_LIFE_MS = 10 * 60_000;

function registerLive(app: Api, { events }: ApiServices): void {
  const open = new Map<AbortController, string>();
  app.addHook('preClose', async () => {
    for (const controller of open.keys()) controller.abort();
  });
  app.get(
    '/v1/events/stream',
    {
      schema: {
        tags: ['events'],
        summary: 'Events as they are committed (server-sent events); Last-Event-ID resumes',
        querystring: schema.eventStreamQuery,
        headers: lastEventId,
        response: { 200: { content: { 'text/event-stream': { schema: z.string() } } } },
      },
    },
    (request, reply) => {
      const { actor } = principalOf(request);
      const own = [...open.values()].filter((each) => each === actor).length;
      if (own >= STREAMS_A_CALLER || open.size >= STREAMS_IN_ALL) refuse('too-many-streams');
      const controller = new AbortController();
      open.set(controller, actor);
      const end = setTimeout(() => controller.abort(), STREAM_LIFE_MS);
      reply.raw.once('close', () => {
        clearTimeout(end);
        open.delete(controller);
        controller.abort();
      });
      const after = request.headers['last-event-id'];
      const source = events.follow(request.query, after, controller.signal, actor, eventReachFor(request));
      stream(reply, 'text/event-stream', eventStream(source, controller.signal));
    },
  );
}

function registerAudit(app: Api, { audit }: ApiServices): void {
  const tags = ['audit'];
  app.get(
    '/v1/audit',
    {
      schema: {
        tags,
        summary: 'Page through changes, newest first',
        querystring: schema.auditQuery,
        response: { 200: schema.auditPage },
      },
    },
    async ({ query }) => {
      const page = unwrap(await audit.page(query));
      return { ...page, items: [...page.items] };
    },
  );
  app.get(
    '/v1/audit/verify',
    { schema: { tags, summary: 'Check the hash chain of changes', response: { 200: schema.auditCheck } } },
    async () => audit.verify(),
  );
}

/** Streams bypass the serializer: what they hold was made from checked rows. */
function stream(reply: AnyReply, contentType: string, source: AsyncIterable<string>): void {
  reply.header('content-type', contentType);
  reply.send(Readable.from(source, { objectMode: false }) as never);
}

interface AnyReply {
  header(name: string, value: string): unknown;
  send(payload: never): unknown;
}

// SPDX-License-Identifier: Apache-2.0
// The keychain of whoever is signed in: doors, one opening for one confirmation, and what became of it.
import { Readable } from 'node:stream';
import { slug } from '@latchkey/protocols/api/common';
import * as schema from '@latchkey/protocols/api/keychain';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { createAttemptLimit } from '../attempt-limit.ts';
import { sessionOf } from '../authenticate.ts';
import { refuse, unwrap } from '../errors.ts';
import type { KeychainService } from '../keychain-service.ts';
import type { Api } from '../server.ts';
import { registerAppDoors } from './app-doors.ts';

const tags = ['keychain'];
const doorParams = z.object({ portal: slug });

const MINUTE_MS = 60_000;
/** Of a person a minute: nobody walks through more doors; each costs a lock's battery. */
const OPENINGS = { allowed: 12, windowMs: MINUTE_MS, capacity: 20_000 };
/** Longer than a ticket lives, with what may come back after it. */
const FOLLOW_MS = 20_000;

const numberOf = (request: FastifyRequest): string => sessionOf(request).principal.number;

export function registerKeychain(app: Api, keychain: KeychainService, monotonicMs: () => number): void {
  const limit = createAttemptLimit(OPENINGS);
  const tapped = (number: string) => {
    if (limit.failed(number, monotonicMs()) === 'limited') refuse('too-many-attempts', { fix: 'wait a minute' });
  };
  registerAppDoors(app, keychain, tapped);
  app.get(
    '/v1/me/doors',
    {
      schema: {
        tags,
        summary: 'Own doors with smart locks, and whether each can be opened now',
        response: { 200: schema.myDoors },
      },
    },
    async (request) => ({ items: unwrap(await keychain.doors(numberOf(request))) }),
  );
  app.post(
    '/v1/me/doors/:portal/open',
    {
      schema: {
        tags,
        summary: 'Open one; the same confirmation never opens twice',
        params: doorParams,
        body: schema.openBody,
        response: { 202: schema.opening },
      },
    },
    async (request, reply) => {
      const number = numberOf(request);
      tapped(number);
      const tap = { portal: request.params.portal, confirm: request.body.confirm, via: 'pass' };
      return reply.code(202).send(unwrap(await keychain.open(number, tap)));
    },
  );
  app.get(
    '/v1/me/doors/openings/:id',
    {
      schema: {
        tags,
        summary: 'What became of an opening',
        params: schema.openingParams,
        response: { 200: schema.opening },
      },
    },
    async (request) => unwrap(await keychain.opening(numberOf(request), request.params.id)),
  );
  app.get(
    '/v1/me/doors/openings/:id/events',
    { schema: { tags, summary: 'The same as server-sent events, until it is final', params: schema.openingParams } },
    async (request, reply) => {
      const number = numberOf(request);
      unwrap(await keychain.opening(number, request.params.id));
      const left = new AbortController();
      request.raw.once('close', () => left.abort());
      const signal = AbortSignal.any([left.signal, AbortSignal.timeout(FOLLOW_MS)]);
      reply.header('content-type', 'text/event-stream; charset=utf-8').header('x-accel-buffering', 'no');
      return reply.send(Readable.from(toStream(keychain.follow(number, request.params.id, signal))));
    },
  );
}

async function* toStream(openings: AsyncIterable<schema.Opening>): AsyncGenerator<string> {
  for await (const each of openings) yield `event: ${each.state}\ndata: ${JSON.stringify(each)}\n\n`;
}

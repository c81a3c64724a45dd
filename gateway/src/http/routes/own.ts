// SPDX-License-Identifier: Apache-2.0
// A signed-in person's own pass, phones, cards and passages. Every one is about whoever makes the request.
import { changed } from '@latchkey/protocols/api/common';
import * as schema from '@latchkey/protocols/api/me';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { createAttemptLimit, SIGN_IN_LIMIT } from '../attempt-limit.ts';
import { sessionOf } from '../authenticate.ts';
import { refuse, unwrap } from '../errors.ts';
import type { OwnService } from '../own-service.ts';
import type { Api } from '../server.ts';

/** How long a call may wait for controllers to confirm. */
const MAX_WAIT_MS = 5_000;
const wait = z.object({
  waitMs: z.coerce
    .number()
    .int()
    .min(0)
    .max(MAX_WAIT_MS)
    .default(0)
    .describe('wait for confirmation by the controllers'),
});
const params = z.object({ id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'use an id as listed') });
const tags = ['me'];

const HOUR_MS = 3_600_000;
/** Changes a person an hour: more than anybody needs, less than a stolen session could use. */
const CHANGES = { allowed: 20, windowMs: HOUR_MS, capacity: 20_000 };
/** What costs the gateway a signature or a row. */
const REQUESTS = { allowed: 60, windowMs: HOUR_MS, capacity: 20_000 };

export function registerOwn(app: Api, own: OwnService, monotonicMs: () => number): void {
  app.get(
    '/v1/me/pass',
    { schema: { tags, summary: 'What a phone needs to make codes', response: { 200: schema.myPass } } },
    async (request) => unwrap(await own.pass(numberOf(request))),
  );
  registerPhones(app, own, monotonicMs);
  registerStatus(app, own, monotonicMs);
  registerOwnCards(app, own, monotonicMs);
  app.get(
    '/v1/me/passages',
    {
      schema: {
        tags,
        summary: 'Own passages and refusals of the last 180 days, newest first',
        querystring: schema.myPassagesQuery,
        response: { 200: schema.myPassages },
      },
    },
    async (request) => {
      const page = unwrap(await own.passages(numberOf(request), request.query));
      return { ...page, items: [...page.items] };
    },
  );
}

const numberOf = (request: FastifyRequest): string => sessionOf(request).principal.number;

/** Counts one call of this person; refuses the one too many. */
function createPace(options: Parameters<typeof createAttemptLimit>[0], monotonicMs: () => number) {
  const limit = createAttemptLimit(options);
  return (number: string): string => {
    if (limit.failed(number, monotonicMs()) === 'limited') refuse('too-many-attempts', { fix: 'try again in an hour' });
    return number;
  };
}

function registerPhones(app: Api, { phones }: OwnService, monotonicMs: () => number): void {
  const paced = createPace(CHANGES, monotonicMs);
  const asked = createPace(REQUESTS, monotonicMs);
  app.get(
    '/v1/me/phones',
    { schema: { tags, summary: 'Own phones', response: { 200: schema.myPhones } } },
    async (request) => unwrap(await phones.list(numberOf(request))),
  );
  app.post(
    '/v1/me/phones/challenge',
    {
      schema: {
        tags,
        summary:
          'A challenge for enrolling a phone soon after signing in: good once, for five minutes, in this session',
        response: { 200: schema.phoneChallenge },
      },
    },
    async (request) => {
      const { fresh, principal } = sessionOf(request);
      // A phone outlasts the session: whoever finds a browser left open enrols none of their own.
      if (!fresh) refuse('sign-in-again');
      return unwrap(await phones.challenge(asked(numberOf(request)), principal.session));
    },
  );
  app.post(
    '/v1/me/phones',
    {
      schema: {
        tags,
        summary: 'Enrol this phone, or replace another by it',
        body: schema.phoneEnrol,
        response: { 201: schema.phoneEnrolled },
      },
    },
    async (request, reply) => {
      const enrolled = unwrap(
        await phones.enrol(paced(numberOf(request)), sessionOf(request).principal.session, request.body),
      );
      return reply.code(201).send(enrolled);
    },
  );
  app.delete(
    '/v1/me/phones/:id',
    { schema: { tags, summary: 'Withdraw a phone: refused everywhere at once', params, response: { 200: changed } } },
    async (request) => {
      const number = paced(numberOf(request));
      return unwrap(await phones.withdraw(number, request.params.id, number));
    },
  );
  registerCertificates(app, phones, monotonicMs);
}

function registerCertificates(app: Api, phones: OwnService['phones'], monotonicMs: () => number): void {
  const paced = createPace(REQUESTS, monotonicMs);
  app.get(
    '/v1/me/phones/:id/certificates',
    {
      schema: {
        tags,
        summary: 'Certificates for gates whose list is older than this phone',
        params,
        response: { 200: schema.phoneCertificates },
      },
    },
    async (request) => ({
      items: unwrap(await phones.certificates(paced(numberOf(request)), request.params.id)),
    }),
  );
}

/** Public: the phone proves its key. Failures count per address, as wrong tokens do. */
function registerStatus(app: Api, { phones }: OwnService, monotonicMs: () => number): void {
  const limit = createAttemptLimit(SIGN_IN_LIMIT);
  app.post(
    '/v1/phones/status',
    {
      config: { public: true },
      schema: {
        tags,
        security: [],
        summary: 'A phone asks whether it is still in use, and what time it is',
        body: schema.phoneStatusAsk,
        response: { 200: schema.phoneStatus },
      },
    },
    async (request, reply) => {
      const result = await phones.status(request.body);
      if (!result.ok && limit.failed(request.ip, monotonicMs()) === 'limited') {
        reply.header('retry-after', '60');
        refuse('too-many-attempts');
      }
      return unwrap(result);
    },
  );
}

function registerOwnCards(app: Api, { cards }: OwnService, monotonicMs: () => number): void {
  const paced = createPace(CHANGES, monotonicMs);
  app.get(
    '/v1/me/cards',
    { schema: { tags, summary: 'Own cards', response: { 200: schema.myCards } } },
    async (request) => ({ items: unwrap(await cards.list(numberOf(request))) }),
  );
  app.post(
    '/v1/me/cards/:id/lose',
    {
      schema: {
        tags,
        summary: 'Report it lost: refused everywhere at once',
        params,
        querystring: wait,
        response: { 200: schema.myCardChange },
      },
    },
    async (request) => unwrap(await cards.lose(paced(numberOf(request)), request.params.id, request.query.waitMs)),
  );
  app.post(
    '/v1/me/cards/:id/found',
    {
      schema: {
        tags,
        summary: 'Take the own report back, within the time the campus allows',
        params,
        querystring: wait,
        response: { 200: schema.myCardChange },
      },
    },
    async (request) => unwrap(await cards.found(paced(numberOf(request)), request.params.id, request.query.waitMs)),
  );
}

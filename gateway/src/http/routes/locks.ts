// SPDX-License-Identifier: Apache-2.0
// Smart locks: pairing, replacing, resetting and opening by staff, roll-outs of their lists, rights to rooms for a while.
import { changed, slug } from '@latchkey/protocols/api/common';
import { dutyRoster, dutyRosterBody } from '@latchkey/protocols/api/duty-rosters';
import * as schema from '@latchkey/protocols/api/locks';
import { commandState } from '@latchkey/protocols/api/operations';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { reachFor, requireWithin } from '../access.ts';
import { principalOf } from '../authenticate.ts';
import { refuse, unwrap } from '../errors.ts';
import type { LockService } from '../keychain-service.ts';
import type { Api } from '../server.ts';
import type { ApiServices } from '../services.ts';
import { registerCollection } from './collection.ts';

const tags = ['locks'];
const params = z.object({ id: slug.describe('portal the lock is in') });
const grantParams = z.object({ id: z.string().regex(/^[1-9]\d{0,14}$/, 'use the id of a grant') });
const actorOf = (request: FastifyRequest): string => principalOf(request).actor;

export function registerLocks(app: Api, { locks, dutyRosters }: Pick<ApiServices, 'locks' | 'dutyRosters'>): void {
  const within = (request: FastifyRequest, id: string) =>
    requireWithin(request, async () => {
      const lock = await locks.get(id);
      return lock && [lock.building];
    });
  app.get(
    '/v1/locks',
    {
      schema: {
        tags,
        summary: 'Locks in use: desired and reported list, who serves each, what waits',
        querystring: schema.lockQuery,
        response: { 200: schema.lockList },
      },
    },
    async (request) => {
      const reach = reachFor(request);
      const { building, waiting } = request.query;
      const items = (await locks.list()).filter(
        (lock) =>
          (reach === 'all' || reach.has(lock.building)) &&
          (building === undefined || lock.building === building) &&
          (waiting === undefined || (lock.waitingSince !== null) === (waiting === 'true')),
      );
      return { items };
    },
  );
  app.get(
    '/v1/locks/:id',
    { schema: { tags, summary: 'Read one: lock of a portal', params, response: { 200: schema.lock } } },
    async (request) => {
      await within(request, request.params.id);
      return (await locks.get(request.params.id)) ?? refuse('not-found');
    },
  );
  app.get(
    '/v1/rollouts',
    {
      schema: {
        tags,
        summary: 'How far the newest lists have come: by state and building',
        response: { 200: schema.rollouts },
      },
    },
    async (request) => locks.rollouts(reachFor(request)),
  );
  registerChanges(app, locks);
  registerOrders(app, locks, within);
  registerGrants(app, locks);
  registerCollection(app, {
    path: '/v1/duty-rosters',
    tag: 'locks',
    noun: 'who is on duty in a building, shift by shift, and opens its rooms then',
    id: slug,
    item: dutyRoster,
    body: dutyRosterBody,
    buildingOf: ({ building }) => building,
    collection: dutyRosters,
  });
}

function registerChanges(app: Api, locks: LockService): void {
  const response = { 200: changed };
  app.post(
    '/v1/locks',
    {
      schema: {
        tags,
        summary: 'Put a lock in a door: pair it by the code on its label',
        body: schema.lockBody,
        response,
      },
    },
    async (request) => unwrap(await locks.add(request.body, actorOf(request))),
  );
  app.post(
    '/v1/locks/:id/replace',
    { schema: { tags, summary: 'Another lock takes its place', params, body: schema.replaceBody, response } },
    async (request) => unwrap(await locks.replace(request.params.id, request.body, actorOf(request))),
  );
  app.put(
    '/v1/locks/:id/corridors',
    { schema: { tags, summary: 'Which controllers may serve it', params, body: schema.corridorsBody, response } },
    async (request) => unwrap(await locks.corridors(request.params.id, request.body.corridors, actorOf(request))),
  );
  app.delete('/v1/locks/:id', { schema: { tags, summary: 'Take it out of use', params, response } }, async (request) =>
    unwrap(await locks.retire(request.params.id, actorOf(request))),
  );
}

const ORDER_SUMMARIES: Readonly<Record<schema.LockOrder, string>> = {
  open: 'Open it once, now or not at all',
  identify: 'Let it show which one it is: light and sound at the door',
  restart: 'Let it start anew: it keeps keys, list and log',
};

type Within = (request: FastifyRequest, id: string) => Promise<void>;

function registerOrders(app: Api, locks: LockService, within: Within): void {
  const response = { 200: commandState };
  for (const order of schema.LOCK_ORDERS)
    app.post(
      `/v1/locks/:id/${order}`,
      { schema: { tags, summary: ORDER_SUMMARIES[order], params, response } },
      async (request) => {
        await within(request, request.params.id);
        return unwrap(await locks.order(request.params.id, order, actorOf(request)));
      },
    );
  app.post(
    '/v1/locks/:id/reset',
    { schema: { tags, summary: 'Factory reset: it forgets keys, list and log', params, response } },
    async (request) => unwrap(await locks.reset(request.params.id, actorOf(request))),
  );
}

function registerGrants(app: Api, locks: LockService): void {
  app.get(
    '/v1/room-grants',
    { schema: { tags, summary: 'Rights to rooms for a while, newest first', response: { 200: schema.grantList } } },
    async () => ({ items: [...(await locks.grants())] }),
  );
  app.post(
    '/v1/room-grants',
    {
      schema: {
        tags,
        summary: 'Let a person or a group open rooms for a while',
        body: schema.grantBody,
        response: { 201: schema.grant },
      },
    },
    async (request, reply) => reply.code(201).send(unwrap(await locks.grant(request.body, actorOf(request)))),
  );
  app.delete(
    '/v1/room-grants/:id',
    { schema: { tags, summary: 'Withdraw one; it stays on record', params: grantParams, response: { 200: changed } } },
    async (request) => unwrap(await locks.withdraw(request.params.id, actorOf(request))),
  );
}

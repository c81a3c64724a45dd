// SPDX-License-Identifier: Apache-2.0
// Controllers: made with a one-time code, enrolled with it, revoked. Desired and reported list versions are shown apart.
import { changed, slug } from '@latchkey/protocols/api/common';
import { enrolAnswer, enrolBody } from '@latchkey/protocols/api/operations';
import * as schema from '@latchkey/protocols/api/places';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { reachFor } from '../access.ts';
import { createAttemptLimit, SIGN_IN_LIMIT } from '../attempt-limit.ts';
import { principalOf } from '../authenticate.ts';
import { refuse, unwrap } from '../errors.ts';
import type { Api } from '../server.ts';
import type { ApiServices } from '../services.ts';

const params = z.object({ id: slug });

export function registerDevices(app: Api, services: ApiServices, monotonicMs: () => number): void {
  const tags = ['devices'];
  const { devices } = services;
  app.get(
    '/v1/devices',
    { schema: { tags, summary: 'List: controller', response: { 200: schema.deviceCollection } } },
    async (request) => {
      const within = await visible(request, services);
      return { items: (await devices.list()).filter(within) };
    },
  );
  app.post(
    '/v1/devices',
    {
      schema: {
        tags,
        summary: 'Make a controller, or a new one-time code for one',
        body: schema.deviceBody,
        response: { 201: schema.deviceCode },
      },
    },
    async (request, reply) => reply.code(201).send(unwrap(await devices.add(request.body, principalOf(request).actor))),
  );
  app.get(
    '/v1/devices/:id',
    { schema: { tags, summary: 'Read one: controller', params, response: { 200: schema.device } } },
    async (request) => {
      const [device, within] = [await devices.get(request.params.id), await visible(request, services)];
      return device !== undefined && within(device) ? device : refuse('not-found');
    },
  );
  app.post(
    '/v1/devices/:id/revoke',
    {
      schema: { tags, summary: 'Cut it off: its certificate is refused', params, response: { 200: changed } },
    },
    async (request) => unwrap(await devices.revoke(request.params.id, principalOf(request).actor)),
  );
  registerEnrolment(app, services, monotonicMs);
}

/** A controller is seen by whoever's reach holds all of its doors. */
async function visible(
  request: FastifyRequest,
  { buildings }: ApiServices,
): Promise<(device: schema.Device) => boolean> {
  const reach = reachFor(request);
  if (reach === 'all') return () => true;
  const portals = new Set(await buildings.portalsWithin([...reach]));
  return (device) => device.portals.length > 0 && device.portals.every((portal) => portals.has(portal));
}

/** Public: the one-time code in the body is the authorisation. Failures count per address, as wrong tokens do. */
function registerEnrolment(app: Api, { devices }: ApiServices, monotonicMs: () => number): void {
  const limit = createAttemptLimit(SIGN_IN_LIMIT);
  app.post(
    '/v1/enroll',
    {
      config: { public: true },
      schema: {
        tags: ['devices'],
        security: [],
        summary: 'Enrol a controller with its one-time code',
        body: enrolBody,
        response: { 200: enrolAnswer },
      },
    },
    async (request, reply) => {
      const result = await devices.enrol(request.body);
      if (!result.ok && limit.failed(request.ip, monotonicMs()) === 'limited') {
        reply.header('retry-after', '60');
        refuse('too-many-attempts');
      }
      return unwrap(result);
    },
  );
}

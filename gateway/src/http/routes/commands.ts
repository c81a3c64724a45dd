// SPDX-License-Identifier: Apache-2.0
// Signed commands to doors and the explainer. A call waits about three seconds for the door and then tells the truth as it is.
import { slug } from '@latchkey/protocols/api/common';
import * as schema from '@latchkey/protocols/api/operations';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { reachFor, requireWithin } from '../access.ts';
import { principalOf } from '../authenticate.ts';
import { refuse, unwrap } from '../errors.ts';
import type { Api } from '../server.ts';
import type { ApiServices } from '../services.ts';

const params = z.object({ id: slug });

export function registerCommands(app: Api, services: ApiServices): void {
  const tags = ['commands'];
  const { commands, buildings } = services;
  const response = { 200: schema.commandState };
  app.post(
    '/v1/portals/:id/unlock',
    { schema: { tags, summary: 'Open once, now or not at all', params, response } },
    async (request) => {
      await requireWithin(request, () => buildings.ofPortal(request.params.id));
      return unwrap(await commands.unlock(request.params.id, principalOf(request).actor));
    },
  );
  app.put(
    '/v1/portals/:id/mode',
    {
      schema: {
        tags,
        summary: "Set the operator's mode; kept until released",
        params,
        body: schema.modeBody,
        response,
      },
    },
    async (request) => {
      await requireWithin(request, () => buildings.ofPortal(request.params.id));
      return unwrap(await commands.setMode(request.params.id, request.body.mode, principalOf(request).actor));
    },
  );
  app.delete(
    '/v1/portals/:id/mode',
    { schema: { tags, summary: "Release the operator's mode", params, response } },
    async (request) => {
      await requireWithin(request, () => buildings.ofPortal(request.params.id));
      return unwrap(await commands.releaseMode(request.params.id, principalOf(request).actor));
    },
  );
  app.get(
    '/v1/commands/:id',
    {
      schema: {
        tags,
        summary: 'Read one: command',
        params: z.object({ id: z.string().regex(/^[0-9a-f]{16}$/, 'use the id of a command') }),
        response,
      },
    },
    async (request) => {
      await requireWithin(request, () => buildings.ofCommand(request.params.id));
      return (await commands.get(request.params.id)) ?? refuse('not-found');
    },
  );
  registerLockdown(app, services);
  app.post(
    '/v1/explain',
    {
      schema: {
        tags: ['explain'],
        summary: 'Why can this card or person (not) open that portal?',
        body: schema.explainBody,
        response: { 200: schema.explanation },
      },
    },
    async (request) => {
      const { portal, person, number, form } = request.body;
      await requireWithin(request, () => buildings.ofPortal(portal));
      await requireWithin(request, () =>
        person === undefined ? buildings.ofCardNumber(number ?? '', form) : buildings.ofPerson(person),
      );
      return unwrap(await services.explain(request.body));
    },
  );
}

/** Absent means the whole campus: a role of some buildings means all doors of these by it, and names no others. */
async function reachablePortals(
  request: FastifyRequest,
  asked: readonly string[] | undefined,
  buildings: ApiServices['buildings'],
): Promise<readonly string[] | undefined> {
  const reach = reachFor(request);
  if (reach === 'all') return asked;
  const within = await buildings.portalsWithin([...reach]);
  if (asked === undefined) return within.length > 0 ? within : refuse('not-found');
  return asked.every((portal) => within.includes(portal)) ? asked : refuse('not-found', { field: 'portals' });
}

function registerLockdown(app: Api, { commands, buildings }: ApiServices): void {
  const tags = ['commands'];
  const response = { 200: schema.commandList };
  for (const [path, on, summary] of [
    ['/v1/lockdown', true, 'Lock down portals, or all of them'],
    ['/v1/lockdown/release', false, 'Release a lockdown'],
  ] as const) {
    app.post(path, { schema: { tags, summary, body: schema.lockdownBody, response } }, async (request) => {
      const portals = await reachablePortals(request, request.body.portals, buildings);
      return { items: unwrap(await commands.lockdown(on, portals, principalOf(request).actor)) };
    });
  }
}

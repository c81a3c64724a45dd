// SPDX-License-Identifier: Apache-2.0
// Signed commands to doors and the explainer. A call waits about three seconds for the door and then tells the truth as it is.
import { slug } from '@latchkey/protocols/api/common';
import * as schema from '@latchkey/protocols/api/operations';
import { z } from 'zod';
import { ADMINISTRATOR } from '../authenticate.ts';
import { refuse, unwrap } from '../errors.ts';
import type { Api } from '../server.ts';
import type { ApiServices } from '../services.ts';

const params = z.object({ id: slug });

export function registerCommands(app: Api, services: ApiServices): void {
  const tags = ['commands'];
  const { commands } = services;
  const response = { 200: schema.commandState };
  app.post(
    '/v1/portals/:id/unlock',
    { schema: { tags, summary: 'Open once, now or not at all', params, response } },
    async (request) => unwrap(await commands.unlock(request.params.id, ADMINISTRATOR)),
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
    async (request) => unwrap(await commands.setMode(request.params.id, request.body.mode, ADMINISTRATOR)),
  );
  app.delete(
    '/v1/portals/:id/mode',
    { schema: { tags, summary: "Release the operator's mode", params, response } },
    async (request) => unwrap(await commands.releaseMode(request.params.id, ADMINISTRATOR)),
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
    async (request) => (await commands.get(request.params.id)) ?? refuse('not-found'),
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
    async ({ body }) => unwrap(await services.explain(body)),
  );
}

function registerLockdown(app: Api, { commands }: ApiServices): void {
  const tags = ['commands'];
  const response = { 200: schema.commandList };
  for (const [path, on, summary] of [
    ['/v1/lockdown', true, 'Lock down portals, or all of them'],
    ['/v1/lockdown/release', false, 'Release a lockdown'],
  ] as const) {
    app.post(path, { schema: { tags, summary, body: schema.lockdownBody, response } }, async ({ body }) => ({
      items: unwrap(await commands.lockdown(on, body.portals, ADMINISTRATOR)),
    }));
  }
}

// SPDX-License-Identifier: Apache-2.0
// Roles of people, given and taken by administrators.
import { changed, personNumber } from '@latchkey/protocols/api/common';
import { roleGrants } from '@latchkey/protocols/api/sign-in';
import { z } from 'zod';
import { principalOf } from '../authenticate.ts';
import { refuse, unwrap } from '../errors.ts';
import type { Api } from '../server.ts';
import type { ApiServices } from '../services.ts';

const tags = ['accounts'];
const params = z.object({ id: personNumber });

export function registerRoles(app: Api, { roles }: ApiServices): void {
  app.get(
    '/v1/people/:id/roles',
    { schema: { tags, summary: "A person's roles", params, response: { 200: roleGrants } } },
    async (request) => {
      const items = await roles.get(request.params.id);
      return items === undefined ? refuse('not-found') : { items: [...items] };
    },
  );
  app.put(
    '/v1/people/:id/roles',
    {
      schema: {
        tags,
        summary: 'Replace all roles of a person; never one’s own',
        params,
        body: roleGrants,
        response: { 200: changed },
      },
    },
    async (request) => unwrap(await roles.put(request.params.id, request.body.items, principalOf(request).actor)),
  );
}

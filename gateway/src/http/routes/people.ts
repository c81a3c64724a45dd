// SPDX-License-Identifier: Apache-2.0
// People and their groups.
import { personNumber, slug } from '@latchkey/protocols/api/common';
import * as schema from '@latchkey/protocols/api/people';
import { reachFor } from '../access.ts';
import { unwrap } from '../errors.ts';
import type { Api } from '../server.ts';
import type { ApiServices } from '../services.ts';
import { registerCollection } from './collection.ts';

export function registerPeople(app: Api, services: ApiServices): void {
  app.get(
    '/v1/people',
    {
      schema: {
        tags: ['people'],
        summary: 'Page through people',
        querystring: schema.personQuery,
        response: { 200: schema.personPage },
      },
    },
    async (request) => {
      const page = unwrap(await services.people.page(request.query, reachFor(request)));
      return { ...page, items: [...page.items] };
    },
  );
  registerCollection(app, {
    path: '/v1/people',
    tag: 'people',
    noun: 'person',
    id: personNumber,
    item: schema.person,
    body: schema.personBody,
    buildingOf: ({ building }) => building,
    collection: {
      get: (id) => services.people.get(id),
      put: (id, body, actor) => services.people.put(id, body, actor),
      remove: (id, actor) => services.people.remove(id, actor),
    },
  });
  registerCollection(app, {
    path: '/v1/groups',
    tag: 'people',
    noun: 'group',
    id: slug,
    item: schema.group,
    body: schema.groupBody,
    collection: services.groups,
  });
}

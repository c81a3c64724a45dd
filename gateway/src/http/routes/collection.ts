// SPDX-License-Identifier: Apache-2.0
// The four routes of a small collection: list, one, put, delete.
import { changed } from '@latchkey/protocols/api/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isWithin, reachFor } from '../access.ts';
import { principalOf } from '../authenticate.ts';
import { refuse, unwrap } from '../errors.ts';
import type { Reach } from '../principal.ts';
import type { Api } from '../server.ts';
import type { Collection } from '../services.ts';

interface CollectionRoutes<Item extends z.ZodType, Body extends z.ZodType, Id extends z.ZodType> {
  readonly path: string;
  /** Heading in the OpenAPI document. */
  readonly tag: string;
  /** What one is called there. */
  readonly noun: string;
  readonly id: Id;
  readonly item: Item;
  readonly body: Body;
  /** In which building one lies, where that decides who sees it. */
  readonly buildingOf?: (item: z.output<Item>) => string;
  readonly collection: Pick<Collection<z.output<Item>, z.output<Body>, z.output<Id>>, 'get' | 'put' | 'remove'> &
    Partial<Pick<Collection<z.output<Item>, z.output<Body>, z.output<Id>>, 'list'>>;
}

export function registerCollection<Item extends z.ZodType, Body extends z.ZodType, Id extends z.ZodType>(
  app: Api,
  { path, tag, noun, id, item, body, buildingOf, collection }: CollectionRoutes<Item, Body, Id>,
): void {
  const isSeen = (reach: Reach, each: z.output<Item>) => {
    const building = buildingOf?.(each);
    return building === undefined || isWithin(reach, building === '' ? [] : [building]);
  };
  const schema = { tags: [tag], params: z.object({ id }) };
  // The type provider cannot see through a generic schema: what it parsed is named here, once.
  const answer: z.ZodType = item;
  const routes = app as unknown as FastifyInstance;
  const idOf = (request: FastifyRequest) => (request.params as { id: z.output<Id> }).id;
  const bodyOf = (request: FastifyRequest) => request.body as z.output<Body>;
  const { list } = collection;
  if (list !== undefined) {
    const response = { 200: z.object({ items: z.array(item) }) };
    routes.get(path, { schema: { tags: [tag], summary: `List: ${noun}`, response } }, async (request) => {
      const reach = reachFor(request);
      return { items: (await list.call(collection)).filter((each) => isSeen(reach, each)) };
    });
  }
  const one = `${path}/:id`;
  const response = { 200: changed };
  routes.get(
    one,
    { schema: { ...schema, summary: `Read one: ${noun}`, response: { 200: answer } } },
    async (request) => {
      const found = await collection.get(idOf(request));
      return found !== undefined && isSeen(reachFor(request), found) ? found : refuse('not-found');
    },
  );
  routes.put(one, { schema: { ...schema, summary: `Make or replace: ${noun}`, body, response } }, async (request) =>
    unwrap(await collection.put(idOf(request), bodyOf(request), principalOf(request).actor)),
  );
  routes.delete(one, { schema: { ...schema, summary: `Remove: ${noun}`, response } }, async (request) =>
    unwrap(await collection.remove(idOf(request), principalOf(request).actor)),
  );
}

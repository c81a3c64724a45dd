// SPDX-License-Identifier: Apache-2.0
// Cards: issue, report lost, freeze, give back, withdraw, replace. Losing a card sends the deny before the call returns.
import * as schema from '@latchkey/protocols/api/people';
import { z } from 'zod';
import { reachFor, requireWithin } from '../access.ts';
import { principalOf } from '../authenticate.ts';
import { refuse, unwrap } from '../errors.ts';
import type { Api } from '../server.ts';
import type { ApiServices } from '../services.ts';

/** How long a call may wait for controllers to confirm a deny. */
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
const id = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'use the id of a card, as listed');
const params = z.object({ id });

export function registerCards(app: Api, services: ApiServices): void {
  const tags = ['cards'];
  const { cards, cardFinder, buildings } = services;
  app.get(
    '/v1/cards',
    {
      schema: {
        tags,
        summary: 'Page through cards',
        querystring: schema.cardQuery,
        response: { 200: schema.cardPage },
      },
    },
    async (request) => {
      const page = unwrap(await cards.page(request.query, reachFor(request)));
      return { ...page, items: [...page.items] };
    },
  );
  app.post(
    '/v1/cards',
    { schema: { tags, summary: 'Issue a card', body: schema.cardIssue, response: { 201: schema.card } } },
    async (request, reply) => {
      await requireWithin(request, () => buildings.ofPerson(request.body.person));
      return reply.code(201).send(unwrap(await cards.issue(request.body, principalOf(request).actor)));
    },
  );
  app.get(
    '/v1/cards/:id',
    { schema: { tags, summary: 'Read one: card', params, response: { 200: schema.card } } },
    async (request) => {
      await requireWithin(request, () => buildings.ofCard(request.params.id));
      return (await cards.get(request.params.id)) ?? refuse('not-found');
    },
  );
  registerChanges(app, services);
  app.post(
    '/v1/cards/lookup',
    {
      schema: {
        tags,
        summary: 'Find a card by its number, which travels in the body and so in no log',
        body: schema.cardLookup,
        response: { 200: schema.card },
      },
    },
    async (request) => {
      const { number, form } = request.body;
      await requireWithin(request, () => buildings.ofCardNumber(number, form));
      return unwrap(await cardFinder.lookup(request.body));
    },
  );
}

function registerChanges(app: Api, { cards, cardFinder, buildings }: ApiServices): void {
  const tags = ['cards'];
  for (const act of schema.CARD_ACTIONS) {
    app.post(
      `/v1/cards/:id/${act}`,
      {
        schema: { tags, summary: SUMMARY[act], params, querystring: wait, response: { 200: schema.cardChange } },
      },
      async (request) => {
        const { id: card } = request.params;
        await requireWithin(request, () => buildings.ofCard(card));
        return unwrap(await cards.act(card, act, principalOf(request).actor, request.query.waitMs));
      },
    );
  }
  app.post(
    '/v1/cards/:id/replace',
    {
      schema: {
        tags,
        summary: 'Withdraw this card and issue another to the same person',
        params,
        body: schema.cardReplace,
        response: { 200: schema.cardChange },
      },
    },
    async (request) => {
      await requireWithin(request, () => buildings.ofCard(request.params.id));
      return unwrap(await cards.replace(request.params.id, request.body, principalOf(request).actor));
    },
  );
  app.post(
    '/v1/revocations',
    {
      schema: {
        tags,
        summary: 'Stop one card by its number, or every card and phone of a person',
        querystring: wait,
        body: schema.revocation,
        response: { 200: schema.cardChange },
      },
    },
    async (request) => {
      const { person, number = '', form } = request.body;
      await requireWithin(request, () =>
        person === undefined ? buildings.ofCardNumber(number, form) : buildings.ofPerson(person),
      );
      return unwrap(await cardFinder.revoke(request.body, principalOf(request).actor, request.query.waitMs));
    },
  );
}

const SUMMARY: Readonly<Record<(typeof schema.CARD_ACTIONS)[number], string>> = {
  lose: 'Report it lost: refused everywhere at once',
  freeze: 'Refuse it until it is unfrozen',
  unfreeze: 'Allow a frozen card again',
  found: 'Allow a lost card again',
  withdraw: 'Take it out of use for good',
};

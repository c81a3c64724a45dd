// SPDX-License-Identifier: Apache-2.0
// What an administrator does about other people's sign-in.
import { changed, personNumber } from '@latchkey/protocols/api/common';
import * as schema from '@latchkey/protocols/api/sign-in';
import { z } from 'zod';
import { principalOf } from '../authenticate.ts';
import { refuse, unwrap } from '../errors.ts';
import type { PeopleSide } from '../people-side.ts';
import type { Api } from '../server.ts';

const tags = ['accounts'];
const params = z.object({ id: personNumber });

export function registerAccounts(app: Api, { services }: PeopleSide): void {
  const { accounts } = services;
  app.get(
    '/v1/people/:id/account',
    { schema: { tags, summary: "A person's account", params, response: { 200: schema.account } } },
    async (request) => (await accounts.view(request.params.id)) ?? refuse('not-found'),
  );
  app.post(
    '/v1/people/:id/account/reset',
    {
      schema: {
        tags,
        summary: 'Take a password back to an initial one; sessions and passkeys end',
        params,
        body: schema.accountResetBody,
        response: { 200: schema.accountReset },
      },
    },
    async (request) => {
      const { actor } = principalOf(request);
      return unwrap(await accounts.reset(request.params.id, request.body.to, actor));
    },
  );
  app.put(
    '/v1/people/:id/account/disabled',
    {
      schema: {
        tags,
        summary: 'Let a person sign in, or not',
        params,
        body: schema.accountDisabled,
        response: { 200: changed },
      },
    },
    async (request) => {
      const { actor } = principalOf(request);
      return { changed: unwrap(await accounts.setDisabled(request.params.id, request.body.disabled, actor)) };
    },
  );
}

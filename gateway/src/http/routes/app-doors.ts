// SPDX-License-Identifier: Apache-2.0
// The keychain for campus apps: an app's server names the person whom its own sign-in named, and opens in their name. The same
// rights, confirmations and limits as in the pass; who opened, and through which app, is in the audit chain.
import { slug } from '@latchkey/protocols/api/common';
import * as schema from '@latchkey/protocols/api/keychain';
import { z } from 'zod';
import { campusAppOf } from '../campus-apps.ts';
import { unwrap } from '../errors.ts';
import type { KeychainService } from '../keychain-service.ts';
import type { Api } from '../server.ts';

const tags = ['campus apps'];
const security = [{ campusApp: [] }];
const config = { campusApp: true };

/** `tapped` refuses whoever taps too often. */
export function registerAppDoors(app: Api, keychain: KeychainService, tapped: (number: string) => void): void {
  app.get(
    '/v1/app/doors',
    {
      config,
      schema: {
        tags,
        security,
        summary: "A person's doors with smart locks, and whether each can be opened now",
        querystring: schema.appQuery,
        response: { 200: schema.myDoors },
      },
    },
    async (request) => ({ items: unwrap(await keychain.doors(request.query.person)) }),
  );
  app.post(
    '/v1/app/doors/:portal/open',
    {
      config,
      schema: {
        tags,
        security,
        summary: 'Open one for a person; the same confirmation never opens twice',
        params: z.object({ portal: slug }),
        body: schema.appOpenBody,
        response: { 202: schema.opening },
      },
    },
    async (request, reply) => {
      const { person, confirm } = request.body;
      tapped(person);
      const tap = { portal: request.params.portal, confirm, via: campusAppOf(request) };
      return reply.code(202).send(unwrap(await keychain.open(person, tap)));
    },
  );
  app.get(
    '/v1/app/openings/:id',
    {
      config,
      schema: {
        tags,
        security,
        summary: 'What became of an opening',
        params: schema.openingParams,
        querystring: schema.appQuery,
        response: { 200: schema.opening },
      },
    },
    async (request) => unwrap(await keychain.opening(request.query.person, request.params.id)),
  );
}

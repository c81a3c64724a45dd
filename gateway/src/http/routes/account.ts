// SPDX-License-Identifier: Apache-2.0
// What people do about their own sign-in: password, passkeys, sessions.
import * as schema from '@latchkey/protocols/api/sign-in';
import { z } from 'zod';
import { ADMINISTRATOR, sessionOf } from '../authenticate.ts';
import { callerOf } from '../caller.ts';
import { unwrap } from '../errors.ts';
import type { PeopleSide } from '../people-side.ts';
import type { Api } from '../server.ts';
import { meOf, signedIn } from './sign-in.ts';

const tags = ['me'];
const params = z.object({ id: z.string().max(512) });
const done = z.object({ changed: z.literal(true) });
const CHANGED = { changed: true } as const;
/** A token does not end by itself. */
const NEVER = '9999-12-31T23:59:59.999Z';

export function registerAccount(app: Api, { services }: PeopleSide): void {
  const { password } = services;
  app.get(
    '/v1/me',
    {
      config: { beforePasswordChange: true },
      schema: { tags, summary: 'Who is signed in', response: { 200: schema.me } },
    },
    async ({ session, principal }) => {
      if (session !== undefined) return meOf(session);
      const roles = [...(principal?.roles ?? [])];
      return { number: null, name: ADMINISTRATOR, roles, csrf: '', mustChangePassword: false, expires: NEVER };
    },
  );
  app.post(
    '/v1/me/password',
    {
      config: { beforePasswordChange: true },
      schema: {
        tags,
        summary: 'Choose another password; every other session ends',
        body: schema.passwordChange,
        response: { 200: schema.me },
      },
    },
    async (request, reply) =>
      signedIn(reply, await password.change(sessionOf(request), request.body, callerOf(request))),
  );
  registerPasskeys(app, services.passkeys);
  registerSessions(app, services.sessions);
}

function registerPasskeys(app: Api, passkeys: PeopleSide['services']['passkeys']): void {
  app.get(
    '/v1/me/passkeys',
    { schema: { tags, summary: 'My passkeys', response: { 200: schema.passkeys } } },
    async (request) => ({ items: [...(await passkeys.list(sessionOf(request)))] }),
  );
  app.post(
    '/v1/me/passkeys/options',
    { schema: { tags, summary: 'Begin making a passkey', response: { 200: schema.passkeyOptions } } },
    async (request) => unwrap(await passkeys.registerOptions(sessionOf(request))),
  );
  app.post(
    '/v1/me/passkeys',
    {
      schema: { tags, summary: 'Keep a passkey', body: schema.passkeyRegister, response: { 201: schema.passkey } },
    },
    async (request, reply) => reply.code(201).send(unwrap(await passkeys.register(sessionOf(request), request.body))),
  );
  app.delete(
    '/v1/me/passkeys/:id',
    { schema: { tags, summary: 'Remove a passkey', params, response: { 200: done } } },
    async (request) => {
      unwrap(await passkeys.remove(sessionOf(request), request.params.id));
      return CHANGED;
    },
  );
}

function registerSessions(app: Api, sessions: PeopleSide['services']['sessions']): void {
  app.get(
    '/v1/me/sessions',
    { schema: { tags, summary: 'Where I am signed in', response: { 200: schema.mySessions } } },
    async (request) => ({ items: [...(await sessions.list(sessionOf(request)))] }),
  );
  app.delete(
    '/v1/me/sessions/:id',
    { schema: { tags, summary: 'End one of my sessions', params, response: { 200: done } } },
    async (request) => {
      unwrap(await sessions.end(sessionOf(request), request.params.id));
      return CHANGED;
    },
  );
}

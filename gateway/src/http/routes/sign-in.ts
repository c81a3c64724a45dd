// SPDX-License-Identifier: Apache-2.0
// Signing in by password or passkey, and signing out. Public, but only for pages of this gateway: nobody is to be signed in as
// somebody else by a page elsewhere.
import * as schema from '@latchkey/protocols/api/sign-in';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sessionOf } from '../authenticate.ts';
import { callerOf } from '../caller.ts';
import { refuse } from '../errors.ts';
import { originOf } from '../origins.ts';
import type { PeopleSide } from '../people-side.ts';
import type { SessionState } from '../principal.ts';
import { requireOrigin } from '../same-origin.ts';
import type { Api } from '../server.ts';
import { clearSession, setDevice, setSession } from '../session-cookie.ts';
import type { SignInOutcome } from '../sign-in-services.ts';

const tags = ['sign-in'];
export const NO_TOKEN: { [scheme: string]: string[] }[] = [];

export function registerSignIn(app: Api, people: PeopleSide): void {
  const { password, passkeys, oidc } = people.services;
  const onRequest = async (request: FastifyRequest) => requireOrigin(request, people.origins().all);
  app.get(
    '/v1/sign-in/methods',
    {
      config: { public: true },
      schema: { tags, security: NO_TOKEN, summary: 'Ways to sign in here', response: { 200: schema.signInMethods } },
    },
    async () => ({ password: password.available, passkey: passkeys.available(), oidc: oidc?.name ?? null }),
  );
  app.post(
    '/v1/sign-in/password',
    {
      config: { public: true },
      onRequest,
      schema: {
        tags,
        security: NO_TOKEN,
        summary: 'Sign in with number and password',
        body: schema.passwordSignIn,
        response: { 200: schema.me },
      },
    },
    async (request, reply) => signedIn(reply, await password.signIn(request.body, callerOf(request))),
  );
  app.post(
    '/v1/sign-in/passkey/options',
    {
      config: { public: true },
      onRequest,
      schema: { tags, security: NO_TOKEN, summary: 'Begin with a passkey', response: { 200: schema.passkeyOptions } },
    },
    async () => (passkeys.available() ? passkeys.signInOptions() : refuse('not-allowed-here')),
  );
  app.post(
    '/v1/sign-in/passkey',
    {
      config: { public: true },
      onRequest,
      schema: {
        tags,
        security: NO_TOKEN,
        summary: 'Sign in with a passkey',
        body: schema.passkeyAnswer,
        response: { 200: schema.me },
      },
    },
    async (request, reply) => signedIn(reply, await passkeys.signIn(request.body, callerOf(request))),
  );
  registerSignOut(app, people);
}

function registerSignOut(app: Api, { services, origins }: PeopleSide): void {
  const { sessions } = services;
  app.post(
    '/v1/sign-out',
    {
      config: { beforePasswordChange: true },
      schema: { tags, summary: 'End this session', response: { 200: schema.signedOut } },
    },
    async (request, reply) => {
      const origin = originOf(origins(), request.protocol, request.host);
      const answer = await sessions.signOut(sessionOf(request), origin);
      clearSession(reply);
      return answer;
    },
  );
  app.post(
    '/v1/sign-out/everywhere',
    {
      config: { beforePasswordChange: true },
      schema: { tags, summary: 'End every session of this person', response: { 200: schema.signedOut } },
    },
    async (request, reply) => {
      await sessions.signOutEverywhere(sessionOf(request));
      clearSession(reply);
      return { continueAt: null };
    },
  );
}

export function signedIn(reply: FastifyReply, outcome: SignInOutcome): schema.Me {
  if (!outcome.ok) {
    if (outcome.retryAfterMs !== undefined)
      reply.header('retry-after', Math.max(1, Math.ceil(outcome.retryAfterMs / 1_000)));
    const [, field, fix] = /^(\w+): (.+)$/s.exec(outcome.detail ?? '') ?? [];
    return refuse(outcome.code, { field, fix });
  }
  const { token, device, state } = outcome.value;
  setSession(reply, token);
  setDevice(reply, device);
  return meOf(state);
}

export const meOf = ({ principal, name, csrf, expiresMs }: SessionState): schema.Me => ({
  number: principal.number,
  name,
  roles: [...principal.roles],
  csrf,
  mustChangePassword: principal.mustChangePassword,
  expires: new Date(expiresMs).toISOString(),
});

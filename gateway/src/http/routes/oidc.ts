// SPDX-License-Identifier: Apache-2.0
// The way to the campus's identity provider and back. Browsers walk it by themselves, so what goes wrong is a page.
import * as schema from '@latchkey/protocols/api/sign-in';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from '../caller.ts';
import { refuse } from '../errors.ts';
import { chooseLanguage } from '../language.ts';
import { originOf } from '../origins.ts';
import type { PeopleSide } from '../people-side.ts';
import type { Api } from '../server.ts';
import { clearOidcState, oidcState, setDevice, setOidcState, setSession } from '../session-cookie.ts';
import { REFUSAL_STATUS, refusalPage } from '../sign-in-page.ts';
import type { OidcRefusal } from '../sign-in-services.ts';
import { NO_TOKEN } from './sign-in.ts';

const tags = ['sign-in'];
/** A page for people, in place of an answer for programs. */
const PAGE = { 302: { description: 'on to the next place' } } as const;

export function registerOidc(app: Api, { services, origins }: PeopleSide): void {
  const { oidc } = services;
  app.get(
    '/v1/sign-in/oidc',
    {
      config: { public: true },
      schema: { tags, security: NO_TOKEN, summary: 'To the identity provider', querystring: schema.oidcStart },
    },
    async (request, reply) => {
      if (oidc === undefined) return refuse('not-found');
      const begun = await oidc.start(originOf(origins(), request.protocol, request.host), request.query.return);
      if (!begun.ok) return page(request, reply, begun.code);
      setOidcState(reply, begun.value.sealed);
      return reply.redirect(begun.value.url, 302);
    },
  );
  app.get(
    '/v1/sign-in/oidc/callback',
    {
      config: { public: true },
      schema: {
        tags,
        security: NO_TOKEN,
        summary: 'Back from the identity provider',
        description: PAGE[302].description,
      },
    },
    async (request, reply) => {
      if (oidc === undefined) return refuse('not-found');
      const origin = originOf(origins(), request.protocol, request.host);
      const query = request.raw.url?.split('?', 2)[1] ?? '';
      const done = await oidc.finish({ origin, query, sealed: oidcState(request) }, callerOf(request));
      clearOidcState(reply);
      if (!done.ok) return page(request, reply, done.code);
      setSession(reply, done.value.signedIn.token);
      setDevice(reply, done.value.signedIn.device);
      return reply.redirect(origin + done.value.returnTo, 302);
    },
  );
}

function page(request: FastifyRequest, reply: FastifyReply, refusal: OidcRefusal) {
  const language = chooseLanguage(request.headers['accept-language']);
  return reply
    .code(REFUSAL_STATUS[refusal])
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-language', language)
    .header('vary', 'accept-language')
    .serializer(String)
    .send(refusalPage(refusal, language));
}

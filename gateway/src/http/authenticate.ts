// SPDX-License-Identifier: Apache-2.0
// Who calls: the administrator's bearer token or a person's session, on every route that does not say `public` in its
// configuration. Unknown addresses need one too, so that nobody maps the API from outside. Both at once is refused: then
// nobody could say whose request it is.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AttemptLimit } from './attempt-limit.ts';
import { refuse } from './errors.ts';
import type { PeopleSide } from './people-side.ts';
import type { Principal, SessionState } from './principal.ts';
import { isChange, requireCsrf, requireOrigin } from './same-origin.ts';
import { clearSession, sessionToken } from './session-cookie.ts';
import type { TokenCheck } from './token.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Open to anyone: says nothing about the campus, or is authorised by its body. */
    public?: boolean;
    /** Also open to whoever has yet to replace the initial password. */
    beforePasswordChange?: boolean;
  }
  interface FastifyRequest {
    /** Set on every route that is not public. */
    principal: Principal | undefined;
    /** Set where a person's session made the request. */
    session: SessionState | undefined;
  }
}

export const ADMINISTRATOR = 'administrator';
const BY_TOKEN: Principal = {
  actor: ADMINISTRATOR,
  roles: [{ role: 'administrator', buildings: 'all' }],
  mustChangePassword: false,
};

export interface Guard {
  readonly token: Pick<TokenCheck, 'accepts'>;
  readonly limit: AttemptLimit;
  readonly nowMs: () => number;
  readonly people: Pick<PeopleSide, 'findSession' | 'origins'>;
}

export function authenticate(app: FastifyInstance, guard: Guard): void {
  app.decorateRequest('principal', undefined);
  app.decorateRequest('session', undefined);
  app.addHook('onRequest', async (request, reply) => {
    const { config } = request.routeOptions;
    if (config?.public === true || config?.campusApp === true) return;
    const cookie = sessionToken(request);
    if (cookie !== undefined && request.headers.authorization !== undefined) refuse('two-identities');
    if (cookie === undefined) bearer(guard, request, reply);
    else await bySession(guard, request, reply, cookie);
    if (request.principal?.mustChangePassword === true && config?.beforePasswordChange !== true)
      refuse('must-change-password');
  });
}

function bearer({ token, limit, nowMs }: Guard, request: FastifyRequest, reply: FastifyReply): void {
  const { authorization } = request.headers;
  const presented = /^Bearer ([A-Za-z0-9_-]{1,200})$/i.exec(authorization ?? '')?.[1];
  if (presented !== undefined && token.accepts(presented)) {
    request.principal = BY_TOKEN;
    return;
  }
  reply.header('www-authenticate', 'Bearer realm="latchkey"');
  // Who presents nothing guesses nothing: a campus of people not signed in yet may share one address.
  if (authorization !== undefined && limit.failed(request.ip, nowMs()) === 'limited') {
    reply.header('retry-after', '60');
    refuse('too-many-attempts');
  }
  refuse('unauthenticated');
}

async function bySession(
  { people }: Guard,
  request: FastifyRequest,
  reply: FastifyReply,
  cookie: string,
): Promise<void> {
  const session = await people.findSession(cookie);
  if (session === undefined) {
    clearSession(reply);
    return refuse('unauthenticated');
  }
  if (isChange(request)) {
    requireOrigin(request, people.origins().all);
    requireCsrf(request, session.csrf);
  }
  request.session = session;
  request.principal = session.principal;
}

/** For routes that are not public. */
export const principalOf = (request: FastifyRequest): Principal => request.principal ?? refuse('unauthenticated');

/** For routes about oneself: the administrator's token is nobody. */
export const sessionOf = (request: FastifyRequest): SessionState => request.session ?? refuse('only-for-people');

// SPDX-License-Identifier: Apache-2.0
// Who may call: the administrator's bearer token, on every route that does not say `public` in its configuration. Unknown
// addresses need the token too, so that nobody maps the API from outside.
import type { FastifyInstance } from 'fastify';
import type { AttemptLimit } from './attempt-limit.ts';
import { refuse } from './errors.ts';
import type { TokenCheck } from './token.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Open to anyone: says nothing about the campus, or is authorised by its body. */
    public?: boolean;
  }
}

/** The only caller until people sign in with roles. */
export const ADMINISTRATOR = 'administrator';

interface Guard {
  readonly token: Pick<TokenCheck, 'accepts'>;
  readonly limit: AttemptLimit;
  readonly nowMs: () => number;
}

export function requireToken(app: FastifyInstance, { token, limit, nowMs }: Guard): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config?.public === true) return;
    const presented = /^Bearer ([A-Za-z0-9_-]{1,200})$/i.exec(request.headers.authorization ?? '')?.[1];
    if (presented !== undefined && token.accepts(presented)) return;
    reply.header('www-authenticate', 'Bearer realm="latchkey"');
    if (limit.failed(request.ip, nowMs()) === 'limited') {
      reply.header('retry-after', '60');
      refuse('too-many-attempts');
    }
    refuse('unauthenticated');
  });
}

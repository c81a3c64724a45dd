// SPDX-License-Identifier: Apache-2.0
// The cookies of signing in. `__Host-`: only this host over a secure connection can have set them, for all of its paths.
import type { FastifyReply, FastifyRequest } from 'fastify';

const SESSION = '__Host-latchkey';
const DEVICE = '__Host-latchkey-device';
const OIDC = '__Host-latchkey-oidc';
const ATTRIBUTES = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' } as const;
/** The longest life browsers grant. The gateway decides when a session is over, a browser only forgets it sooner. */
const LONGEST_SECONDS = 400 * 24 * 60 * 60;
/** As long as the state it holds is good. */
const OIDC_SECONDS = 15 * 60;

export const sessionToken = (request: FastifyRequest): string | undefined => request.cookies[SESSION];
export const deviceToken = (request: FastifyRequest): string | undefined => request.cookies[DEVICE];
export const oidcState = (request: FastifyRequest): string | undefined => request.cookies[OIDC];

export const setSession = (reply: FastifyReply, token: string): void =>
  void reply.setCookie(SESSION, token, { ...ATTRIBUTES, maxAge: LONGEST_SECONDS });
export const clearSession = (reply: FastifyReply): void => void reply.clearCookie(SESSION, ATTRIBUTES);
export const setDevice = (reply: FastifyReply, token: string): void =>
  void reply.setCookie(DEVICE, token, { ...ATTRIBUTES, maxAge: LONGEST_SECONDS });
export const setOidcState = (reply: FastifyReply, sealed: string): void =>
  void reply.setCookie(OIDC, sealed, { ...ATTRIBUTES, maxAge: OIDC_SECONDS });
export const clearOidcState = (reply: FastifyReply): void => void reply.clearCookie(OIDC, ATTRIBUTES);

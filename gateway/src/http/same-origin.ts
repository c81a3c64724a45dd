// SPDX-License-Identifier: Apache-2.0
// Proof that a change was asked for by a page of this gateway: browsers name the page's origin, and other pages cannot read the
// session's csrf token (DESIGN 8). What proves nothing is refused.
import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { refuse } from './errors.ts';

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

export const isChange = (request: FastifyRequest): boolean => !READING.has(request.method);

/** `null`, as sandboxed frames send it, is no origin of ours. */
export function requireOrigin(request: FastifyRequest, origins: readonly string[]): void {
  const { origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const ours = origin === undefined ? site === 'same-origin' : origins.includes(origin);
  if (!ours || (site !== undefined && site !== 'same-origin')) refuse('cross-site');
}

export function requireCsrf(request: FastifyRequest, expected: string): void {
  const given = Buffer.from(String(request.headers['x-latchkey-csrf'] ?? ''));
  const wanted = Buffer.from(expected);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) refuse('cross-site');
}

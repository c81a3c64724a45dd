// SPDX-License-Identifier: Apache-2.0
// Requests of campus apps: their server signs each one as the gateway signs its own to resolvers (HMAC-SHA256 over method, path,
// time, nonce and digest of the body). The body is checked before anything reads it; a nonce is good once.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Readable } from 'node:stream';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createAttemptLimit, SIGN_IN_LIMIT } from './attempt-limit.ts';
import { refuse } from './errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** For campus apps and nobody else. */
    campusApp?: boolean;
  }
  interface FastifyRequest {
    /** Id of the app that signed it; set on routes for campus apps. */
    campusApp: string | undefined;
  }
}

export interface CampusApp {
  readonly id: string;
  readonly secret: Uint8Array;
  readonly requestsPerMinute: number;
}

export interface SignedRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

export interface CampusApps {
  /** The app that signed it. Says nothing of why not: whoever has the secret can find out, nobody else should. */
  check(request: SignedRequest): Result<string, 'unauthenticated' | 'too-many-attempts'>;
}

export interface CampusAppsOptions {
  readonly apps: readonly CampusApp[];
  readonly nowMs: () => number;
}

const MINUTE_MS = 60_000;
/** Clocks of two servers; nonces are remembered for twice this. */
const SKEW_MS = MINUTE_MS;
const MAX_BODY_BYTES = 4 * 1024;
export const NO_CAMPUS_APPS: CampusApps = { check: () => err('unauthenticated') };

export function createCampusApps({ apps, nowMs }: CampusAppsOptions): CampusApps {
  const known = new Map(apps.map((app) => [app.id, { app, nonces: new Map<string, number>(), startMs: 0, count: 0 }]));

  /** Counted once the signature held, so that nobody else uses an app's share up. */
  function crowded(of: { app: CampusApp; startMs: number; count: number }): boolean {
    if (nowMs() - of.startMs >= MINUTE_MS) [of.startMs, of.count] = [nowMs(), 0];
    of.count += 1;
    return of.count > of.app.requestsPerMinute;
  }

  /** Oldest first: those that a late clock could no longer bring are forgotten. */
  function isFresh(nonces: Map<string, number>, nonce: string): boolean {
    for (const [old, atMs] of nonces) {
      if (nowMs() - atMs <= 2 * SKEW_MS) break;
      nonces.delete(old);
    }
    if (nonces.has(nonce)) return false;
    nonces.set(nonce, nowMs());
    return true;
  }

  return {
    check(request) {
      const said = readHeaders(request.headers);
      const of = said && known.get(said.key);
      if (said === undefined || of === undefined) return err('unauthenticated');
      if (Math.abs(nowMs() - said.timestampS * 1_000) > SKEW_MS) return err('unauthenticated');
      const expected = createHmac('sha256', of.app.secret).update(textOf(request, said)).digest();
      if (!timingSafeEqual(expected, said.signature)) return err('unauthenticated');
      if (crowded(of)) return err('too-many-attempts');
      return isFresh(of.nonces, said.nonce) ? ok(said.key) : err('unauthenticated');
    },
  };
}

interface Said {
  readonly key: string;
  readonly timestampS: number;
  readonly nonce: string;
  readonly signature: Buffer;
}

function readHeaders(headers: SignedRequest['headers']): Said | undefined {
  const text = (name: string) => String(headers[`latchkey-${name}`] ?? '');
  const [key, timestamp, nonce, signature] = [text('key'), text('timestamp'), text('nonce'), text('signature')];
  if (!/^\d{1,12}$/.test(timestamp) || !/^[0-9a-f]{32}$/.test(nonce) || !/^[0-9a-f]{64}$/.test(signature))
    return undefined;
  return { key, timestampS: Number(timestamp), nonce, signature: Buffer.from(signature, 'hex') };
}

function textOf({ method, url, body }: SignedRequest, { timestampS, nonce }: Said): string {
  return [method, url, timestampS, nonce, createHash('sha256').update(body).digest('hex')].join('\n');
}

/** Holds routes of `config.campusApp` to a signature; who has none is nobody there, session or token or not. */
export function holdToCampusApps(app: FastifyInstance, apps: CampusApps, monotonicMs: () => number): void {
  const limit = createAttemptLimit(SIGN_IN_LIMIT);
  app.decorateRequest('campusApp', undefined);
  app.addHook('preParsing', async (request, _reply, payload) => {
    if (request.routeOptions.config?.campusApp !== true) return undefined;
    if (request.headers['latchkey-signature'] === undefined) refuse('unauthenticated');
    const body = request.method === 'GET' ? new Uint8Array(0) : await readAll(payload);
    const checked = apps.check({ method: request.method, url: request.url, headers: request.headers, body });
    if (!checked.ok) {
      const limited = checked.code === 'too-many-attempts' || limit.failed(request.ip, monotonicMs()) === 'limited';
      return refuse(limited ? 'too-many-attempts' : 'unauthenticated', limited ? {} : { fix: FIX });
    }
    request.campusApp = checked.value;
    return request.method === 'GET'
      ? undefined
      : Object.assign(Readable.from([body]), { receivedEncodedLength: body.length });
  });
}

const FIX = 'sign the request with the secret of a configured campus app; see Campus apps in the README of the gateway';

async function readAll(payload: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of payload as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) refuse('body-too-large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export const campusAppOf = (request: FastifyRequest): string => request.campusApp ?? refuse('unauthenticated');

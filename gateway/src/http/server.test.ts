// SPDX-License-Identifier: Apache-2.0
// Who may call what, how refusals look, and what never reaches the log.
import { readFileSync, writeFileSync } from 'node:fs';
import { apiError } from '@latchkey/protocols/api/errors';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../app/logger.ts';
import { openApiDocument } from './openapi.ts';
import { createServer } from './server.ts';
import type { ApiServices } from './services.ts';

const TOKEN = 'lka_right';
const PUBLIC = [
  'GET /v1/health',
  'GET /v1/ready',
  'GET /v1/openapi.json',
  'POST /v1/enroll',
  'POST /v1/phones/status',
  'GET /v1/sign-in/methods',
  'GET /v1/sign-in/oidc',
  'GET /v1/sign-in/oidc/callback',
  'POST /v1/sign-in/password',
  'POST /v1/sign-in/passkey',
  'POST /v1/sign-in/passkey/options',
];
const opened: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close();
});

/** Services that say how far a request came: every call fails with a bug, unless overridden. */
function reached(overrides: Partial<ApiServices> = {}): ApiServices {
  const inner = new Proxy({}, { get: () => async () => Promise.reject(new Error('reached the service')) });
  return new Proxy(overrides, {
    get: (target, name) => Reflect.get(target, name) ?? inner,
  }) as ApiServices;
}

async function start(overrides: Partial<ApiServices> = {}) {
  const lines: string[] = [];
  const app = await createServer({
    services: reached(overrides),
    token: { accepts: (token) => token === TOKEN },
    logger: createLogger('debug', { write: (line) => void lines.push(line) }),
    version: '0',
    monotonicMs: () => performance.now(),
  });
  opened.push(app);
  return { app, lines };
}

const authorization = `Bearer ${TOKEN}`;

async function everyRoute(): Promise<{ method: string; url: string }[]> {
  const document = (await openApiDocument('0')) as { paths: Record<string, Record<string, unknown>> };
  const described = Object.entries(document.paths).flatMap(([url, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), url: url.replaceAll(/\{(\w+)\}/g, 'x1') })),
  );
  return [...described, { method: 'GET', url: '/v1/openapi.json' }];
}

describe('the administrator token', () => {
  it('is asked for on every route but the public ones', async () => {
    const { app } = await start({ ready: () => true });
    const routes = await everyRoute();
    expect(routes.length).toBeGreaterThan(50);
    const open: string[] = [];
    for (const { method, url } of routes) {
      const answer = await app.inject({ method: method as 'GET', url, remoteAddress: `10.0.0.${open.length + 1}` });
      if (answer.statusCode !== 401 && answer.statusCode !== 429) open.push(`${method} ${url}`);
    }
    expect(open.toSorted()).toEqual(PUBLIC.toSorted());
  });

  it('is asked for on addresses that do not exist', async () => {
    const { app } = await start();
    expect((await app.inject({ url: '/v1/nothing' })).statusCode).toBe(401);
    expect((await app.inject({ url: '/v1/nothing', headers: { authorization } })).json()).toMatchObject({
      code: 'route-not-found',
    });
  });

  it('that is right passes from an address that failed too often', async () => {
    const { app } = await start();
    const codes: number[] = [];
    const headers = { authorization: 'Bearer lka_wrong' };
    for (let n = 0; n < 12; n++) codes.push((await app.inject({ url: '/v1/groups', headers })).statusCode);
    expect(codes).toEqual([...Array<number>(10).fill(401), 429, 429]);
    const groups = { list: async () => [] } as unknown as ApiServices['groups'];
    const { app: healthy } = await start({ groups });
    for (let n = 0; n < 12; n++) await healthy.inject({ url: '/v1/groups', headers });
    expect((await healthy.inject({ url: '/v1/groups', headers: { authorization } })).statusCode).toBe(200);
  });
});

it('whoever is not signed in guesses nothing, so that a campus behind one address is not limited', async () => {
  const { app } = await start();
  for (let n = 0; n < 50; n++) {
    const headers = n % 2 === 0 ? {} : { cookie: `__Host-latchkey=${'A'.repeat(43)}` };
    expect((await app.inject({ url: '/v1/me', headers })).statusCode).toBe(401);
  }
});

describe('an error answer', () => {
  it('has the one form, in Chinese unless English is preferred', async () => {
    const { app } = await start();
    const chinese = await app.inject({ url: '/v1/groups' });
    expect(apiError.parse(chinese.json()).message).toContain('令牌');
    expect(chinese.headers['content-language']).toBe('zh-CN');
    const english = await app.inject({ url: '/v1/groups', headers: { 'accept-language': 'en-GB,zh;q=0.5' } });
    expect(apiError.parse(english.json()).message).toContain('token');
  });

  it('names the field and what it takes', async () => {
    const { app } = await start();
    const answer = await app.inject({
      method: 'PUT',
      url: '/v1/people/2026000001',
      headers: { authorization, 'accept-language': 'en' },
      payload: { name: 'A', validFrom: 'tomorrow' },
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'invalid-request', field: 'validFrom' });
    expect(answer.json().fix).toContain('ISO 8601');
  });

  it('of a bug says nothing but the request id', async () => {
    const { app } = await start();
    const answer = await app.inject({ url: '/v1/groups', headers: { authorization } });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('reached the service');
    expect(answer.json().requestId).toBe(answer.headers['x-request-id']);
  });

  it('of a body in another form or size names that', async () => {
    const { app } = await start();
    const put = (payload: string, type: string) =>
      app.inject({
        method: 'PUT',
        url: '/v1/groups/g',
        headers: { authorization, 'content-type': type },
        payload,
      });
    expect((await put('{', 'application/json')).json().code).toBe('malformed-body');
    expect((await put('a,b', 'text/csv')).json().code).toBe('unsupported-media-type');
    expect((await put(`{"name":"${'x'.repeat(70_000)}"}`, 'application/json')).json().code).toBe('body-too-large');
  });
});

it('security headers are on every answer', async () => {
  const { app } = await start();
  const answer = await app.inject({ url: '/v1/health' });
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
  expect(answer.headers['cache-control']).toBe('no-store');
});

it('numbers, names and tokens stay out of the log', async () => {
  const people = {
    get: async () => Promise.reject(new Error('no row for 2026000001 and card 04A1B2C3D4E580')),
  } as unknown as ApiServices['people'];
  const { app, lines } = await start({ people });
  await app.inject({ url: '/v1/people/2026000001', headers: { authorization } });
  await app.inject({ url: '/v1/people?number=2026000001', headers: { authorization: 'Bearer lka_wrong' } });
  await app.inject({
    method: 'PUT',
    url: '/v1/people/2026000001',
    headers: { authorization },
    payload: { name: '王小明', kind: 'nobody' },
  });
  const log = lines.join('');
  expect(log).toContain('/v1/people/:id');
  for (const secret of ['2026000001', '04A1B2C3D4E580', 'lka_', '王小明']) expect(log).not.toContain(secret);
});

it('the committed OpenAPI document is what the routes say (LATCHKEY_UPDATE=1 rewrites it)', async () => {
  const path = new URL('../../openapi.json', import.meta.url);
  const version = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Package).version;
  const document = JSON.parse(JSON.stringify(await openApiDocument(version))) as unknown;
  if (process.env['LATCHKEY_UPDATE'] === '1') writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`);
  expect(document).toEqual(JSON.parse(readFileSync(path, 'utf8')));
});

interface Package {
  readonly version: string;
}

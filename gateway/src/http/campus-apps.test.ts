// SPDX-License-Identifier: Apache-2.0
// Who has an app's secret opens doors for people; nobody else does, and no request does twice.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { err, ok } from '@latchkey/protocols/result';
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../app/logger.ts';
import { createCampusApps } from './campus-apps.ts';
import type { KeychainService } from './keychain-service.ts';
import { createServer } from './server.ts';
import type { ApiServices } from './services.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const NOW_MS = 1_795_392_000_000;
const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const opened: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close();
});

interface Sent {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly body: string;
}
const OPEN: Sent = {
  method: 'POST',
  url: '/v1/app/doors/room-101/open',
  body: JSON.stringify({ person: 'S1', confirm: 'tap-0000000000000001' }),
};
const DOORS: Sent = { method: 'GET', url: '/v1/app/doors?person=S1', body: '' };

function sign(
  { method, url, body }: Sent,
  over: { secret?: string; atMs?: number; nonce?: string; key?: string } = {},
) {
  const { secret = SECRET, atMs = NOW_MS, nonce = randomBytes(16).toString('hex'), key = 'jinri' } = over;
  const timestamp = String(Math.floor(atMs / 1_000));
  const text = [method, url, timestamp, nonce, createHash('sha256').update(body).digest('hex')].join('\n');
  return {
    'latchkey-key': key,
    'latchkey-timestamp': timestamp,
    'latchkey-nonce': nonce,
    'latchkey-signature': createHmac('sha256', secret).update(text).digest('hex'),
  };
}

const appsAt = (nowMs: () => number, requestsPerMinute = 1_000) =>
  createCampusApps({ apps: [{ id: 'jinri', secret: new Uint8Array(Buffer.from(SECRET)), requestsPerMinute }], nowMs });
const check = (headers: Record<string, string>, sent = OPEN, nowMs = NOW_MS) =>
  appsAt(() => nowMs).check({ ...sent, headers, body: Buffer.from(sent.body) });
const NOBODY = { ok: false, code: 'unauthenticated' };

describe('a signed request', () => {
  it('is of the app whose secret signed it, within a minute', () => {
    expect(check(sign(OPEN))).toEqual(ok('jinri'));
    for (const skewMs of [-59_000, 59_000]) expect(check(sign(OPEN, { atMs: NOW_MS + skewMs }))).toEqual(ok('jinri'));
    for (const skewMs of [-61_000, 62_000]) expect(check(sign(OPEN, { atMs: NOW_MS + skewMs }))).toMatchObject(NOBODY);
  });

  it('is good once, however long it is kept', () => {
    let nowMs = NOW_MS;
    const apps = appsAt(() => nowMs);
    const headers = sign(OPEN, { atMs: NOW_MS + 60_000 });
    const again = () => apps.check({ ...OPEN, headers, body: Buffer.from(OPEN.body) });
    expect(again()).toEqual(ok('jinri'));
    for (let step = 0; step <= 200; step++) {
      nowMs = NOW_MS + step * 1_000;
      expect(again()).toMatchObject(NOBODY);
    }
  });

  it('is nobody’s once anything of it is different', () => {
    const headers = sign(OPEN);
    expect(check(headers, { ...OPEN, url: '/v1/app/doors/room-102/open' })).toMatchObject(NOBODY);
    expect(check(headers, { ...OPEN, body: OPEN.body.replace('S1', 'S2') })).toMatchObject(NOBODY);
    expect(check(headers, { ...OPEN, method: 'GET' })).toMatchObject(NOBODY);
    expect(check(sign(OPEN, { secret: 'f'.repeat(32) }))).toMatchObject(NOBODY);
    expect(check(sign(OPEN, { key: 'other' }))).toMatchObject(NOBODY);
    for (const name of Object.keys(headers)) expect(check({ ...headers, [name]: '' }), name).toMatchObject(NOBODY);
  });

  it('with any characters for headers is refused, never a fault', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom(...Object.values(sign(OPEN))));
    fc.assert(
      fc.property(text, text, text, text, (key, timestamp, nonce, signature) => {
        const headers = {
          'latchkey-key': key,
          'latchkey-timestamp': timestamp,
          'latchkey-nonce': nonce,
          'latchkey-signature': signature,
        };
        expect(check(headers).ok).toBe(false);
      }),
    );
  });

  it('counts for its app, which has so many a minute', () => {
    let nowMs = NOW_MS;
    const apps = appsAt(() => nowMs, 2);
    const ask = () => apps.check({ ...DOORS, headers: sign(DOORS, { atMs: nowMs }), body: new Uint8Array(0) });
    expect([ask().ok, ask().ok]).toEqual([true, true]);
    expect(ask()).toMatchObject({ ok: false, code: 'too-many-attempts' });
    nowMs += 60_000;
    expect(ask().ok).toBe(true);
  });

  it('is what the README shows', () => {
    const part = README.slice(README.indexOf('## Keychain and campus apps'));
    const sample = /```http\n(\w+) (\S+)\n([\s\S]*?)\n\n(.*)\n```/.exec(part);
    const [, method = '', url = '', lines = '', body = ''] = sample ?? [];
    const headers = Object.fromEntries(lines.split('\n').map((line) => line.split(': ') as [string, string]));
    expect(check(headers, { method: method as 'POST', url, body })).toEqual(ok('jinri'));
    expect(part).toContain(SECRET);
  });
});

describe('routes for campus apps', () => {
  const asked: unknown[] = [];
  const opening = { id: 'ab'.repeat(8), portal: 'room-101', state: 'waiting', reason: null, elapsedMs: null };
  const keychain = {
    doors: async (person: string) => (asked.push(person), person === 'S1' ? ok([]) : err('not-found')),
    open: async (person: string, tap: object) => (
      asked.push({ person, ...tap }), ok({ ...opening, askedAt: '2026-11-23T01:00:00.000Z' })
    ),
    opening: async (person: string, id: string) => (
      asked.push({ person, id }), ok({ ...opening, state: 'opened', askedAt: '2026-11-23T01:00:00.000Z' })
    ),
  } as unknown as KeychainService;

  async function start() {
    asked.length = 0;
    const lines: string[] = [];
    const app = await createServer({
      services: new Proxy({ keychain } as unknown as ApiServices, {
        get: (target, name) => Reflect.get(target, name) ?? { list: async () => [] },
      }),
      token: { accepts: () => true },
      campusApps: appsAt(() => NOW_MS),
      logger: createLogger('debug', { write: (line) => void lines.push(line) }),
      version: '0',
      monotonicMs: () => performance.now(),
    });
    opened.push(app);
    const send = (sent: Sent, headers: Record<string, string> = sign(sent)) =>
      app.inject({
        ...sent,
        headers: { ...headers, ...(sent.body === '' ? {} : { 'content-type': 'application/json' }) },
        ...(sent.body === '' ? {} : { payload: sent.body }),
      });
    return { send, lines };
  }

  it('list, open and follow for the person whom the app names', async () => {
    const { send } = await start();
    expect((await send(DOORS)).json()).toEqual({ items: [] });
    expect((await send(OPEN)).statusCode).toBe(202);
    const follow = { method: 'GET' as const, url: `/v1/app/openings/${opening.id}?person=S1`, body: '' };
    expect((await send(follow)).json()).toMatchObject({ state: 'opened' });
    const tap = { person: 'S1', portal: 'room-101', confirm: 'tap-0000000000000001', via: 'jinri' };
    expect(asked).toEqual(['S1', tap, { person: 'S1', id: opening.id }]);
    expect((await send({ ...DOORS, url: '/v1/app/doors?person=S9' })).statusCode).toBe(404);
  });

  it('are closed to the administrator’s token, and to whoever signs nothing or wrongly', async () => {
    const { send, lines } = await start();
    for (const headers of [{}, { authorization: 'Bearer lka_right' }, sign(OPEN, { secret: 'x'.repeat(32) })])
      expect((await send(OPEN, headers)).statusCode).toBe(401);
    expect((await send({ ...OPEN, body: `${OPEN.body}${' '.repeat(5_000)}` })).statusCode).toBe(413);
    expect(asked).toEqual([]);
    expect(lines.join('')).not.toMatch(/S1|tap-0000/);
  });

  it('limit guesses by address, and taps of one person like the pass does', async () => {
    const { send } = await start();
    const statuses: number[] = [];
    for (let n = 0; n < 12; n++) statuses.push((await send(OPEN, sign(OPEN, { secret: 'x'.repeat(32) }))).statusCode);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    const taps: number[] = [];
    for (let n = 0; n < 13; n++) taps.push((await send(OPEN)).statusCode);
    expect(taps).toEqual([...Array<number>(12).fill(202), 429]);
  });
});

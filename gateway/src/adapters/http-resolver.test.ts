// SPDX-License-Identifier: Apache-2.0
// The resolver's TLS: only a system whose certificate the configured authority signed is told a code.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CodeResolver } from '../ports/code-resolver.ts';
import { openAuthority } from './ca.ts';
import { createHttpResolver, type HttpResolverOptions } from './http-resolver.ts';

const SECRET = new Uint8Array(32).fill(7);
const CODE = '880000000000000001';
let directory: string;
let server: Server;
let ca: string;
let heard: { url: string | undefined; headers: IncomingHttpHeaders; body: string }[];
let reply: { status: number; body: string };
const resolvers: CodeResolver[] = [];

beforeEach(async () => {
  heard = [];
  reply = { status: 200, body: '{"ok":true,"who":"S1"}' };
  directory = await mkdtemp(join(tmpdir(), 'latchkey-tls-'));
  const authority = await openAuthority({ directory, names: [], nowMs: Date.now, randomBytes });
  ca = authority.certificate;
  server = createServer({ ...authority.server }, (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('utf8');
    });
    request.on('end', () => {
      heard.push({ url: request.url, headers: request.headers, body });
      response.writeHead(reply.status).end(reply.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const resolver of resolvers.splice(0)) resolver.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

const common = (): HttpResolverOptions => ({
  url: new URL(`https://localhost:${(server.address() as AddressInfo).port}/look?scene=gate`),
  method: 'POST',
  secret: SECRET,
  id: 'pay',
  timeoutMs: 500,
  headers: { 'x-app': 'gate' },
  codeField: 'code',
  fields: { scene: 'gate' },
  ok: { pointer: '/ok', value: true },
  subject: '/who',
  nowMs: () => 1_795_000_000_123,
  randomBytes: (count) => new Uint8Array(count).fill(0xab),
});

function open(trusted: { readonly ca?: string } = { ca }): CodeResolver {
  const resolver = createHttpResolver({ ...common(), ...trusted });
  resolvers.push(resolver);
  return resolver;
}

it('asks with the code in the body alone, signed over method, address, time, nonce and body', async () => {
  expect(await open().resolve(CODE, 600)).toEqual({ outcome: 'known', person: 'S1' });
  const [{ url, headers, body } = { url: '', headers: {}, body: '' }] = heard;
  expect(JSON.parse(body)).toEqual({ code: CODE, scene: 'gate' });
  expect(JSON.stringify([url, headers])).not.toContain(CODE);
  expect(headers).toMatchObject({ 'x-app': 'gate', 'latchkey-key': 'pay', 'latchkey-timestamp': '1795000000' });
  const digest = createHash('sha256').update(body).digest('hex');
  const signed = `POST\n/look?scene=gate\n1795000000\n${'ab'.repeat(16)}\n${digest}`;
  expect(headers['latchkey-signature']).toBe(createHmac('sha256', SECRET).update(signed).digest('hex'));
});

it('tells no code to a system that another authority vouches for, or nobody', async () => {
  const other = await openAuthority({ directory: join(directory, 'other'), names: [], nowMs: Date.now, randomBytes });
  for (const trusted of [{ ca: other.certificate }, {}])
    expect(await open(trusted).resolve(CODE, 600)).toEqual({ outcome: 'failed', cause: 'unreachable' });
  expect(heard).toEqual([]);
});

it.each([
  [200, '{"ok":true,"who":20260001}', { outcome: 'known', person: '20260001' }],
  [200, '{"ok":false}', { outcome: 'unknown' }],
  [200, '{"ok":"true","who":"S1"}', { outcome: 'unknown' }],
  [404, '', { outcome: 'unknown' }],
  [422, '{"ok":true,"who":"S1"}', { outcome: 'unknown' }],
  [200, '{"ok":true}', { outcome: 'failed', cause: 'unintelligible' }],
  [200, '{"ok":true,"who":"../../etc"}', { outcome: 'failed', cause: 'unintelligible' }],
  [200, '{"ok":true,"who":["S1"]}', { outcome: 'failed', cause: 'unintelligible' }],
  [200, '[]', { outcome: 'failed', cause: 'unintelligible' }],
  [200, '', { outcome: 'failed', cause: 'unintelligible' }],
  [401, '{"ok":true,"who":"S1"}', { outcome: 'failed', cause: 'refused' }],
  [201, '{"ok":true,"who":"S1"}', { outcome: 'failed', cause: 'refused' }],
])('reads %i %s as %j', async (status, body, expected) => {
  reply = { status, body };
  expect(await open().resolve(CODE, 600)).toEqual(expected);
});

// SPDX-License-Identifier: Apache-2.0
// A whole gateway: first start, what a card office and a controller do over HTTPS, restart, and what keeps it from starting.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { changed } from '@latchkey/protocols/api/common';
import { importDifference } from '@latchkey/protocols/api/imports';
import { commandState, enrolAnswer, explanation } from '@latchkey/protocols/api/operations';
import { cardChange, personPage } from '@latchkey/protocols/api/people';
import { deviceCode, deviceCollection, scopeList } from '@latchkey/protocols/api/places';
import { ok } from '@latchkey/protocols/result';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { makeRequest } from '../adapters/device.test-support.ts';
import { type ApiClient, createApiClient } from './commands/api-client.ts';
import { latchkey } from './commands/pretend-gateway.test-support.ts';
import { type GatewayConfigInput, gatewayConfig } from './config.ts';
import type { Enrolment } from './enrolment.ts';
import { type RunningGateway, startGateway } from './start-gateway.ts';
import { enrolTestDevice, TestDevice } from './test-device.test-support.ts';

const DAY_MS = 86_400_000;
const root = mkdtempSync(join(tmpdir(), 'latchkey-gateway-'));
const config = (over: GatewayConfigInput = {}) =>
  gatewayConfig.parse({
    dataDir: join(root, 'data'),
    site: 'test',
    https: { port: 0 },
    mqtt: { port: 0 },
    web: { http: { port: 0 } },
    demoKeys: true,
    logLevel: 'silent',
    ...over,
  });

let gateway: RunningGateway;
let client: ApiClient;

async function start(): Promise<void> {
  gateway = await startGateway(config());
  client = createApiClient({
    url: new URL(gateway.url),
    ca: readFileSync(gateway.caFile, 'utf8'),
    token: readFileSync(gateway.adminTokenFile, 'utf8').trim(),
    language: 'en',
  });
}
async function stop(): Promise<void> {
  client.close();
  await gateway.close();
}

beforeAll(start);
afterAll(async () => {
  await stop();
  rmSync(root, { recursive: true });
});

/** Enrolment as an administrator and a controller do it, over the API. */
const overHttps = (client: ApiClient) =>
  ({
    add: async (body: object) =>
      ok(await client.call({ method: 'POST', path: '/v1/devices', body, answer: deviceCode })),
    enrol: async (body: object) =>
      ok(await client.call({ method: 'POST', path: '/v1/enroll', body, answer: enrolAnswer })),
  }) as unknown as Enrolment;

const PEOPLE = '学号,姓名,组\n2026000001,王小明,dorm-3\n2026000002,李华,dorm-3\n';

describe('a gateway started on nothing', () => {
  it('is ready, describes itself, and keeps what it made to its owner', async () => {
    expect(await client.call({ path: '/v1/ready', answer: z.object({ status: z.literal('ready') }) })).toBeDefined();
    const document = await client.call({ path: '/v1/openapi.json', answer: z.looseObject({ openapi: z.string() }) });
    expect(document.openapi).toBe('3.1.0');
    expect(statSync(config().dataDir).mode & 0o077).toBe(0);
    expect(statSync(gateway.adminTokenFile).mode & 0o077).toBe(0);
  });

  it('imports people: a dry run changes nothing, the import does', async () => {
    const group = { name: '3 号楼' };
    await client.call({ method: 'PUT', path: '/v1/groups/dorm-3', body: group, answer: changed });
    const send = (query: string) =>
      client.call({
        method: 'POST',
        path: `/v1/imports/people${query}`,
        csv: Buffer.from(PEOPLE),
        answer: importDifference,
      });
    expect(await send('?dryRun=true')).toMatchObject({ applied: false, added: 2 });
    expect((await client.call({ path: '/v1/people', answer: personPage })).items).toEqual([]);
    expect(await send('')).toMatchObject({ applied: true, added: 2 });
    expect(await send('')).toMatchObject({ applied: true, added: 0, unchanged: 2 });
  });

  it('signs a list of what was given out, and explains it', async () => {
    const put = (path: string, body: object) => client.call({ method: 'PUT', path, body, answer: changed });
    await put('/v1/scopes/7', { name: 'Dorm 3' });
    await put('/v1/portals/dorm-3-gate', { name: 'Gate', scope: 7 });
    const level = { name: 'Residents', groups: ['dorm-3'], portals: ['dorm-3-gate'], schedule: 'always' };
    await put('/v1/levels/residents', level);
    const card = { number: '04A1B2C3D4E580', person: '2026000001' };
    await client.call({ method: 'POST', path: '/v1/cards', body: card, answer: z.looseObject({ id: z.string() }) });
    const explain = (body: object) =>
      client.call({
        method: 'POST',
        path: '/v1/explain',
        body: { portal: 'dorm-3-gate', ...body },
        answer: explanation,
      });
    await vi.waitFor(
      async () => {
        const { items } = await client.call({ path: '/v1/scopes', answer: scopeList });
        expect(items).toMatchObject([{ id: 7, credentials: 1 }]);
      },
      { timeout: 10_000, interval: 100 },
    );
    expect((await explain({ person: '2026000001' })).cards).toMatchObject([{ outcome: 'granted', reason: null }]);
    expect((await explain({ number: '04FFFFFFFFFFFF' })).cards).toMatchObject([{ reason: 'UnknownCredential' }]);
    const lost = { number: '04A1B2C3D4E580' };
    await client.call({ method: 'POST', path: '/v1/revocations', body: lost, answer: cardChange });
    expect((await explain({ person: '2026000001' })).cards).toMatchObject([{ outcome: 'denied' }]);
  });

  it('enrols a controller by its code, once', async () => {
    const made = await client.call({ method: 'POST', path: '/v1/devices', body: { id: 'gate-1' }, answer: deviceCode });
    const { csr } = await makeRequest();
    const pair = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits']);
    const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
    const body = { code: made.code, csr, encryptionKey: { kty, crv, x, y } };
    const enrol = () => client.call({ method: 'POST', path: '/v1/enroll', body, answer: enrolAnswer });
    expect(await enrol()).toMatchObject({ site: 'test', device: 'gate-1' });
    await expect(enrol()).rejects.toThrow(/make a new one/);
    const { items } = await client.call({ path: '/v1/devices', answer: deviceCollection });
    expect(items).toMatchObject([{ id: 'gate-1', state: 'enrolled', online: false }]);
  });

  it('reaches a connected controller: its list, an unlock it confirms, an event on the live stream', async () => {
    const portal = { name: 'Gate', scope: 7, device: 'gate-2' };
    const door = await enrolTestDevice(overHttps(client), 'gate-2');
    await client.call({ method: 'PUT', path: '/v1/portals/dorm-3-gate', body: portal, answer: changed });
    const device = new TestDevice(door);
    await device.connect(Number(new URL(gateway.mqttUrl).port));
    await device.hello(Date.now());
    await vi.waitFor(() => expect(device.lists.get(7)?.count).toBe(0), { timeout: 10_000 });
    const unlocked = await client.call({
      method: 'POST',
      path: '/v1/portals/dorm-3-gate/unlock',
      answer: commandState,
    });
    expect(unlocked).toMatchObject({ device: 'gate-2', state: 'done' });
    const stream = client.lines('/v1/events/stream', 'text/event-stream')[Symbol.asyncIterator]();
    expect((await stream.next()).value).toBe(': open');
    const happened = { type: 'request-to-exit', at: Date.now(), clock: 'synced', portal: 'dorm-3-gate' };
    const batch = { epoch: 'aa'.repeat(8), first: 1, events: [happened] };
    // The stream counts from the moment it has looked where events end: repeated until one comes after that.
    const again = setInterval(() => void device.publish('ev', { ...batch, first: batch.first++ }), 200);
    const lines: string[] = [];
    while (!lines.at(-1)?.startsWith('data: ')) lines.push(String((await stream.next()).value));
    clearInterval(again);
    expect(JSON.parse(lines.at(-1)?.slice('data: '.length) ?? '')).toMatchObject({ device: 'gate-2', event: happened });
    await stream.return?.(undefined);
    await device.close();
  });

  it('says that a door did not open when its controller is away', async () => {
    await vi.waitFor(async () => {
      const unlocked = client.call({ method: 'POST', path: '/v1/portals/dorm-3-gate/unlock', answer: commandState });
      await expect(unlocked).rejects.toThrow(/not connected/);
    });
  });

  it('serves browsers on this machine without TLS, and others not', async () => {
    const { httpUrl = '' } = gateway;
    expect(httpUrl).toMatch(/^http:\/\/localhost:\d+$/);
    const methods = await fetch(`${httpUrl}/v1/sign-in/methods`);
    expect(await methods.json()).toEqual({ password: true, passkey: true, oidc: null });
    expect(methods.headers.get('strict-transport-security')).toBeNull();
    const body = JSON.stringify({ number: '2026000001', password: 'wrong' });
    const signIn = (origin: string) =>
      fetch(`${httpUrl}/v1/sign-in/password`, {
        method: 'POST',
        body,
        headers: { origin, 'content-type': 'application/json' },
      });
    expect((await signIn(httpUrl)).status).toBe(401);
    expect((await signIn(gateway.url)).status).toBe(401);
    expect((await signIn('http://localhost:1')).status).toBe(403);
  });

  it('counts for Prometheus', async () => {
    const lines: string[] = [];
    for await (const line of client.lines('/v1/metrics', 'text/plain')) lines.push(line);
    expect(lines).toContain('latchkey_controllers_connected 0');
    expect(lines.some((line) => line.startsWith('latchkey_http_request_seconds_count '))).toBe(true);
  });

  it('goes on where it was after a restart', async () => {
    await stop();
    await start();
    const { items } = await client.call({ path: '/v1/people', answer: personPage });
    expect(items.map(({ number }) => number)).toEqual(['2026000001', '2026000002']);
    const { items: scopes } = await client.call({ path: '/v1/scopes', answer: scopeList });
    expect(scopes[0]?.version).toBeGreaterThan(0);
  });
});

it('renews its certificate while it runs, for browsers and controllers', async () => {
  const { now } = Date;
  let aheadMs = 0;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + aheadMs);
  const timers = vi.spyOn(globalThis, 'setInterval');
  const running = await startGateway(config({ dataDir: join(root, 'renewing') }));
  const daily = timers.mock.calls.filter(([, ms]) => ms === DAY_MS).map(([look]) => look);
  timers.mockRestore();
  const before = await Promise.all([running.url, running.mqttUrl].map(certificateAt));
  aheadMs = 350 * DAY_MS;
  for (const look of daily) look();
  try {
    await vi.waitFor(async () => {
      const [https, mqtt] = await Promise.all([running.url, running.mqttUrl].map(certificateAt));
      expect([https, mqtt]).not.toContain(before[0]);
      expect(https).toBe(mqtt);
    });
  } finally {
    clock.mockRestore();
    await running.close();
  }
});

function certificateAt(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
    socket.once('error', reject).once('secureConnect', () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
  });
}

describe('a gateway that cannot start says why and what to do', () => {
  it('without keys', async () => {
    const start = startGateway(config({ dataDir: join(root, 'keyless'), demoKeys: false }));
    await expect(start).rejects.toThrow(/holds no keys to sign with/);
  });

  it('beside another on the same data', async () => {
    await expect(startGateway(config())).rejects.toThrow(/runs on .* already/);
  });

  it('on a port that is taken', async () => {
    const port = Number(new URL(gateway.url).port);
    const start = startGateway(config({ dataDir: join(root, 'second'), https: { port } }));
    await expect(start).rejects.toThrow(/is taken by another program/);
  });

  it('as a program: one line, exit code 1', async () => {
    const { code, stderr } = await latchkey(['gateway', '--data', join(root, 'keyless'), '--log-level', 'silent']);
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('--demo-keys');
  });
});

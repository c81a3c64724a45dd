// SPDX-License-Identifier: Apache-2.0
// The link against a real broker over mutual TLS: who it talks to, what it says when it goes, how it comes back (DESIGN 6).
import { type AddressInfo, createServer as createTcp, type Socket, type Server as TcpServer } from 'node:net';
import { createServer, type Server } from 'node:tls';
import type { DeviceId, SiteId } from '@latchkey/protocols/ids';
import { Aedes } from 'aedes';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Link, LinkHandlers } from '../ports/link.ts';
import { type Issued, makeAuthority, type TestAuthority } from './authority.test-support.ts';
import { createMqttLink, type MqttLinkOptions } from './mqtt-link.ts';

/** A busy machine is slow, not wrong. */
const until = <T>(probe: () => T, interval = 20) => expect.poll(probe, { timeout: 15_000, interval });

const SITE = 'campus' as SiteId;
const DEVICE = 'gate-1' as DeviceId;
const QUICK = { firstMs: 10, baseMs: 20, maxMs: 50 };

let authority: TestAuthority;
let server: Issued;
let device: Issued;
let broker: Aedes;
let tls: Server;
let url: string;
const sockets = new Set<Socket>();
const links: Link[] = [];
const seen: { topic: string; payload: string }[] = [];

beforeAll(async () => {
  authority = await makeAuthority();
  server = await authority.issue('gateway', ['localhost', '127.0.0.1']);
  device = await authority.issue(DEVICE);
});

async function listen(credentials: Issued, port = 0): Promise<void> {
  tls = createServer({ ...credentials, ca: authority.ca, requestCert: true, rejectUnauthorized: true }, broker.handle);
  tls.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  tls.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => tls.listen(port, '127.0.0.1', resolve));
  url = `mqtts://localhost:${(tls.address() as AddressInfo).port}`;
}

const stop = () =>
  new Promise<void>((resolve) => {
    tls.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });

beforeEach(async () => {
  seen.length = 0;
  broker = await Aedes.createBroker();
  broker.on('publish', (packet, client) => {
    if (client || packet.topic.endsWith('/bye')) seen.push({ topic: packet.topic, payload: packet.payload.toString() });
  });
  await listen(server);
});

afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()));
  await stop();
  await new Promise<void>((resolve) => broker.close(resolve));
});

function recorder() {
  const log: string[] = [];
  const handlers: LinkHandlers = {
    onMessage: (kind, payload) => log.push(`${kind} ${Buffer.from(payload).toString()}`),
    onUp: () => log.push('up'),
    onDown: () => log.push('down'),
  };
  return { log, handlers };
}

function link(options: Partial<MqttLinkOptions> = {}): Link {
  const made = createMqttLink({
    url,
    site: SITE,
    device: DEVICE,
    tls: { ca: authority.ca, ...device },
    farewell: () => Buffer.from('farewell'),
    unit: () => 0.5,
    backoff: QUICK,
    ...options,
  });
  links.push(made);
  return made;
}

const send = (topic: string, payload: string, qos: 0 | 1 = 1) =>
  new Promise<void>((resolve, reject) => {
    broker.publish({ cmd: 'publish', topic, payload, qos, retain: false, dup: false }, (error) =>
      error ? reject(error) : resolve(),
    );
  });

describe('messages', () => {
  it('reach the device by their kind, and only its own and the broadcast', async () => {
    const { log, handlers } = recorder();
    await link().start(handlers);
    await until(() => log).toEqual(['up']);
    await send('lk/v1/campus/gate-1/dn/cmd', 'one');
    await send('lk/v1/campus/gate-2/dn/cmd', 'not mine');
    await send('lk/v1/campus/bc', 'all');
    await until(() => log).toEqual(['up', 'cmd one', 'bc all']);
  });

  it('a publish resolves once the broker has it, on the topic of this device', async () => {
    const { log, handlers } = recorder();
    const made = link();
    await made.start(handlers);
    await until(() => log).toContain('up');
    await made.publish('hello', Buffer.from('hi'));
    expect(seen.at(-1)).toEqual({ topic: 'lk/v1/campus/gate-1/up/hello', payload: 'hi' });
  });

  it('a publish without a connection fails at once and is not kept for later', async () => {
    await stop();
    const { handlers, log } = recorder();
    const made = link();
    await made.start(handlers);
    await expect(made.publish('ev', Buffer.from('lost?'))).rejects.toMatchObject({ code: 'LINK_DOWN' });
    await listen(server, Number(new URL(url).port));
    await until(() => log).toContain('up');
    expect(seen.filter(({ topic }) => topic.endsWith('/ev'))).toEqual([]);
  });
});

describe('the connection', () => {
  it('comes back by itself when the broker was away, telling down and up', async () => {
    const { log, handlers } = recorder();
    await link().start(handlers);
    await until(() => log).toEqual(['up']);
    const port = Number(new URL(url).port);
    await stop();
    await until(() => log).toEqual(['up', 'down']);
    await listen(server, port);
    await until(() => log).toEqual(['up', 'down', 'up']);
    await send('lk/v1/campus/gate-1/dn/cmd', 'again');
    await until(() => log.at(-1)).toBe('cmd again');
  });

  it('leaves a will of the session that ended', async () => {
    let session = 0;
    const { log, handlers } = recorder();
    await link({ farewell: () => Buffer.from(`session ${++session}`) }).start(handlers);
    await until(() => log).toEqual(['up']);
    for (const socket of sockets) socket.destroy();
    await until(() => seen).toContainEqual({ topic: 'lk/v1/campus/gate-1/up/bye', payload: 'session 1' });
    await until(() => session).toBe(2);
  });

  it('is noticed dead when packets vanish', async () => {
    const target = Number(new URL(url).port);
    const { proxy, port, freeze } = await blackHole(target);
    const { log, handlers } = recorder();
    await link({ url: `mqtts://localhost:${port}`, keepaliveS: 1 }).start(handlers);
    await until(() => log).toEqual(['up']);
    freeze();
    await until(() => log).toEqual(['up', 'down']);
    proxy.close();
  });
});

describe('the other side', () => {
  it('with a certificate of another authority is not talked to', async () => {
    const stranger = await makeAuthority('Stranger');
    const port = Number(new URL(url).port);
    await stop();
    await listen(await stranger.issue('gateway', ['localhost']), port);
    const errors: string[] = [];
    const { log, handlers } = recorder();
    await link({ log: (_message, fields) => errors.push(String(fields['error'])) }).start(handlers);
    await until(() => errors.length).toBeGreaterThan(0);
    expect(log).toEqual([]);
  });

  it('with another name is not talked to', async () => {
    const errors: string[] = [];
    const { log, handlers } = recorder();
    await link({
      servername: 'gateway.campus',
      log: (_message, fields) => errors.push(String(fields['error'])),
    }).start(handlers);
    await until(() => errors).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(log).toEqual([]);
  });

  it('never sees a key in what is logged', async () => {
    const errors: string[] = [];
    await link({
      servername: 'gateway.campus',
      log: (message, fields) => errors.push(message + JSON.stringify(fields)),
    }).start(recorder().handlers);
    await until(() => errors.length).toBeGreaterThan(1);
    expect(errors.join()).not.toMatch(/PRIVATE|BEGIN/);
  });
});

/** A relay that can stop passing bytes without closing anything. */
async function blackHole(target: number): Promise<{ proxy: TcpServer; port: number; freeze: () => void }> {
  const { connect } = await import('node:net');
  let frozen = false;
  const proxy = createTcp((near) => {
    const far = connect(target, '127.0.0.1');
    near.on('data', (bytes) => frozen || far.write(bytes));
    far.on('data', (bytes) => frozen || near.write(bytes));
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
    near.on('close', () => far.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return { proxy, port: (proxy.address() as AddressInfo).port, freeze: () => (frozen = true) };
}

// SPDX-License-Identifier: Apache-2.0
// A desk's connection over real TCP and TLS: kept open, verified, and given up where it should be. A scripted server stands in.
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SipRequest } from '../core/desk-sip-requests.ts';
import { libraryWiring } from '../core/wiring-library.ts';
import { makeAuthority, type TestAuthority } from './authority.test-support.ts';
import { createSip2Client, type Sip2Client } from './sip2-client.ts';
import { systemClock } from './system-clock.ts';

const NOW = '20261123    101500';
const STATUS = `98YYYYYN050003${NOW}2.00AOLIB|AMLibrary|BXYYYYYYYYYYYYYYYY|`;
const ITEM: SipRequest<'17'> = {
  code: '17',
  fixed: { transactionDate: { local: '2026-11-23T10:15:00', zone: '' } },
  fields: { AO: 'LIB', AB: 'B1' },
};
const TOLD = `18030001${NOW}ABB1|AJTitle|`;

const sockets = new Set<Socket>();
let server: Server | undefined;
let client: Sip2Client | undefined;
let heard: string[] = [];
let logged: string[] = [];
let states: string[] = [];

async function serve(answer: (text: string) => string | undefined, tls?: TlsOptions): Promise<number> {
  heard = [];
  const onSocket = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const text = chunk.toString().trim();
      heard.push(text);
      const said = answer(text);
      if (said !== undefined) socket.write(`${said}\r`);
    });
  };
  const made = tls ? createTlsServer(tls, onSocket) : createServer(onSocket);
  made.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  server = made;
  return (made.address() as AddressInfo).port;
}

function connect(port: number, change: object = {}): Sip2Client {
  logged = [];
  states = [];
  const wiring = libraryWiring.parse({ host: '127.0.0.1', port, checksum: 'off', timeoutMs: 500, ...change });
  const made = createSip2Client({
    wiring,
    clock: systemClock,
    random: { unit: () => 0 },
    onState: () => states.push(made.state().state),
    log: (message, fields) => logged.push(`${message}: ${JSON.stringify(fields)}`),
  });
  client = made;
  made.start();
  return made;
}
const polite = (text: string): string | undefined =>
  ({ '99': STATUS, '93': '941', '17': TOLD })[text.slice(0, 2)] ?? undefined;
const isUp = () => expect.poll(() => `${client?.state().state}${logged.join()}`, { timeout: 15_000 }).toMatch(/^up/);
const fails = (words: string) => expect.poll(() => logged.join('\n'), { timeout: 10_000 }).toContain(words);

afterEach(async () => {
  await client?.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
});

describe('a connection to the library', () => {
  it('is there after the greeting, and answers', async () => {
    const port = await serve(polite);
    const one = connect(port);
    await isUp();
    expect(one.state()).toEqual({ state: 'up', name: 'Library', takesStored: false });
    expect(await one.ask(ITEM)).toMatchObject({ ok: true, message: { code: '18' } });
    expect(states).toEqual(['up']);
  });

  it('comes back by itself, and what was under way is told as unknown', async () => {
    let isDeaf = true;
    const port = await serve((text) => (text.startsWith('17') && isDeaf ? undefined : polite(text)));
    const one = connect(port);
    await isUp();
    const asked = one.ask(ITEM);
    await expect.poll(() => heard.some((text) => text.startsWith('17'))).toBe(true);
    for (const socket of sockets) socket.destroy();
    expect(await asked).toEqual({ ok: false, sent: true });
    isDeaf = false;
    await isUp();
    expect(heard.filter((text) => text.startsWith('17'))).toHaveLength(1);
    expect(await one.ask(ITEM)).toMatchObject({ ok: true });
  });

  it('with a refused login is not tried again at once: servers lock such users out', async () => {
    const port = await serve((text) => (text.startsWith('93') ? '940' : polite(text)));
    connect(port, { login: { user: 'desk', password: 'wr0ng' } });
    await fails('the library refuses the login');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(heard).toHaveLength(1);
    expect(logged.join()).not.toContain('wr0ng');
  });

  it('to nobody is tried for ever, and says why', async () => {
    const port = await serve(polite);
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    connect(port);
    await fails('nothing listens there');
    expect(client?.state().state).toBe('offline');
    expect(await client?.ask(ITEM)).toEqual({ ok: false, sent: false });
  });

  it('that says nothing is given up and tried again', async () => {
    const port = await serve(() => undefined);
    connect(port);
    await fails('the library does not answer');
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBeGreaterThan(1);
  });
});

describe('TLS to the library', () => {
  let folder: string;
  let authority: TestAuthority;
  let issued: { cert: string; key: string };
  const path = (name: string) => join(folder, name);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sip2-tls-'));
    authority = await makeAuthority();
    issued = await authority.issue('library', ['sip.library.example']);
    const desk = await authority.issue('desk');
    const stranger = await makeAuthority('Somebody else');
    await writeFile(path('ca.pem'), authority.ca);
    await writeFile(path('other.pem'), stranger.ca);
    await writeFile(path('desk.pem'), desk.cert);
    await writeFile(path('desk.key'), desk.key);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const named = { serverName: 'sip.library.example' };
  const fingerprint = () => new X509Certificate(issued.cert).fingerprint256;

  it('is verified by the authority in a file', async () => {
    const port = await serve(polite, issued);
    connect(port, { tls: { ca: path('ca.pem'), ...named } });
    await isUp();
    expect(await client?.ask(ITEM)).toMatchObject({ ok: true });
  });

  it('shows a certificate of the desk where the server asks for one', async () => {
    const port = await serve(polite, { ...issued, ca: authority.ca, requestCert: true, rejectUnauthorized: true });
    connect(port, { tls: { ca: path('ca.pem'), certificate: path('desk.pem'), key: path('desk.key'), ...named } });
    await isUp();
  });

  it('trusts the one certificate of a fingerprint, of whatever name', async () => {
    const port = await serve(polite, issued);
    connect(port, { tls: { fingerprint: fingerprint() } });
    await isUp();
  });

  it.each([
    ['an authority that nobody named', () => true, 'name the authority'],
    ['another authority than the one named', () => ({ ca: path('other.pem'), ...named }), 'does not know'],
    ['another name', () => ({ ca: path('ca.pem'), serverName: 'elsewhere.example' }), 'for another name'],
    ['another certificate', () => ({ fingerprint: 'ab'.repeat(32) }), 'not the one whose fingerprint'],
    ['a file that is not there', () => ({ ca: path('none.pem') }), 'is not there'],
  ])('refuses %s, before anything is sent', async (_, tls, words) => {
    const port = await serve(polite, issued);
    connect(port, { tls: tls() });
    await fails(words);
    expect(heard).toEqual([]);
  });

  it('is not spoken by a server without it', async () => {
    const port = await serve(() => 'what?');
    connect(port, { tls: true });
    await fails('it speaks no TLS at this port');
  });
});

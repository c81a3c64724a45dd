// SPDX-License-Identifier: Apache-2.0
// The broker over real TLS with real clients: who gets in, who may say what, and that PUBACK follows the handling.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { type DeviceId, deviceId, siteId } from '@latchkey/protocols/ids';
import type { UpKind } from '@latchkey/protocols/mqtt/topics';
import type { MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, type BrokerHandlers, startBroker } from './broker.ts';
import { type CertificateAuthority, openAuthority } from './ca.ts';
import { certify, closed, dial, type TestIdentity } from './device.test-support.ts';

const SITE = siteId.parse('campus');
const ONE = deviceId.parse('gate-1');
const TWO = deviceId.parse('gate-2');
const up = (device: DeviceId, kind: string) => `lk/v1/campus/${device}/up/${kind}`;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Message {
  readonly device: string;
  readonly kind: UpKind;
  readonly text: string;
}

let directory: string;
let authority: CertificateAuthority;
let one: TestIdentity;
let two: TestIdentity;
let broker: Broker;
let messages: Message[];
let presence: string[];
let refused: Set<string>;
let handle: BrokerHandlers['message'];
let clients: MqttClient[];

const newAuthority = (name: string) =>
  openAuthority({ directory: join(directory, name), names: [], nowMs: Date.now, randomBytes });

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'broker-'));
  authority = await newAuthority('own');
  one = await certify(authority, ONE);
  two = await certify(authority, TWO);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

beforeEach(async () => {
  messages = [];
  presence = [];
  refused = new Set();
  clients = [];
  handle = async (device, kind, payload) => {
    messages.push({ device, kind, text: Buffer.from(payload).toString() });
  };
  broker = await startBroker({
    host: '127.0.0.1',
    port: 0,
    site: SITE,
    identity: authority.server,
    authority: authority.certificate,
    monotonicMs: () => performance.now(),
    limits: { pendingInAll: 100, pendingAnAddress: 100, connectionsADevice: 10, windowMs: 60_000 },
    log: () => undefined,
    handlers: {
      admit: async (_device, serial) => !refused.has(serial),
      connected: (device) => presence.push(`+${device}`),
      disconnected: (device) => presence.push(`-${device}`),
      message: (...message) => handle(...message),
    },
  });
});
afterEach(async () => {
  for (const client of clients) client.end(true);
  await broker.close();
});

async function connect(identity: TestIdentity, device: DeviceId, options: object = {}): Promise<MqttClient> {
  const client = await dial({
    port: broker.port,
    ca: authority.certificate,
    identity,
    options: { clientId: device, ...options },
  });
  clients.push(client);
  return client;
}

async function listening(identity: TestIdentity, device: DeviceId) {
  const client = await connect(identity, device);
  const heard: string[] = [];
  client.on('message', (topic, payload) => heard.push(`${topic.split('/').slice(-2).join('/')} ${payload.toString()}`));
  await client.subscribeAsync([`lk/v1/campus/${device}/dn/#`, 'lk/v1/campus/bc'], { qos: 1 });
  return { client, heard };
}

describe('connecting', () => {
  it('lets a certified device in and says so once', async () => {
    await connect(one, ONE);
    expect(broker.isConnected(ONE)).toBe(true);
    expect(presence).toEqual(['+gate-1']);
  });
  it('shows a renewed certificate to who comes then, asks for theirs as before, and keeps who is there', async () => {
    const first = await connect(one, ONE);
    const shown = () =>
      new Promise<string>((resolve, reject) => {
        const { certificate: cert, key } = two;
        const socket = tlsConnect(
          { port: broker.port, host: '127.0.0.1', ca: authority.certificate, cert, key },
          () => {
            resolve(socket.getPeerCertificate().serialNumber);
            socket.destroy();
          },
        ).on('error', reject);
      });
    const before = await shown();
    const later = { directory: join(directory, 'own'), names: [], randomBytes };
    const renewed = await openAuthority({ ...later, nowMs: () => Date.now() + 390 * 86_400_000 });
    broker.renewServer(renewed.server);
    expect(await shown()).not.toBe(before);
    expect(first.connected).toBe(true);
    await connect(two, TWO);
    const stranger = await certify(await newAuthority('stranger of later'), TWO);
    await expect(connect(stranger, TWO)).rejects.toThrow(/alert|certificate|closed|ECONNRESET/i);
  });
  it('refuses a certificate of an unknown authority', async () => {
    const stranger = await certify(await newAuthority('stranger'), ONE);
    await expect(connect(stranger, ONE)).rejects.toThrow(/alert|certificate|closed|ECONNRESET/i);
    expect(presence).toEqual([]);
  });
  it('refuses a connection without a certificate', async () => {
    const socket = tlsConnect({ host: 'localhost', port: broker.port, ca: authority.certificate });
    const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
    expect(error.message).toMatch(/certificate|alert/i);
  });
  it("refuses a client id that is not the certificate's name", async () => {
    await expect(connect(one, TWO)).rejects.toMatchObject({ code: 2 });
  });
  it('refuses a revoked certificate', async () => {
    refused.add(one.serial);
    await expect(connect(one, ONE)).rejects.toMatchObject({ code: 5 });
    await connect(two, TWO);
  });
  it.each([
    ['3.1', { protocolVersion: 3, protocolId: 'MQIsdp' }],
    ['5', { protocolVersion: 5 }],
  ])('refuses MQTT %s', async (_name, options) => {
    await expect(connect(one, ONE, options)).rejects.toThrow(/refused|unsupported|version|closed/i);
    expect(broker.connections()).toBe(0);
  });
  it('refuses a session that is to be kept', async () => {
    await expect(connect(one, ONE, { clean: false })).rejects.toMatchObject({ code: 5 });
  });
  it('refuses a device that connects too often', async () => {
    let failure: unknown;
    for (let attempt = 0; attempt < 20 && failure === undefined; attempt += 1) {
      await connect(one, ONE).then(
        (client) => client.end(true),
        (error) => {
          failure = error;
        },
      );
    }
    expect(failure).toMatchObject({ code: 3 });
  });
  it('a second connection of a device takes over', async () => {
    const first = await listening(one, ONE);
    const gone = closed(first.client);
    const second = await listening(one, ONE);
    await gone;
    expect(await broker.send(ONE, 'cmd', Buffer.from('x'))).toBe(true);
    await pause(50);
    expect(second.heard).toEqual(['dn/cmd x']);
    expect(first.heard).toEqual([]);
    expect(presence).toEqual(['+gate-1', '-gate-1', '+gate-1']);
  });
  it('a resumed TLS session is still the same device, and still checked', async () => {
    const dialOnce = (session?: Buffer) =>
      new Promise<{ session: Buffer; answer: Buffer }>((resolve, reject) => {
        const base = {
          host: 'localhost',
          port: broker.port,
          ca: authority.certificate,
          maxVersion: 'TLSv1.2' as const,
        };
        const socket = tlsConnect({ ...base, cert: one.certificate, key: one.key, ...(session ? { session } : {}) });
        const name = Buffer.from('gate-1');
        const variable = Buffer.concat([
          Buffer.from([0, 4]),
          Buffer.from('MQTT'),
          Buffer.from([4, 2, 0, 30, 0, name.length]),
          name,
        ]);
        socket.once('secureConnect', () =>
          socket.write(Buffer.concat([Buffer.from([0x10, variable.length]), variable])),
        );
        socket.once('data', (answer) => {
          resolve({ session: socket.getSession() as Buffer, answer });
          socket.destroy();
        });
        socket.once('error', reject);
      });
    const first = await dialOnce();
    expect([...first.answer]).toEqual([0x20, 2, 0, 0]);
    expect([...(await dialOnce(first.session)).answer]).toEqual([0x20, 2, 0, 0]);
    refused.add(one.serial);
    expect([...(await dialOnce(first.session)).answer]).toEqual([0x20, 2, 0, 5]);
  });
});

describe('messages from devices', () => {
  it('arrive with the name of the certificate', async () => {
    const client = await connect(one, ONE);
    await client.publishAsync(up(ONE, 'ev'), 'hi', { qos: 1 });
    expect(messages).toEqual([{ device: 'gate-1', kind: 'ev', text: 'hi' }]);
  });
  it('are acknowledged only once handled', async () => {
    let release: () => void = () => undefined;
    handle = () => new Promise((resolve) => (release = resolve));
    const client = await connect(one, ONE);
    let acknowledged = false;
    const sent = client.publishAsync(up(ONE, 'ev'), 'x', { qos: 1 }).then(() => (acknowledged = true));
    await pause(80);
    expect(acknowledged).toBe(false);
    release();
    await sent;
  });
  it('that cannot be handled end the connection instead of being acknowledged', async () => {
    handle = () => Promise.reject(new Error('disk full'));
    const client = await connect(one, ONE);
    let acknowledged = false;
    client.publish(up(ONE, 'ev'), 'x', { qos: 1 }, (error) => (acknowledged = !error));
    await closed(client);
    expect(acknowledged).toBe(false);
  });
  it.each<[string, string, object]>([
    ["another device's topic", 'lk/v1/campus/gate-2/up/ev', {}],
    ['the broadcast', 'lk/v1/campus/bc', {}],
    ['its own down topic', 'lk/v1/campus/gate-1/dn/cmd', {}],
    ["the broker's own topics", '$SYS/x/heartbeat', {}],
    ['a retained message', 'lk/v1/campus/gate-1/up/ev', { retain: true }],
    ['QoS 2', 'lk/v1/campus/gate-1/up/ev', { qos: 2 }],
  ])('%s ends the connection', async (_name, topic, options) => {
    const other = await listening(two, TWO);
    const client = await connect(one, ONE);
    client.publish(topic, 'x', { qos: 1, ...options }, () => undefined);
    await closed(client);
    expect(messages).toEqual([]);
    expect(other.heard).toEqual([]);
  });
  it('a packet larger than any message ends the connection while it is being sent', async () => {
    const client = await connect(one, ONE);
    client.publish(up(ONE, 'hello'), Buffer.alloc(3_000_000), { qos: 1 }, () => undefined);
    await closed(client);
    expect(messages).toEqual([]);
  });
  it('the will speaks when the connection is lost, and not after a goodbye', async () => {
    const will = { topic: up(ONE, 'bye'), payload: Buffer.from('bye'), qos: 1 as const, retain: false };
    const lost = await connect(one, ONE, { will });
    lost.stream.destroy();
    await pause(100);
    expect(messages).toEqual([{ device: 'gate-1', kind: 'bye', text: 'bye' }]);
    const polite = await connect(one, ONE, { will });
    await polite.endAsync();
    await pause(50);
    expect(messages).toHaveLength(1);
    expect(presence).toEqual(['+gate-1', '-gate-1', '+gate-1', '-gate-1']);
  });
});

describe('messages to devices', () => {
  it.each(['#', 'lk/v1/campus/gate-2/dn/#', 'lk/v1/campus/+/dn/#', '$SYS/#', 'lk/v1/campus/gate-1/#'])(
    'a subscription to %s is refused and hears nothing',
    async (filter) => {
      const client = await connect(one, ONE);
      const heard: string[] = [];
      client.on('message', (topic) => heard.push(topic));
      await client.subscribeAsync(filter, { qos: 1 }).catch(() => undefined);
      const other = await listening(two, TWO);
      await broker.send(TWO, 'cmd', Buffer.from('secret'));
      broker.broadcast(Buffer.from('b'));
      await pause(50);
      expect(heard).toEqual([]);
      expect(other.heard).toHaveLength(2);
      expect(client.connected).toBe(true);
    },
  );
  it('reach the one device, and the broadcast reaches all', async () => {
    const first = await listening(one, ONE);
    const second = await listening(two, TWO);
    expect(await broker.send(ONE, 'answer', Buffer.from('a'))).toBe(true);
    broker.broadcast(Buffer.from('b'));
    await pause(50);
    expect(first.heard).toEqual(['dn/answer a', 'campus/bc b']);
    expect(second.heard).toEqual(['campus/bc b']);
  });
  it('are refused for a device that is not there or has not subscribed', async () => {
    expect(await broker.send(ONE, 'cmd', Buffer.from('x'))).toBe(false);
    await connect(one, ONE);
    expect(await broker.send(ONE, 'cmd', Buffer.from('x'))).toBe(false);
  });
  it('none is lost or overtaken when direct messages and broadcasts mix in one tick', async () => {
    const { heard } = await listening(one, ONE);
    const expected: string[] = [];
    const sent: Promise<boolean>[] = [];
    for (let index = 0; index < 300; index += 1) {
      sent.push(broker.send(ONE, 'list', Buffer.from(String(index))));
      if (index % 3 === 0) broker.broadcast(Buffer.from(String(index)));
      expected.push(`dn/list ${index}`);
    }
    expect((await Promise.all(sent)).every(Boolean)).toBe(true);
    await pause(100);
    expect(heard.filter((each) => each.startsWith('dn/'))).toEqual(expected);
    expect(heard).toHaveLength(400);
  });
  it('a device that does not read is cut off, the others go on', async () => {
    const slow = await listening(one, ONE);
    const other = await listening(two, TWO);
    slow.client.stream.pause();
    const chunk = Buffer.alloc(65_536);
    const sent = Array.from({ length: 200 }, () => broker.send(ONE, 'list', chunk));
    expect((await Promise.all(sent)).some((each) => !each)).toBe(true);
    await pause(50);
    expect(broker.isConnected(ONE)).toBe(false);
    expect(await broker.send(TWO, 'cmd', Buffer.from('x'))).toBe(true);
    await pause(50);
    expect(other.heard).toEqual(['dn/cmd x']);
  });
  it('a device can be disconnected', async () => {
    const { client } = await listening(one, ONE);
    broker.disconnect(ONE);
    await closed(client);
    expect(broker.connections()).toBe(0);
  });
});

// SPDX-License-Identifier: Apache-2.0
// The MQTT broker (DESIGN 6): aedes behind mutual TLS. Messages of controllers are handled inside `authorizePublish`, so that
// a PUBACK follows what it promises; messages to controllers go out at QoS 0, through one queue a connection.
import type { DeviceId, SiteId } from '@latchkey/protocols/ids';
import { broadcastTopic, type DownKind, downFilter, downTopic, type UpKind } from '@latchkey/protocols/mqtt/topics';
import { Aedes, type AedesOptions, type Client, type ConnectPacket, type PublishPacket } from 'aedes';
import {
  CONNACK_CODES,
  judgeConnect,
  judgePublish,
  MAX_FIRST_PACKET_BYTES,
  MAX_PACKET_BYTES,
  maySubscribe,
} from './broker-policy.ts';
import type { ServerIdentity } from './ca.ts';
import {
  CONNECTION_LIMITS,
  type ConnectionLimits,
  createConnectionLimits,
  type LimitOptions,
} from './connection-limits.ts';
import { createSendQueue, type SendQueue } from './mqtt-publisher.ts';
import { createPacketGuard, type PacketGuard } from './packet-guard.ts';
import { type Listener, listenForControllers, type Peer } from './tls-listener.ts';

export interface BrokerHandlers {
  /** May this certificate connect as this device? Serial in lower-case hex. */
  admit(device: DeviceId, serial: string): Promise<boolean>;
  /** A connection of the device begins; one it had before has ended. */
  connected(device: DeviceId): void;
  disconnected(device: DeviceId): void;
  /** The device's PUBACK waits for this. A rejection closes the connection, so that the device sends again. */
  message(device: DeviceId, kind: UpKind, payload: Uint8Array): Promise<void>;
}

export interface BrokerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly site: SiteId;
  readonly identity: ServerIdentity;
  /** PEM of the authority of the controllers' certificates. */
  readonly authority: string;
  readonly handlers: BrokerHandlers;
  readonly monotonicMs: () => number;
  /** Constant messages and plain fields. */
  readonly log: (message: string, fields: Readonly<Record<string, string | number>>) => void;
  readonly limits?: LimitOptions;
}

export interface Broker {
  readonly port: number;
  /** See SendQueue; `false` also for a device that is not connected or has not subscribed. */
  send(device: DeviceId, kind: DownKind, payload: Uint8Array): Promise<boolean>;
  /** To every subscribed device at once. Returns when each connection has been given it, not when they have read it. */
  broadcast(payload: Uint8Array): void;
  /** Ends the device's connection, if any. */
  disconnect(device: DeviceId): void;
  isConnected(device: DeviceId): boolean;
  connections(): number;
  /** What it shows to who connects from now on. */
  renewServer(identity: ServerIdentity): void;
  close(): Promise<void>;
}

/** What a stalled connection may hold up before it is ended. */
const DRAIN_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 10_000;

interface Connection extends Peer {
  readonly guard: PacketGuard;
  /** A second connection of a device is registered a little after its CONNACK: its messages wait until then. */
  readonly begun: Promise<void>;
  readonly begin: () => void;
  request?: ConnectPacket;
  queue?: SendQueue;
}

export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const limits = createConnectionLimits(options.limits ?? CONNECTION_LIMITS);
  const broker = new AedesBroker(options, limits);
  await broker.start();
  return broker;
}

class AedesBroker implements Broker {
  readonly #options: BrokerOptions;
  readonly #limits: ConnectionLimits;
  readonly #connections = new WeakMap<Client, Connection>();
  readonly #clients = new Map<DeviceId, Client>();
  readonly #aedes: Aedes;
  #listener: Listener | undefined;

  constructor(options: BrokerOptions, limits: ConnectionLimits) {
    this.#options = options;
    this.#limits = limits;
    this.#aedes = new Aedes(this.#aedesOptions());
  }

  async start(): Promise<void> {
    const { host, port, identity, authority, log } = this.#options;
    await this.#aedes.listen();
    this.#aedes.on('client', (client) => this.#begin(client));
    this.#aedes.on('clientDisconnect', (client) => this.#end(client));
    this.#aedes.on('clientError', (_client, error) => log('connection ended by an error', { reason: reasonOf(error) }));
    this.#aedes.on('connectionError', (_client, error) => log('connection refused', { reason: reasonOf(error) }));
    const accept = (peer: Peer) => this.#accept(peer);
    this.#listener = await listenForControllers({ host, port, identity, authority, log, accept, limits: this.#limits });
  }

  get port(): number {
    return this.#listener?.port ?? this.#options.port;
  }

  send(device: DeviceId, kind: DownKind, payload: Uint8Array): Promise<boolean> {
    const { site } = this.#options;
    const client = this.#clients.get(device);
    const queue = client && this.#connections.get(client)?.queue;
    if (!client || !queue || !isSubscribed(client, downFilter(site, device))) return Promise.resolve(false);
    return queue.send(downTopic(site, device, kind), payload);
  }

  renewServer(identity: ServerIdentity): void {
    this.#listener?.renew(identity);
  }

  broadcast(payload: Uint8Array): void {
    this.#aedes.publish(packetOf(broadcastTopic(this.#options.site), payload), () => undefined);
  }

  disconnect(device: DeviceId): void {
    const client = this.#clients.get(device);
    if (client) client.conn.destroy();
  }

  isConnected(device: DeviceId): boolean {
    return this.#clients.has(device);
  }

  connections(): number {
    return this.#clients.size;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#aedes.close(resolve));
    await this.#listener?.close();
  }

  #aedesOptions(): AedesOptions {
    return {
      // Every message is handed to its connections at once: a queue in between lets a direct message overtake a broadcast,
      // which aedes then takes for a duplicate and drops.
      concurrency: 0,
      drainTimeout: DRAIN_TIMEOUT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      maxTopicLevels: 6,
      maxInflightInbound: 1,
      preConnect: (client, packet, done) => this.#judgeConnect(client, packet, done),
      authenticate: (client, _user, _password, done) => {
        this.#admit(client).then(
          (code) =>
            code === 0 ? done(null, true) : done(Object.assign(new Error('refused'), { returnCode: code }), null),
          () => done(Object.assign(new Error('unavailable'), { returnCode: 3 }), null),
        );
      },
      authorizePublish: (client, packet, done) => this.#receive(client, packet, done),
      authorizeSubscribe: (client, subscription, done) => {
        const connection = this.#connections.get(client);
        const { site } = this.#options;
        const allowed = connection && maySubscribe(site, connection.device, subscription.topic, subscription.qos);
        if (!allowed) this.#options.log('subscription refused', { device: connection?.device ?? '' });
        // Refused by SUBACK 128: the connection goes on.
        done(null, allowed ? subscription : null);
      },
    };
  }

  /** The verified certificate says who it is; whatever follows is judged by that name. */
  #accept(peer: Peer): void {
    const guard = createPacketGuard(MAX_FIRST_PACKET_BYTES);
    const { socket } = peer;
    const read = socket.read.bind(socket);
    // aedes pulls with read(): what it is about to parse is looked at first.
    socket.read = (size?: number) => {
      const chunk: unknown = read(size);
      if (chunk instanceof Uint8Array && !guard.feed(chunk)) {
        this.#options.log('connection ended', { device: peer.device, reason: 'packet too large' });
        socket.destroy();
        return null;
      }
      return chunk;
    };
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    this.#connections.set(this.#aedes.handle(socket), { ...peer, guard, begun, begin });
  }

  #judgeConnect(client: Client, packet: ConnectPacket, done: (error: Error | null, success: boolean) => void): void {
    const connection = this.#connections.get(client);
    if (connection) connection.request = packet;
    if (packet.protocolVersion === 4) return done(null, true);
    // aedes answers 5 by itself but lets 3.1 in.
    const refusal = Uint8Array.of(0x20, 2, 0, CONNACK_CODES['wrong-protocol']);
    client.conn.end(refusal, () => done(new Error('wrong-protocol'), false));
  }

  /** Return code of CONNACK. */
  async #admit(client: Client): Promise<number> {
    const { site, handlers, monotonicMs, log } = this.#options;
    const connection = this.#connections.get(client);
    if (!connection?.request) return 5;
    const { device, serial, request } = connection;
    const judged = judgeConnect(site, device, request);
    if (!judged.ok) {
      log('connection refused', { device, reason: judged.code });
      return CONNACK_CODES[judged.code];
    }
    if (!this.#limits.allow(device, monotonicMs())) {
      log('connection refused', { device, reason: 'connects too often' });
      return 3;
    }
    if (await handlers.admit(device, serial)) {
      connection.settle();
      connection.guard.setCap(MAX_PACKET_BYTES);
      return 0;
    }
    log('connection refused', { device, reason: 'certificate not in force' });
    return 5;
  }

  #begin(client: Client): void {
    const connection = this.#connections.get(client);
    if (!connection) return;
    connection.queue = createSendQueue({
      write: (topic, payload) => write(client, topic, payload),
      overflow: () => {
        this.#options.log('connection ended', { device: connection.device, reason: 'it does not read' });
        client.conn.destroy();
      },
    });
    this.#clients.set(connection.device, client);
    this.#options.handlers.connected(connection.device);
    connection.begin();
  }

  #end(client: Client): void {
    const connection = this.#connections.get(client);
    connection?.queue?.close();
    if (!connection || this.#clients.get(connection.device) !== client) return;
    this.#clients.delete(connection.device);
    this.#options.handlers.disconnected(connection.device);
  }

  #receive(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const { site, handlers, log } = this.#options;
    const connection = client && this.#connections.get(client);
    if (!connection) return done(new Error('nobody'));
    const { device } = connection;
    const kind = judgePublish(site, device, packet);
    if (!kind.ok) {
      log('connection ended', { device, reason: kind.code });
      return done(new Error(kind.code));
    }
    const handled = connection.begun.then(() => handlers.message(device, kind.value, bytesOf(packet.payload)));
    handled.then(
      () => done(null),
      (error: unknown) => {
        log('message not handled', { device, kind: kind.value, reason: reasonOf(error) });
        done(new Error('not handled'));
      },
    );
  }
}

const packetOf = (topic: string, payload: Uint8Array): PublishPacket => ({
  cmd: 'publish',
  topic,
  payload: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
  qos: 0,
  retain: false,
  dup: false,
});

const write = (client: Client, topic: string, payload: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    client.publish(packetOf(topic, payload), (error) => {
      if (error || client.closed) reject(error ?? new Error('closed'));
      else resolve();
    });
  });

const bytesOf = (payload: string | Buffer): Uint8Array =>
  typeof payload === 'string' ? Buffer.from(payload) : payload;

/** aedes keeps a connection's subscriptions by their filters. */
const isSubscribed = (client: Client, filter: string): boolean =>
  filter in (client as unknown as { subscriptions: Record<string, unknown> }).subscriptions;

const reasonOf = (error: unknown): string => {
  const { code, message } = error as { code?: string | number; message?: string };
  return String(code ?? message ?? 'unknown').slice(0, 120);
};

// SPDX-License-Identifier: Apache-2.0
// As little of an MQTT 3.1.1 client as a measurement needs: a thousand of them share one process without being what is
// measured.
import { connect, type SecureContext, type TLSSocket } from 'node:tls';

export interface LeanClientOptions {
  readonly port: number;
  readonly site: string;
  readonly device: string;
  readonly context: SecureContext;
  readonly onMessage: (topic: string, payload: Buffer) => void;
}

export interface LeanClient {
  /** QoS 1; resolves with PUBACK. */
  publish(topic: string, payload: Uint8Array): Promise<void>;
  ping(): void;
  close(): void;
}

const CONNACK = 2;
const PUBLISH = 3;
const PUBACK = 4;
const SUBACK = 9;
const KEEPALIVE_S = 120;

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};

function packet(first: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const header = [first];
  for (let left = body.length; ; left = Math.floor(left / 128)) {
    header.push((left & 0x7f) | (left >= 128 ? 0x80 : 0));
    if (left < 128) return Buffer.concat([Buffer.from(header), body]);
  }
}

const connectPacket = (device: string) => packet(0x10, text('MQTT'), Buffer.from([4, 2, 0, KEEPALIVE_S]), text(device));
const subscribePacket = (site: string, device: string) =>
  packet(
    0x82,
    Buffer.from([0, 1]),
    text(`lk/v1/${site}/${device}/dn/#`),
    Buffer.from([1]),
    text(`lk/v1/${site}/bc`),
    Buffer.from([1]),
  );

/** Resolves once subscribed. */
export function dialLean(options: LeanClientOptions): Promise<LeanClient> {
  const { port, site, device, context } = options;
  const socket: TLSSocket = connect({ host: '127.0.0.1', port, secureContext: context, servername: 'localhost' });
  socket.setNoDelay(true);
  const acks = new Map<number, () => void>();
  let nextId = 1;
  return new Promise((resolve, reject) => {
    const client: LeanClient = {
      publish(topic, payload) {
        nextId = nextId >= 65_535 ? 2 : nextId + 1;
        const id = nextId;
        socket.write(packet(0x32, text(topic), Buffer.from([id >> 8, id & 0xff]), payload));
        return new Promise((done) => acks.set(id, done));
      },
      ping: () => socket.write(Buffer.from([0xc0, 0])),
      close: () => socket.destroy(),
    };
    const take = (type: number, body: Buffer) => {
      if (type === CONNACK && body[1] !== 0) reject(new Error(`CONNACK ${body[1]}`));
      else if (type === CONNACK) socket.write(subscribePacket(site, device));
      else if (type === SUBACK) resolve(client);
      else if (type === PUBLISH) {
        const length = body.readUInt16BE(0);
        options.onMessage(body.toString('utf8', 2, 2 + length), body.subarray(2 + length));
      } else if (type === PUBACK) {
        const id = body.readUInt16BE(0);
        acks.get(id)?.();
        acks.delete(id);
      }
    };
    const feed = createReader(take);
    socket.once('secureConnect', () => socket.write(connectPacket(device)));
    socket.on('data', feed);
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
}

/** Cuts the stream into packets. The gateway sends at QoS 0 only, so a PUBLISH carries no id. */
function createReader(take: (type: number, body: Buffer) => void): (chunk: Buffer) => void {
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (;;) {
      let length = 0;
      let at = 1;
      let byte = 0x80;
      for (let shift = 1; (byte & 0x80) !== 0; shift *= 128) {
        if (at >= held.length) return;
        byte = held[at++] ?? 0;
        length += (byte & 0x7f) * shift;
      }
      if (held.length < at + length) return;
      take((held[0] ?? 0) >> 4, held.subarray(at, at + length));
      held = held.subarray(at + length);
    }
  };
}

// SPDX-License-Identifier: Apache-2.0
// A swarm of controllers in a process of its own, so that the gateway measured keeps its core. Each verifies, applies and
// uploads by the protocols' functions, with a state of its own.
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { decodeDeny } from '@latchkey/protocols/authorization/deny';
import { applyDeny, type DenyOverlay, EMPTY_OVERLAY } from '@latchkey/protocols/authorization/deny-overlay';
import type { Keyring } from '@latchkey/protocols/authorization/keys';
import { acceptRoot, decodeRoot, rootDigest } from '@latchkey/protocols/authorization/root-document';
import { MAGICS, verifyFrame } from '@latchkey/protocols/authorization/signed-frame';
import { decodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import { eventAck, MAX_EVENTS_A_BATCH } from '@latchkey/protocols/mqtt/messages';
import { dialLean, type LeanClient } from './lean-client.ts';
import { batchOf } from './swarm-events.ts';
import type { SwarmConnect, SwarmOrder, SwarmReport } from './swarm-messages.ts';

/** Handshakes at once. */
const DIALS = 32;
const WINDOW_BATCHES = 4;
const PING_MS = 50_000;

interface Member {
  readonly device: string;
  readonly client: LeanClient;
  overlay: DenyOverlay;
  acked: (upTo: number) => void;
}

interface Trust {
  readonly keyring: Keyring;
  readonly denyKey: KeyObject;
}

const report = (message: SwarmReport) => process.send?.(message);

async function trustOf(root: string): Promise<Trust> {
  const bytes = Buffer.from(root, 'base64url');
  const decoded = decodeRoot(bytes);
  if (!decoded.ok) throw new Error(decoded.code);
  const digest = rootDigest(decoded.value.frame.payload);
  const accepted = await acceptRoot({ kind: 'pinned', digest }, bytes);
  const jwk = decoded.value.document.keys.find(({ role }) => role === 'deny')?.jwk;
  if (!accepted.ok || !jwk) throw new Error('no trust');
  return { keyring: accepted.value.keyring, denyKey: createPublicKey({ key: jwk, format: 'jwk' }) };
}

/** The least that anybody who checks a signature has to do. */
function checkBare(frame: Buffer, key: KeyObject): boolean {
  const header = frame.subarray(2, 2 + (frame[1] ?? 0));
  const signatureAt = 3 + header.length;
  const signature = frame.subarray(signatureAt, signatureAt + 64);
  const payload = frame.subarray(signatureAt + 64);
  return verify(null, Buffer.from(`${header.toString('base64url')}.${payload.toString('base64url')}`), key, signature);
}

async function applyAsController(member: Member, frame: Uint8Array, keyring: Keyring): Promise<boolean> {
  const verified = await verifyFrame(frame, MAGICS.deny, keyring, 'deny');
  const deny = verified.ok ? decodeDeny(verified.value.payload) : verified;
  if (!deny.ok) return false;
  const applied = applyDeny(member.overlay, deny.value, keyring);
  if (applied.ok) member.overlay = applied.value;
  return applied.ok;
}

class Swarm {
  readonly #order: SwarmConnect;
  readonly #trust: Trust;
  readonly #members: Member[] = [];
  #mode: 'deny' | 'floor' = 'deny';
  #heard: string[] = [];

  constructor(order: SwarmConnect, trust: Trust) {
    this.#order = order;
    this.#trust = trust;
  }

  async connect(): Promise<void> {
    const waiting = [...this.#order.devices];
    const dialer = async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) await this.#dial(next.id, next.certificate);
    };
    await Promise.all(Array.from({ length: DIALS }, dialer));
    setInterval(() => {
      for (const { client } of this.#members) client.ping();
    }, PING_MS).unref();
  }

  async #dial(device: string, certificate: string): Promise<void> {
    const { port, site, ca, key } = this.#order;
    const context = createSecureContext({ ca, cert: certificate, key, minVersion: 'TLSv1.3' });
    const onMessage = (topic: string, payload: Buffer) => this.#receive(member, topic, payload);
    const client = await dialLean({ port, site, device, context, onMessage });
    const member: Member = { device, client, overlay: EMPTY_OVERLAY, acked: () => undefined };
    this.#members.push(member);
  }

  listen(mode: 'deny' | 'floor'): void {
    this.#mode = mode;
    this.#heard = [];
  }

  #receive(member: Member, topic: string, payload: Buffer): void {
    if (topic.endsWith('/dn/ack')) {
      const envelope = decodeEnvelope(payload);
      const ack = envelope.ok ? eventAck.safeParse(envelope.value.json) : undefined;
      if (ack?.success) member.acked(ack.data.upTo);
      return;
    }
    if (!topic.endsWith('/bc') || payload.includes(MAGICS.beat)) return;
    if (this.#mode === 'floor') this.#note(checkBare(payload, this.#trust.denyKey));
    else void applyAsController(member, payload, this.#trust.keyring).then((done) => this.#note(done));
  }

  #note(inForce: boolean): void {
    if (!inForce) throw new Error('a deny did not come into force');
    this.#heard.push(String(process.hrtime.bigint()));
    if (this.#heard.length === this.#members.length) report({ kind: 'heard', atNs: this.#heard });
  }

  async upload(batches: number, epoch: string): Promise<void> {
    // Made before the clock starts: a controller's work is not the gateway's.
    const payloads = Array.from({ length: batches }, (_, index) => batchOf(epoch, index * MAX_EVENTS_A_BATCH + 1));
    const start = process.hrtime.bigint();
    const bytes = await Promise.all(this.#members.map((member) => this.#uploadOne(member, payloads)));
    const end = process.hrtime.bigint();
    const total = bytes.reduce((sum, each) => sum + each, 0);
    report({ kind: 'uploaded', startNs: String(start), endNs: String(end), bytes: total });
  }

  /** A window of batches on their way, as a controller's uploader has it; done when the last is acknowledged. */
  #uploadOne(member: Member, payloads: readonly Uint8Array[]): Promise<number> {
    const topic = `lk/v1/${this.#order.site}/${member.device}/up/ev`;
    let sent = 0;
    let bytes = 0;
    return new Promise((resolve) => {
      const pump = (acked: number) => {
        while (sent * MAX_EVENTS_A_BATCH - acked < WINDOW_BATCHES * MAX_EVENTS_A_BATCH) {
          const payload = payloads[sent];
          if (!payload) break;
          bytes += payload.length;
          sent += 1;
          void member.client.publish(topic, payload);
        }
        if (acked === payloads.length * MAX_EVENTS_A_BATCH) resolve(bytes);
      };
      member.acked = pump;
      pump(0);
    });
  }
}

function serve(): void {
  let swarm: Swarm | undefined;
  const obey = async (order: SwarmOrder): Promise<void> => {
    switch (order.kind) {
      case 'connect':
        swarm = new Swarm(order, await trustOf(order.root));
        await swarm.connect();
        report({ kind: 'connected' });
        return;
      case 'listen':
        swarm?.listen(order.mode);
        report({ kind: 'listening' });
        return;
      case 'upload':
        return swarm?.upload(order.batches, order.epoch);
    }
  };
  process.on('message', (order: SwarmOrder) => {
    obey(order).catch((error: unknown) => {
      process.stderr.write(`swarm: ${String(error)}\n`);
      process.exit(1);
    });
  });
}

if (process.send) serve();

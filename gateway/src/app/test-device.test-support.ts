// SPDX-License-Identifier: Apache-2.0
// A controller for tests, made of the protocols' functions alone: enrols, connects, fetches lists, applies denies, answers
// commands. It keeps everything in memory and judges as a controller must.
import { randomBytes } from 'node:crypto';
import { BEAT, judgeBeat } from '@latchkey/protocols/authorization/beat';
import { createPrf, type Prf } from '@latchkey/protocols/authorization/credential-id';
import { applyDelta } from '@latchkey/protocols/authorization/delta';
import { decodeDeny } from '@latchkey/protocols/authorization/deny';
import { applyDeny, type DenyOverlay, EMPTY_OVERLAY } from '@latchkey/protocols/authorization/deny-overlay';
import { FRESHNESS } from '@latchkey/protocols/authorization/freshness';
import type { Keyring } from '@latchkey/protocols/authorization/keys';
import { type AuthorizationList, loadList } from '@latchkey/protocols/authorization/list-load';
import { verifyLeaves, verifyPage } from '@latchkey/protocols/authorization/merkle';
import { CAMPUS_SCOPE, openPrfKey } from '@latchkey/protocols/authorization/prf-key';
import { judgeRetraction, RETRACTION } from '@latchkey/protocols/authorization/retraction';
import { acceptRoot, decodeRoot, rootDigest } from '@latchkey/protocols/authorization/root-document';
import { verifyFrame } from '@latchkey/protocols/authorization/signed-frame';
import { verifyHead } from '@latchkey/protocols/authorization/verify-head';
import { fromBase64url } from '@latchkey/protocols/bytes/base64url';
import { sha256 } from '@latchkey/protocols/bytes/hash';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { type Answer, answer, type Command, command, timeAnswer } from '@latchkey/protocols/commands/command';
import { openJson } from '@latchkey/protocols/commands/seal';
import { decodeEnvelope, encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import { type ListDown, listDown } from '@latchkey/protocols/mqtt/messages';
import type { UpKind } from '@latchkey/protocols/mqtt/topics';
import { compactDecrypt, exportJWK, generateKeyPair } from 'jose';
import type { MqttClient } from 'mqtt';
import { dial, makeRequest } from '../adapters/device.test-support.ts';
import type { Enrolment } from './enrolment.ts';
import { value } from './registry/registry.test-support.ts';

export interface Credentials {
  readonly site: string;
  readonly device: string;
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
  readonly campusId: string;
  readonly root: Uint8Array;
  readonly decryption: CryptoKey;
}
type CryptoKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

export async function enrolTestDevice(enrolment: Enrolment, id: string): Promise<Credentials> {
  const { code } = value(await enrolment.add({ id }, 'test'));
  const { csr, key } = await makeRequest();
  const pair = await generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256', extractable: true });
  const { kty, crv, x, y } = await exportJWK(pair.publicKey);
  const given = value(await enrolment.enrol({ code, csr, encryptionKey: { kty, crv, x, y }, software: 'test' }));
  const root = value(fromBase64url(given.root));
  return { ...given, key, root, decryption: pair.privateKey };
}

interface Transfer {
  readonly offer: Extract<ListDown, { kind: 'offer' }>;
  readonly head: Awaited<ReturnType<typeof headOf>>;
  policy: Uint8Array | undefined;
  leaves: Uint8Array | undefined;
  pages: (Uint8Array | undefined)[];
}

const headOf = async (bytes: Uint8Array, trust: Parameters<typeof verifyHead>[1]) =>
  value(await verifyHead(bytes, trust));

export class TestDevice {
  readonly credentials: Credentials;
  readonly boot = randomBytes(8).toString('hex');
  readonly kinds: string[] = [];
  readonly lists = new Map<number, AuthorizationList>();
  readonly prfs = new Map<number, Prf>();
  readonly commands: Command[] = [];
  readonly answers: Answer[] = [];
  readonly acks: unknown[] = [];
  readonly times: unknown[] = [];
  readonly freshness: string[] = [];
  overlay: DenyOverlay = EMPTY_OVERLAY;
  /** What it does with a command. */
  onCommand: 'done' | 'refuse' | 'ignore' = 'done';
  /** Leaves needs unasked, as a stuck one would. */
  stuck = false;
  /** Offers' deltas are thrown away. */
  ignoreDeltas = false;
  link: MqttClient | undefined;
  #keyring: Keyring | undefined;
  #transfer: Transfer | undefined;
  #beatSeq = 0;
  #queue: Promise<void> = Promise.resolve();
  #session = '';
  #closing = false;

  constructor(credentials: Credentials) {
    this.credentials = credentials;
  }

  async connect(port: number): Promise<void> {
    const { root, device, site } = this.credentials;
    const decoded = value(decodeRoot(root));
    const accepted = await acceptRoot({ kind: 'pinned', digest: rootDigest(decoded.frame.payload) }, root);
    this.#keyring = value(accepted).keyring;
    this.#closing = false;
    this.#session = randomBytes(8).toString('hex');
    const payload = Buffer.from(encodeEnvelope({ session: this.#session }));
    const will = { topic: `lk/v1/${site}/${device}/up/bye`, payload, qos: 1 as const, retain: false };
    this.link = await dial({
      port,
      ca: this.credentials.ca,
      identity: this.credentials,
      options: { clientId: device, will },
    });
    this.link.on('message', (topic, bytes) => {
      const kind = topic.split('/').at(-1) ?? '';
      const copy = new Uint8Array(bytes);
      this.#queue = this.#queue.then(() => this.#receive(kind, copy));
    });
    await this.link.subscribeAsync([`lk/v1/${site}/${device}/dn/#`, `lk/v1/${site}/bc`], { qos: 1 });
  }

  async hello(nowMs: number, more: object = {}): Promise<void> {
    const have = [...this.lists.values()].map(({ head, headHash }) => {
      return { scope: head.scopeId, epoch: head.epoch, version: head.version, digest: headHash };
    });
    const { epoch, seq, chain } = this.overlay;
    await this.publish('hello', {
      boot: this.boot,
      session: this.#session,
      software: 'test',
      time: { nowMs, quality: 'synced' },
      root: this.#keyring?.version ?? 0,
      have,
      deny: { epoch, seq, chain: toHex(chain) },
      prfKeys: [...this.prfs.keys()],
      journal: { epoch: 'aa'.repeat(8), nextSeq: 1, ackedSeq: 0 },
      portals: [],
      ...more,
    });
  }

  /** What is on its way when the connection is closed is nobody's fault. */
  async publish(kind: UpKind, message: object): Promise<void> {
    const { site, device } = this.credentials;
    const sent = this.link?.publishAsync(`lk/v1/${site}/${device}/up/${kind}`, Buffer.from(encodeEnvelope(message)), {
      qos: 1,
    });
    await sent?.catch((error: unknown) => {
      if (!this.#closing) throw error;
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.link?.endAsync(true);
    await this.#queue;
  }

  get #trusted(): Keyring {
    if (!this.#keyring) throw new Error('not connected');
    return this.#keyring;
  }

  async #receive(kind: string, bytes: Uint8Array): Promise<void> {
    switch (kind) {
      case 'bc':
        return this.#broadcast(bytes);
      case 'list':
        return this.#list(bytes);
      case 'cmd':
        return this.#command(value(await openJson(bytes, 'LKC1', command, this.#trusted, 'command')));
      case 'answer':
        this.answers.push(value(await openJson(bytes, 'LKA1', answer, this.#trusted, 'command')));
        return;
      case 'time':
        this.times.push(value(await openJson(bytes, 'LKT1', timeAnswer, this.#trusted, 'deny')));
        return;
      default:
        this.acks.push(value(decodeEnvelope(bytes)).json);
    }
  }

  async #broadcast(bytes: Uint8Array): Promise<void> {
    const beat = await verifyFrame(bytes, 'LKB1', this.#trusted, 'deny');
    if (!beat.ok) return this.#deny(bytes);
    const said = value(BEAT.decode(beat.value.payload));
    const { campusId, epoch, issuedAtMs } = this.#trusted;
    const verdict = judgeBeat(said, {
      root: { campusId, epoch, issuedAtMs },
      last: this.#beatSeq === 0 ? null : { epoch, beatSeq: this.#beatSeq },
      overlay: this.overlay,
      instant: { ms: said.timeMs, quality: 'synced' },
    });
    this.#beatSeq = said.beatSeq;
    if (value(verdict).deny === 'behind') await this.publish('need', { kind: 'deny', fromSeq: value(verdict).fromSeq });
  }

  async #deny(bytes: Uint8Array): Promise<void> {
    const frame = value(await verifyFrame(bytes, 'LKD1', this.#trusted, 'deny'));
    const applied = applyDeny(this.overlay, value(decodeDeny(frame.payload)), this.#trusted);
    if (applied.ok) this.overlay = applied.value;
    else if (applied.code !== 'replay') this.kinds.push(`deny ${applied.code}`);
  }

  async #command(given: Command): Promise<void> {
    this.commands.push(given);
    if (this.onCommand === 'ignore') return;
    const state = this.onCommand === 'done' ? 'done' : 'refused';
    await this.publish('res', { id: given.id, state: 'received', atMs: given.issuedMs });
    await this.publish('res', {
      id: given.id,
      state,
      atMs: given.issuedMs,
      ...(state === 'refused' ? { code: 'no' } : {}),
    });
  }

  async #list(bytes: Uint8Array): Promise<void> {
    const envelope = value(decodeEnvelope(bytes));
    const message = listDown.parse(envelope.json);
    const body = envelope.body;
    this.kinds.push(message.kind === 'offer' && body.length > 0 ? 'offer+deltas' : message.kind);
    switch (message.kind) {
      case 'offer':
        if (message.prf) await this.#key(message.prf, message.scope);
        return this.stuck ? undefined : this.#offer(message, body);
      case 'campus-key':
        return this.#key(message.prf, CAMPUS_SCOPE);
      case 'deny':
        return this.#deny(body);
      case 'retract':
        return this.#retract(message.scope, body);
      case 'freshness': {
        const frame = value(await verifyFrame(body, 'LKF1', this.#trusted, 'deny'));
        const said = value(FRESHNESS.decode(frame.payload));
        this.freshness.push(`${said.scopeId}:${said.version}`);
        return;
      }
      case 'root':
      case 'lock':
      case 'pair-lock':
        return;
      default:
        this.#part(message, body);
        await this.#advance();
    }
  }

  async #retract(scopeId: number, body: Uint8Array): Promise<void> {
    const frame = value(await verifyFrame(body, 'LKU1', this.#trusted, 'list', scopeId));
    const { campusId, epoch } = this.#trusted;
    const { device } = this.credentials;
    const list = this.lists.get(scopeId);
    const mark = list ? { epoch, version: list.head.version, digest: list.headHash } : null;
    const context = {
      campusId,
      epoch,
      scopeId,
      device,
      session: this.#session,
      mark,
      lastFreshMs: 0,
      lastRetractedMs: 0,
    };
    value(judgeRetraction(value(RETRACTION.decode(frame.payload)), context));
    this.lists.delete(scopeId);
  }

  async #key({ id, jwe }: { id: number; jwe: string }, scopeId: number): Promise<void> {
    const opened = await compactDecrypt(jwe, this.credentials.decryption);
    const { device } = this.credentials;
    const signed = await openPrfKey(opened.plaintext, { keyring: this.#trusted, device, keyId: id, scopeId });
    this.prfs.set(id, createPrf(value(signed).key));
  }

  async #offer(offer: Transfer['offer'], deltas: Uint8Array): Promise<void> {
    const trust = { keyring: this.#trusted, campusId: this.credentials.campusId, scopeId: offer.scope };
    const head = await headOf(value(fromBase64url(offer.head)), trust);
    const base = this.lists.get(offer.scope);
    if (base?.headHash === head.digest) return this.#report(offer, 'active');
    const samePolicy = base && toHex(sha256(base.policyBytes)) === toHex(head.head.policyRoot);
    const pages = Array.from({ length: 2 ** head.head.pageBits }, () => undefined);
    this.#transfer = { offer, head, policy: samePolicy ? base.policyBytes : undefined, leaves: undefined, pages };
    const applied = base && deltas.length > 0 && !this.ignoreDeltas ? applyDelta(base, deltas, head.head) : undefined;
    if (applied?.ok && this.#transfer.policy) return this.#finish(applied.value.pageCounts, applied.value.records);
    await this.#advance();
  }

  #part(
    message: Exclude<
      ListDown,
      { kind: 'offer' | 'freshness' | 'deny' | 'root' | 'campus-key' | 'retract' | 'lock' | 'pair-lock' }
    >,
    body: Uint8Array,
  ): void {
    const transfer = this.#transfer;
    if (!transfer || transfer.offer.version !== message.version) return;
    if (message.kind === 'policy')
      transfer.policy = Buffer.concat([message.offset === 0 ? EMPTY : (transfer.policy ?? EMPTY), body]);
    else if (message.kind === 'leaves')
      transfer.leaves = Buffer.concat([message.first === 0 ? EMPTY : (transfer.leaves ?? EMPTY), body]);
    else {
      let at = 0;
      for (const [index, count] of message.counts.entries()) {
        const page = body.slice(at, at + count * 16);
        at += count * 16;
        const { leaves } = transfer;
        if (leaves && verifyPage(leaves, message.scope, message.first + index, page))
          transfer.pages[message.first + index] = page;
      }
    }
  }

  async #advance(): Promise<void> {
    const transfer = this.#transfer;
    if (!transfer) return;
    const { scope, epoch, version, policyBytes } = transfer.offer;
    const ref = { scope, epoch, version };
    if (transfer.policy === undefined) return this.publish('need', { kind: 'policy', ...ref });
    if (transfer.policy.length < policyBytes) return;
    if (transfer.leaves === undefined) return this.publish('need', { kind: 'leaves', ...ref });
    if (!verifyLeaves(transfer.leaves, transfer.head.head)) return;
    const missing = transfer.pages.findIndex((page) => page === undefined);
    if (missing < 0) {
      const pages = transfer.pages.map((page) => page ?? EMPTY);
      return this.#finish(
        Uint16Array.from(pages, ({ length }) => length / 16),
        new Uint8Array(Buffer.concat(pages)),
      );
    }
    if (transfer.pages.every((page) => page === undefined)) {
      await this.publish('need', { kind: 'pages', ...ref, ranges: [[0, transfer.pages.length]] });
    }
  }

  async #finish(pageCounts: Uint16Array, records: Uint8Array): Promise<void> {
    const transfer = this.#transfer;
    if (!transfer?.policy) return;
    this.#transfer = undefined;
    const { offer } = transfer;
    const headFrame = value(fromBase64url(offer.head));
    const trust = { keyring: this.#trusted, campusId: this.credentials.campusId, scopeId: offer.scope };
    this.lists.set(
      offer.scope,
      value(await loadList({ headFrame, policy: transfer.policy, pageCounts, records }, trust)),
    );
    await this.#report(offer, 'active');
  }

  #report({ scope, epoch, version, digest }: Transfer['offer'], state: 'active' | 'refused'): Promise<void> {
    return this.publish('list', { scope, epoch, version, digest, state });
  }
}

const EMPTY = new Uint8Array(0);

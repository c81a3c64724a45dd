// SPDX-License-Identifier: Apache-2.0
// A clock that tests move, and locks in memory that are just enough of a lock for a corridor: a session, a bolt, a slot for a
// list, a log. The whole lock, with its flash and its checks, is the hardware simulator's.
import { setImmediate as turn } from 'node:timers/promises';
import { concatBytes } from '@latchkey/protocols/bytes/equal';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { portalId } from '@latchkey/protocols/ids';
import { ADVERTISED_FLAGS, writeAdvertisement } from '@latchkey/protocols/lock/advertisement';
import type { LockAssignment } from '@latchkey/protocols/lock/assignment';
import { type JoinState, joinFrame, splitMessage } from '@latchkey/protocols/lock/framing';
import type { LogRecord } from '@latchkey/protocols/lock/log-record';
import {
  ENVELOPES,
  LOCK_CODES,
  type LockMessage,
  readLockMessage,
  writeLockMessage,
  writeLogRecords,
} from '@latchkey/protocols/lock/messages';
import { createHandshake, type Handshake, keyPair, type NoiseSession } from '@latchkey/protocols/lock/noise';
import { lockPrologue } from '@latchkey/protocols/lock/prologue';
import { TICKET } from '@latchkey/protocols/lock/ticket';
import type { LockRequest } from '../core/lock-session.ts';
import type { Clock } from '../ports/clock.ts';
import { type LockLink, type LockRadio, LockRadioError, type SeenLock } from '../ports/lock-radio.ts';

export interface LabClock extends Clock {
  /** Runs what is due, in order, and lets promises settle in between. */
  advance(ms: number): Promise<void>;
}

const EPOCH_MS = 1_790_000_000_000;
const TURNS = 4;

export function labClock(): LabClock {
  let now = 0;
  const timers = new Map<symbol, { readonly atMs: number; readonly action: () => void }>();
  const settle = async () => {
    for (let n = 0; n < TURNS; n++) await turn();
  };
  return {
    now: () => EPOCH_MS + now,
    monotonic: () => now,
    after(delayMs, action) {
      const id = Symbol('timer');
      timers.set(id, { atMs: now + Math.max(0, delayMs), action });
      return () => void timers.delete(id);
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const due = [...timers].filter(([, { atMs }]) => atMs <= end).sort(([, a], [, b]) => a.atMs - b.atMs)[0];
        if (!due) break;
        timers.delete(due[0]);
        now = Math.max(now, due[1].atMs);
        due[1].action();
        await settle();
      }
      now = end;
    },
  };
}

export const OWN = keyPair(new Uint8Array(32).fill(9));
const AD_KEY = new Uint8Array(16).fill(5);

export class LabLock {
  readonly id: string;
  readonly address: string;
  readonly keys = keyPair(crypto.getRandomValues(new Uint8Array(32)));
  readonly records: LogRecord[] = [];
  readonly results = new Map<string, LockRequest>();
  first = 0;
  freed = 0;
  next = 0;
  version = 0;
  digest = '0'.repeat(64);
  denySeq = 0;
  bolts = 0;
  file: Uint8Array = new Uint8Array(0);
  transfers = 0;
  silent = false;
  counter = 1;
  #shadow:
    | { readonly version: number; readonly digest: string; readonly bytes: Uint8Array; offset: number; chunks: number }
    | undefined;

  constructor(number: number) {
    this.id = `${number.toString(16).padStart(8, '0')}aabbccdd`;
    this.address = `c0:00:00:00:00:${number.toString(16).padStart(2, '0')}`;
  }

  assignment(more: Partial<LockAssignment> = {}): LockAssignment {
    const portal = portalId.parse(`room-${Number.parseInt(this.id.slice(0, 8), 16)}`);
    const key = toHex(this.keys.open);
    const base = {
      lockId: this.id,
      portal,
      scope: 7,
      order: 1,
      key,
      advertisementKey: toHex(AD_KEY),
      servesUntilMs: null,
    };
    return { device: 'corridor-1' as LockAssignment['device'], ...base, ...more };
  }

  advertise(): Uint8Array {
    const flags = this.records.length > 60 ? ADVERTISED_FLAGS.logNearFull : 0;
    const body = {
      flags,
      battery: 80,
      stateCounter: this.counter & 0xffff,
      listVersion: this.version,
      logNext: this.next,
      shortId: this.id.slice(0, 8),
    };
    return concatBytes([Uint8Array.of(0xff, 0xff), writeAdvertisement(body, AD_KEY)]);
  }

  write(kind: number, subject = '0'.repeat(16)): void {
    this.records.push({
      seq: this.next,
      atS: 1_790_000_000,
      kind,
      detail: 0,
      class: 0,
      clock: 0,
      subject,
      value: this.version,
    });
    this.next += 1;
    this.counter += 1;
  }

  answer(asked: LockMessage): LockRequest[] {
    switch (asked.kind) {
      case 'status':
        return [this.#status()];
      case 'open':
        return this.#open(asked.tail);
      case 'list-begin':
        if (this.#shadow?.digest !== asked.digest)
          this.#shadow = {
            version: asked.version,
            digest: asked.digest,
            bytes: new Uint8Array(asked.total),
            offset: 0,
            chunks: 0,
          };
        this.#shadow.chunks = 0;
        return [{ kind: 'list-at', code: 0, offset: this.#shadow.offset }];
      case 'list-data':
        return this.#data(asked.offset, asked.tail);
      case 'list-commit':
        return [this.#commit()];
      case 'deny':
        this.denySeq += 1;
        return [{ kind: 'deny-is', code: 0, denySeq: this.denySeq }];
      case 'log-get': {
        const tail = writeLogRecords(this.records.filter(({ seq }) => seq >= asked.from).slice(0, asked.most));
        return [{ kind: 'log', first: this.first, next: this.next, lost: this.first - this.freed, tail }];
      }
      case 'log-ack':
        while (this.records[0] && this.records[0].seq <= asked.upTo) this.records.shift();
        this.first = this.records[0]?.seq ?? this.next;
        this.freed = Math.max(this.freed, Math.min(this.next, asked.upTo + 1));
        return [{ kind: 'log-freed', first: this.first }];
      case 'time':
        return [{ kind: 'time-is', code: 0, nowMs: EPOCH_MS }];
      default:
        return [{ kind: 'refused', code: LOCK_CODES.unsupported }];
    }
  }

  #status(): LockRequest {
    const { version, digest, denySeq, first, next } = this;
    const shadow = { shadowVersion: this.#shadow?.version ?? 0, shadowOffset: this.#shadow?.offset ?? 0 };
    const base = {
      firmware: 1,
      boot: 1,
      nowMs: EPOCH_MS,
      clock: 0,
      battery: 80,
      bolt: 0,
      door: 0,
      epoch: version > 0 ? 1 : 0,
    };
    const rest = { denyEpoch: 1, denySeq, logFirst: first, logNext: next, rootVersion: 1, keyId: 3 };
    const keys = { campusKeyId: 0, corridorsOrder: 0 };
    return { kind: 'status-is', ...base, version, digest, ...shadow, ...rest, ...keys };
  }

  #open(ticket: Uint8Array): LockRequest[] {
    const decoded = TICKET.decode(ticket);
    if (!decoded.ok) return [{ kind: 'failed', commandId: '0'.repeat(16), code: LOCK_CODES.malformed }];
    const { commandId } = decoded.value;
    const old = this.results.get(commandId);
    if (old) return [old];
    const done = { kind: 'done', commandId, bolt: 1 } as const;
    this.results.set(commandId, done);
    this.bolts += 1;
    this.write(3, commandId);
    return [{ kind: 'accepted', commandId }, done];
  }

  #data(offset: number, tail: Uint8Array): LockRequest[] {
    const shadow = this.#shadow;
    if (!shadow || offset !== shadow.offset)
      return [{ kind: 'list-at', code: LOCK_CODES['wrong-offset'], offset: shadow?.offset ?? 0 }];
    shadow.bytes.set(tail, offset);
    shadow.offset += tail.length;
    shadow.chunks += 1;
    this.transfers += tail.length;
    return shadow.chunks % 16 === 0 ? [{ kind: 'list-at', code: 0, offset: shadow.offset }] : [];
  }

  #commit(): LockRequest {
    const shadow = this.#shadow;
    if (!shadow || shadow.offset < shadow.bytes.length)
      return { kind: 'list-is', code: LOCK_CODES['wrong-offset'], epoch: 1, version: this.version };
    [this.version, this.digest, this.file] = [shadow.version, shadow.digest, shadow.bytes];
    this.#shadow = undefined;
    this.counter += 1;
    return { kind: 'list-is', code: 0, epoch: 1, version: this.version };
  }
}

export interface LabAir extends LockRadio {
  readonly locks: Map<string, LabLock>;
  /** Chance that a link breaks at a frame. */
  breaks: () => boolean;
  advertise(): void;
  connects: string[];
  dropAll(): void;
}

/** A link costs `connectMs`; a silent lock the whole deadline. */
export function labAir(clock: Clock, connectMs = 50): LabAir {
  let listener: ((seen: SeenLock) => void) | undefined;
  const drops = new Set<() => void>();
  const aborts = new Set<() => void>();
  const air: LabAir = {
    locks: new Map(),
    breaks: () => false,
    connects: [],
    dropAll() {
      for (const drop of drops) drop();
    },
    advertise() {
      for (const lock of air.locks.values())
        listener?.({ address: lock.address, rssi: -60, manufacturerData: lock.advertise(), adapter: 'lab' });
    },
    async start(given) {
      listener = given;
      air.advertise();
    },
    connect(address, deadlineMs) {
      air.connects.push(address);
      const lock = air.locks.get(address);
      const silent = !lock || lock.silent;
      return new Promise((resolve, reject) => {
        aborts.add(() => reject(new LockRadioError('radio-down')));
        clock.after(silent ? deadlineMs : connectMs, () => {
          if (silent || !lock) reject(new LockRadioError(lock ? 'timeout' : 'not-seen'));
          else resolve(labLink(lock, () => air.breaks(), drops));
        });
      });
    },
    reset: async () => air.dropAll(),
    async close() {
      listener = undefined;
      for (const abort of aborts) abort();
      air.dropAll();
    },
  };
  return air;
}

function labLink(lock: LabLock, breaks: () => boolean, drops: Set<() => void>): LockLink {
  let onFrame: ((frame: Uint8Array) => void) | undefined;
  let onClosed: (() => void) | undefined;
  let ended = false;
  let joining: JoinState | undefined;
  let handshake: Handshake | undefined;
  let noise: NoiseSession | undefined;
  let sequence = 0;
  const end = () => {
    if (ended) return;
    ended = true;
    drops.delete(end);
    onClosed?.();
  };
  drops.add(end);
  const send = (message: Uint8Array) => {
    for (const frame of splitMessage(message, 244, sequence++ & 63)) {
      if (breaks()) return end();
      if (!ended) onFrame?.(frame);
    }
  };
  function take(message: Uint8Array): void {
    if (message[0] === ENVELOPES.kk1) {
      const ephemeral = keyPair(crypto.getRandomValues(new Uint8Array(32)));
      handshake = createHandshake({
        pattern: 'KK',
        initiator: false,
        prologue: lockPrologue(lock.id),
        ephemeral,
        own: lock.keys,
        peer: OWN.open,
      });
      const read = handshake.read(message.slice(1));
      const written = read.ok ? handshake.write() : read;
      if (!written.ok) return send(Uint8Array.of(ENVELOPES.refused, 4));
      noise = handshake.session();
      return send(concatBytes([Uint8Array.of(ENVELOPES.kk2), written.value]));
    }
    const plain = noise?.receive.open(message.slice(1));
    const asked = plain?.ok ? readLockMessage(plain.value) : undefined;
    if (!asked?.ok) return end();
    for (const reply of lock.answer(asked.value)) {
      const record = noise?.send.seal(writeLockMessage({ ...reply, number: asked.value.number }));
      if (record) send(concatBytes([Uint8Array.of(ENVELOPES.record), record]));
    }
  }
  return {
    room: 244,
    async write(frame) {
      if (ended || breaks()) {
        end();
        throw new LockRadioError('link-lost');
      }
      const joined = joinFrame(joining, frame.slice());
      joining = joined.ok ? joined.value.state : undefined;
      const { message } = joined.ok ? joined.value : {};
      if (message) queueMicrotask(() => take(message));
    },
    onFrame(given) {
      onFrame = given;
    },
    onClosed(given) {
      if (ended) given();
      else onClosed = given;
    },
    close: async () => end(),
  };
}

// SPDX-License-Identifier: Apache-2.0
// A desk's connection to a made-up library: bytes in, answers out, and what goes wrong on the way.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { SipMessage } from '@latchkey/protocols/sip2/message';
import { cutMessages, EMPTY_STREAM } from '@latchkey/protocols/sip2/sip-stream';
import type { Detection, SipAnswer } from './answer-message.ts';
import type { Request } from './answering.ts';
import type { FaultPlan, Struck } from './faults.ts';
import { type Heard, type HearingParts, SipHearing } from './sip-hearing.ts';

export interface ConnectionParts extends HearingParts {
  readonly faults: FaultPlan;
  /** 0: never. */
  readonly idleMs: number;
  readonly onReceived: (bytes: Uint8Array, message: SipMessage | undefined) => void;
  readonly onSent: (bytes: Uint8Array) => void;
  readonly onEnd: () => void;
}

/** Whoever sends more before an answer is no desk. */
const MOST_WAITING = 256;
const LF = 0x0a;
const CR = 0x0d;
const NONSENSE = Buffer.from([0x00, 0xff, 0x7c, 0x81, 0x30, 0x39, 0x39, 0x41, 0x59, 0x39, 0x41, 0x5a, 0xfe, CR]);
const ENDLESS = Buffer.alloc(100_000, 'x');
const RETRY: SipAnswer = { code: '96', fixed: {}, fields: {} };

export class LibraryConnection {
  readonly #socket: Socket;
  readonly #parts: ConnectionParts;
  readonly #hearing: SipHearing;
  readonly #waiting: Uint8Array[] = [];
  #stream = EMPTY_STREAM;
  #isBusy = false;

  constructor(socket: Socket, parts: ConnectionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#hearing = new SipHearing(parts);
  }

  start(): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    if (this.#parts.idleMs > 0) socket.setTimeout(this.#parts.idleMs, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', this.#parts.onEnd);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** As when the plug is pulled. */
  end(): void {
    this.#reset();
  }

  #take(chunk: Uint8Array): void {
    const { quirks } = this.#parts.answering();
    const deafTo = quirks.has('needs-cr') ? LF : quirks.has('needs-lf') ? CR : undefined;
    const cut = cutMessages(this.#stream, deafTo === undefined ? chunk : chunk.filter((byte) => byte !== deafTo));
    this.#stream = cut.stream;
    const taken = this.#isBusy ? 0 : 1;
    this.#waiting.push(...(quirks.has('no-queue') ? cut.messages.slice(0, taken) : cut.messages));
    if (this.#waiting.length > MOST_WAITING) this.#socket.destroy();
    // Whatever goes wrong here ends this connection, not the library.
    else if (!this.#isBusy) this.#work().catch(() => this.#socket.destroy());
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let bytes = this.#waiting.shift(); bytes; bytes = this.#waiting.shift()) await this.#one(bytes);
    this.#isBusy = false;
  }

  async #one(bytes: Uint8Array): Promise<void> {
    const message = this.#hearing.read(bytes);
    this.#parts.onReceived(bytes, message);
    const heard: Heard = this.#hearing.hear(bytes, message);
    if (heard.kind === 'close') this.#socket.end();
    else if (heard.kind === 'send') this.#write(heard.bytes);
    else if (heard.kind === 'request') await this.#answer(heard.request, heard.detection);
  }

  async #answer(request: Request, detection: Detection): Promise<void> {
    const since = performance.now();
    const struck = this.#parts.faults.strike(request.code);
    await until(since + struck.beforeMs);
    if (this.#isLostBefore(struck, detection)) return;
    if (diesOf(request) && this.#parts.answering().quirks.has('no-block-dies')) return void this.#socket.destroy();
    const { answer, isLast } = this.#hearing.carryOut(request);
    const before = this.#hearing.last;
    const bytes = this.#hearing.keep(answer, detection);
    // The library's own work is part of the time that it is said to take.
    await until(since + struck.beforeMs + struck.afterMs);
    await this.#send(struck, { answer, bytes, before, detection });
    if (isLast) this.#socket.end();
  }

  /** What goes wrong before anything is carried out. */
  #isLostBefore({ kind }: Struck, detection: Detection): boolean {
    switch (kind) {
      case 'drop-before':
        this.#socket.end();
        return true;
      case 'reset-before':
        this.#reset();
        return true;
      case 'silence-before':
        return true;
      case 'status-instead':
        this.#write(this.#hearing.keep(this.#hearing.status(), detection));
        return true;
      case 'resend-wanted':
        this.#write(this.#hearing.keep(RETRY, detection));
        return true;
      default:
        return false;
    }
  }

  async #send({ kind }: Struck, { answer, bytes, before, detection }: Said): Promise<void> {
    switch (kind) {
      case 'drop-after':
        return void this.#socket.end();
      case 'reset-after':
        return this.#reset();
      case 'silence-after':
        return;
      case 'half-answer':
        this.#write(bytes.subarray(0, Math.floor(bytes.length / 2)));
        return void this.#socket.end();
      case 'byte-by-byte':
        return this.#trickle(bytes);
      case 'wrong-checksum':
        return this.#write(withWrongSum(bytes));
      case 'damaged-answer':
        return this.#write(withWrongBit(bytes));
      case 'wrong-sequence':
        return this.#write(this.#hearing.bytesOf(answer, otherSequence(detection)));
      case 'repeat-answer':
        return this.#write(bytes, bytes);
      case 'stale-answer':
        return before ? this.#write(before, bytes) : this.#write(bytes);
      case 'garbage':
        return this.#write(NONSENSE, bytes);
      case 'endless-line':
        return this.#write(ENDLESS, bytes);
      default:
        return this.#write(bytes);
    }
  }

  #write(...parts: readonly Uint8Array[]): void {
    if (this.#socket.destroyed) return;
    const bytes = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
    this.#socket.write(bytes);
    this.#parts.onSent(bytes);
  }

  async #trickle(bytes: Uint8Array): Promise<void> {
    for (const byte of bytes) {
      this.#write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** TLS has no reset of its own. */
  #reset(): void {
    if (this.#socket instanceof TLSSocket) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }
}

interface Said {
  readonly answer: SipAnswer;
  readonly bytes: Uint8Array;
  readonly before: Uint8Array | undefined;
  readonly detection: Detection;
}

const diesOf = (request: Request): boolean => 'noBlock' in request.fixed && request.fixed.noBlock === true;

const otherSequence = (detection: Detection): Detection =>
  detection?.sequence === undefined ? detection : { sequence: (detection.sequence + 5) % 10 };

/** The last digit of AZ: another one, as far as there is one. */
function withWrongSum(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1');
  return Buffer.from(
    text.replace(/(AZ...)(.)(?=[\r\n]*$)/, (_, sum, last) => sum + (last === '0' ? '1' : '0')),
    'latin1',
  );
}

/** In the middle, where fields are. */
function withWrongBit(bytes: Uint8Array): Uint8Array {
  const damaged = Uint8Array.from(bytes);
  const at = Math.floor(damaged.length / 2);
  damaged[at] = (damaged[at] ?? 0) ^ 0x01;
  return damaged;
}

/** To a fraction of a millisecond: timers alone are up to one late, each. */
async function until(atMs: number): Promise<void> {
  const wholeMs = Math.floor(atMs - performance.now()) - 1;
  if (wholeMs > 0) await new Promise((resolve) => setTimeout(resolve, wholeMs));
  while (performance.now() < atMs) await new Promise((resolve) => setImmediate(resolve));
}

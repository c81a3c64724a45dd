// SPDX-License-Identifier: Apache-2.0
// Client of a bench of simulated hardware: one connection for readers and panel, made again whenever it breaks.
import { connect, type Socket } from 'node:net';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import { type BackoffLimits, reconnectDelayMs } from './backoff.ts';
import type { BenchAddress } from './bench-address.ts';
import { jsonLine, lineReader, parseJson } from './json-lines.ts';
import { BENCH_PROTOCOL, type FromBench, fromBench, type ToBench } from './simulated-messages.ts';

const BACKOFF: BackoffLimits = { firstMs: 50, baseMs: 100, maxMs: 2_000 };
const WELCOME_TIMEOUT_MS = 2_000;
/** Orders on their way; more means that the bench hangs. */
const MAX_PENDING = 64;

export interface BenchConnectionOptions {
  readonly address: BenchAddress;
  readonly controller: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export interface BenchListener {
  onUp(welcome: Extract<FromBench, { kind: 'welcome' }>): void;
  onDown(): void;
  onMessage(message: FromBench): void;
}

interface Pending {
  resolve(): void;
  reject(error: Error): void;
}

export class BenchConnection {
  readonly #options: BenchConnectionOptions;
  readonly #listener: BenchListener;
  /** Last order for each output, to be said again after a break. */
  readonly #ordered = new Map<string, boolean>();
  readonly #pending = new Map<number, Pending>();
  #socket: Socket | undefined;
  #up = false;
  #closed = false;
  #failures = 0;
  #nextId = 0;
  #cancel: () => void = () => undefined;

  constructor(options: BenchConnectionOptions, listener: BenchListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** Resolves when the first attempt has succeeded or failed; later ones follow by themselves. */
  async open(): Promise<void> {
    await this.#attempt();
  }

  async set(output: string, on: boolean): Promise<void> {
    this.#ordered.set(output, on);
    const socket = this.#socket;
    if (!this.#up || socket === undefined) throw new Error('the bench of simulated hardware is not connected');
    if (this.#pending.size >= MAX_PENDING) throw new Error('the bench of simulated hardware does not answer');
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      socket.write(jsonLine({ kind: 'set', id, output, on } satisfies ToBench));
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.destroy();
    });
  }

  async #attempt(): Promise<void> {
    const { address, controller } = this.#options;
    return new Promise((settled) => {
      const socket = 'path' in address ? connect(address.path) : connect(address.port, address.host);
      this.#socket = socket;
      socket.setNoDelay(true);
      socket.setTimeout(WELCOME_TIMEOUT_MS, () => socket.destroy());
      socket.once('connect', () => {
        const outputs = Object.fromEntries(this.#ordered);
        socket.write(jsonLine({ kind: 'hello', protocol: BENCH_PROTOCOL, controller, outputs } satisfies ToBench));
      });
      const read = lineReader(
        (line) => {
          this.#onLine(line, socket);
          settled();
        },
        () => socket.destroy(),
      );
      socket.on('data', read);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => {
        this.#onClose();
        settled();
      });
    });
  }

  #onLine(line: string, socket: Socket): void {
    const parsed = fromBench.safeParse(parseJson(line));
    if (!parsed.success || (!this.#up && parsed.data.kind !== 'welcome')) {
      this.#options.log?.('the bench of simulated hardware says something else than its protocol', { up: this.#up });
      socket.destroy();
      return;
    }
    const message = parsed.data;
    if (message.kind === 'done' || message.kind === 'refused') return this.#settle(message);
    if (message.kind !== 'welcome') return this.#listener.onMessage(message);
    socket.setTimeout(0);
    this.#up = true;
    this.#failures = 0;
    this.#listener.onUp(message);
  }

  #settle(message: Extract<FromBench, { kind: 'done' | 'refused' }>): void {
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === 'done') pending?.resolve();
    else pending?.reject(new Error(message.detail));
  }

  #onClose(): void {
    const wasUp = this.#up;
    this.#up = false;
    for (const pending of this.#pending.values())
      pending.reject(new Error('the bench of simulated hardware went away'));
    this.#pending.clear();
    if (this.#closed) return;
    if (wasUp) this.#listener.onDown();
    const { clock, random } = this.#options;
    const delayMs = reconnectDelayMs(BACKOFF, this.#failures, random.unit());
    this.#failures += 1;
    this.#cancel = clock.after(delayMs, () => void this.#attempt());
  }
}

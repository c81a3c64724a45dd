// SPDX-License-Identifier: Apache-2.0
// ReaderSource over PC/SC: nfc-pcsc in a process of its own, replaced whenever pcscd goes away. Readers come and go by name.
import { connect, type Socket } from 'node:net';
import { toHex } from '@latchkey/protocols/bytes/hex';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { ReaderEvent, ReaderSource } from '../ports/reader-source.ts';
import { type BackoffLimits, reconnectDelayMs } from './backoff.ts';
import { PcscProcess, type ReaderMessage } from './pcsc-process.ts';

const BACKOFF: BackoffLimits = { firstMs: 200, baseMs: 300, maxMs: 5_000 };
/** A session that lived this long was a good one. */
const STABLE_MS = 10_000;
const PROBE_TIMEOUT_MS = 1_000;
const DEFAULT_SOCKET = '/run/pcscd/pcscd.comm';

export interface PcscReadersOptions {
  /** `match`: part of the PC/SC name, such as "ACR1252 Dual Reader [ACR1252 Dual Reader PICC] 00 00". Earlier entries choose first. */
  readonly readers: readonly { readonly name: string; readonly match: string }[];
  /** pcsc-worker, as a bundle or as its source. */
  readonly worker: URL;
  readonly clock: Clock;
  readonly random: Random;
  /** Path of pcscd's socket; null where there is none to look at (macOS). Default: the environment's, or Linux's usual one. */
  readonly socketPath?: string | null;
  readonly log?: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export class PcscReaders implements ReaderSource {
  readonly #options: PcscReadersOptions;
  readonly #socketPath: string | null;
  /** PC/SC name → wiring name. */
  readonly #attached = new Map<string, string>();
  /** Wiring name → UID of the card that lay there last and was not seen leaving. */
  readonly #lying = new Map<string, string>();
  #listener: (event: ReaderEvent) => void = () => undefined;
  #process: PcscProcess | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(options: PcscReadersOptions) {
    this.#options = options;
    this.#socketPath = options.socketPath === undefined ? defaultSocket() : options.socketPath;
  }

  /** Rejects when nfc-pcsc is not installed, saying what to install. */
  async start(listener: (event: ReaderEvent) => void): Promise<void> {
    this.#listener = listener;
    this.#process = await this.#startProcess();
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listener = () => undefined;
    this.#wake();
    await this.#process?.close();
    await this.#running;
  }

  /** Session after session, until closed. */
  async #run(): Promise<void> {
    const { clock, random } = this.#options;
    let failures = 0;
    while (!this.#closed) {
      const since = clock.monotonic();
      const reason = await this.#serve();
      for (const name of this.#attached.keys()) this.#onGone(name);
      if (this.#closed) return;
      failures = clock.monotonic() - since > STABLE_MS ? 0 : failures + 1;
      this.#options.log?.('pc/sc session ended', { reason, failures });
      await this.#sleep(reconnectDelayMs(BACKOFF, failures, random.unit()));
    }
  }

  /** One session; returns why it ended. */
  async #serve(): Promise<string> {
    let lease: Socket | undefined;
    try {
      lease = await this.#openLease();
      if (lease === undefined && this.#socketPath !== null) return 'pcscd is not running';
      this.#process ??= await this.#startProcess();
      if (lease?.destroyed || this.#closed) return 'pcscd went away';
      const current = this.#process;
      // pcsclite may miss the end of pcscd and connect to its successor with half of its readers; this does not.
      lease?.once('close', () => void current.close());
      const reason = await current.session((message) => this.#onMessage(message));
      this.#process = undefined;
      return reason;
    } catch (error) {
      return (error as Error).message;
    } finally {
      lease?.removeAllListeners('close').destroy();
    }
  }

  async #startProcess(): Promise<PcscProcess> {
    // A call that hangs takes a thread of the pool with it; four would be few.
    const pool = { UV_THREADPOOL_SIZE: '32' };
    const env = this.#socketPath === null ? pool : { ...pool, PCSCLITE_CSOCK_NAME: this.#socketPath };
    const started = await PcscProcess.start({ worker: this.#options.worker, env });
    if (this.#closed) await started.close();
    return started;
  }

  /**
   * A connection of our own to pcscd, kept for the session and never written to. Made before nfc-pcsc is created, which
   * would spin until the service is there. Under systemd it starts pcscd.
   */
  async #openLease(): Promise<Socket | undefined> {
    const path = this.#socketPath;
    if (path === null) return undefined;
    return new Promise((resolve) => {
      const socket = connect(path);
      const settle = (answer: Socket | undefined) => {
        socket.setTimeout(0);
        if (answer === undefined) socket.destroy();
        resolve(answer);
      };
      socket.setTimeout(PROBE_TIMEOUT_MS, () => settle(undefined));
      socket.once('connect', () => settle(socket));
      // For good: an error after the connection shows as its close.
      socket.on('error', () => settle(undefined));
      // Nothing is expected; read, so that the end is seen.
      socket.resume();
    });
  }

  async #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(delayMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  #onMessage(message: ReaderMessage): void {
    if (message.kind === 'reader') return this.#onReader(message.name);
    const reader = this.#attached.get(message.name);
    if (reader === undefined) return;
    switch (message.kind) {
      case 'reader-gone':
        return this.#onGone(message.name);
      case 'card':
        return this.#onCard(reader, message);
      case 'removed':
        this.#lying.delete(reader);
        return this.#listener({ kind: 'removed', reader });
      case 'unreadable':
        return this.#listener({ kind: 'unreadable', reader, detail: message.detail });
    }
  }

  #onReader(name: string): void {
    const taken = new Set(this.#attached.values());
    const wired = this.#options.readers.find((reader) => !taken.has(reader.name) && name.includes(reader.match));
    if (wired === undefined) {
      this.#options.log?.('reader is not in the wiring, or another one took its place', { pcscName: name });
      return;
    }
    this.#attached.set(name, wired.name);
    this.#listener({ kind: 'attached', reader: wired.name });
  }

  #onGone(name: string): void {
    const reader = this.#attached.get(name);
    if (reader === undefined) return;
    this.#attached.delete(name);
    this.#listener({ kind: 'detached', reader });
  }

  #onCard(reader: string, card: Extract<ReaderMessage, { kind: 'card' }>): void {
    const uid = toHex(card.uid);
    // pcscd was restarted under a card that never left: it was told already.
    const told = card.initial && this.#lying.get(reader) === uid;
    this.#lying.set(reader, uid);
    if (told) return;
    const { uid: bytes, atr } = card;
    const atMs = this.#options.clock.monotonic() - card.ageMs;
    this.#listener({ kind: 'card', reader, uid: bytes, class: 'uid-only', atMs, ...(atr ? { atr } : {}) });
  }
}

function defaultSocket(): string | null {
  if (process.platform !== 'linux') return null;
  return process.env['PCSCLITE_CSOCK_NAME'] ?? DEFAULT_SOCKET;
}

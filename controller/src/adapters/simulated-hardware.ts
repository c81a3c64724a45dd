// SPDX-License-Identifier: Apache-2.0
// Readers and panel of hardware-sim behind the controller's own ports. Only a wiring file switches it on, and the controller
// raises the alarm "simulated-hardware" as long as it runs.
import { fromHex } from '@latchkey/protocols/bytes/hex';
import type { InputLevel, Panel } from '../ports/panel.ts';
import type { ReaderEvent, ReaderSource } from '../ports/reader-source.ts';
import { BenchConnection, type BenchConnectionOptions } from './bench-connection.ts';
import type { FromBench } from './simulated-messages.ts';

export interface SimulatedHardwareOptions extends BenchConnectionOptions {
  /** Names of the wiring; what else the bench has is ignored. */
  readonly readers: readonly string[];
  readonly outputs: readonly string[];
  readonly inputs: readonly string[];
}

export interface SimulatedHardware {
  readonly readers: ReaderSource;
  readonly panel: Panel;
}

type CardEvent = Extract<FromBench, { kind: 'card' }>;

/** Does nothing until one of the two ports is used; the connection ends with the last of those that were. */
export function simulatedHardware(options: SimulatedHardwareOptions): SimulatedHardware {
  const shared = new SharedBench(options);
  return {
    readers: {
      start: async (listener) => shared.use('readers', () => shared.listenToReaders(listener)),
      close: async () => shared.release('readers'),
    },
    panel: {
      setOutput: async (output, on) => shared.setOutput(output, on),
      watch: async (listener) => shared.use('panel', () => shared.listenToInputs(listener)),
      close: async () => shared.release('panel'),
    },
  };
}

class SharedBench {
  readonly #options: SimulatedHardwareOptions;
  readonly #connection: BenchConnection;
  readonly #users = new Set<'readers' | 'panel'>();
  readonly #attached = new Set<string>();
  readonly #levels = new Map<string, InputLevel>();
  #onReader: (event: ReaderEvent) => void = () => undefined;
  #onInput: (input: string, level: InputLevel) => void = () => undefined;
  #opened: Promise<void> | undefined;

  constructor(options: SimulatedHardwareOptions) {
    this.#options = options;
    this.#connection = new BenchConnection(options, {
      onUp: (welcome) => this.#onUp(welcome),
      onDown: () => this.#onDown(),
      onMessage: (message) => this.#onMessage(message),
    });
  }

  async use(user: 'readers' | 'panel', listen: () => void): Promise<void> {
    this.#users.add(user);
    this.#opened ??= this.#connection.open();
    await this.#opened;
    listen();
  }

  /** The state the listener missed is told first. */
  listenToReaders(listener: (event: ReaderEvent) => void): void {
    this.#onReader = listener;
    for (const reader of this.#attached) listener({ kind: 'attached', reader });
  }

  listenToInputs(listener: (input: string, level: InputLevel) => void): void {
    this.#onInput = listener;
    for (const input of this.#options.inputs) listener(input, this.#levels.get(input) ?? 'fault');
  }

  async setOutput(output: string, on: boolean): Promise<void> {
    if (!this.#options.outputs.includes(output)) throw new Error(`the wiring has no output "${output}"`);
    await this.use('panel', () => undefined);
    await this.#connection.set(output, on);
  }

  async release(user: 'readers' | 'panel'): Promise<void> {
    if (!this.#users.delete(user)) return;
    if (user === 'readers') this.#onReader = () => undefined;
    else await this.#releasePanel();
    if (this.#users.size === 0) await this.#connection.close();
  }

  async #releasePanel(): Promise<void> {
    this.#onInput = () => undefined;
    // A bench that is gone has nothing to release.
    await Promise.allSettled(this.#options.outputs.map(async (output) => this.#connection.set(output, false)));
  }

  #onUp(welcome: Extract<FromBench, { kind: 'welcome' }>): void {
    for (const reader of welcome.readers) this.#attach(reader);
    for (const [input, level] of Object.entries(welcome.inputs)) this.#setLevel(input, level);
  }

  #onDown(): void {
    for (const reader of this.#attached) this.#detach(reader);
    for (const input of this.#options.inputs) this.#setLevel(input, 'fault');
  }

  #onMessage(message: FromBench): void {
    switch (message.kind) {
      case 'input':
        return this.#setLevel(message.input, message.level);
      case 'attached':
        return this.#attach(message.reader);
      case 'detached':
        return this.#detach(message.reader);
      case 'card':
        return this.#onCard(message);
      case 'code': {
        const { reader, text } = message;
        return this.#tell({ kind: 'code', reader, text, atMs: this.#options.clock.monotonic() });
      }
      case 'removed':
        return this.#tell({ kind: 'removed', reader: message.reader });
      case 'unreadable':
        return this.#tell({ kind: 'unreadable', reader: message.reader, detail: message.detail });
      case 'welcome':
      case 'done':
      case 'refused':
        // The connection's own business.
        return;
    }
  }

  #onCard(message: CardEvent): void {
    const uid = fromHex(message.uid);
    if (!uid.ok) return;
    const atr = message.atr === undefined ? undefined : fromHex(message.atr);
    this.#tell({
      kind: 'card',
      reader: message.reader,
      uid: uid.value,
      class: message.class,
      atMs: this.#options.clock.monotonic(),
      ...(atr?.ok ? { atr: atr.value } : {}),
    });
  }

  /** Only of readers that are attached. */
  #tell(event: ReaderEvent): void {
    if (this.#attached.has(event.reader)) this.#onReader(event);
  }

  #attach(reader: string): void {
    if (!this.#options.readers.includes(reader) || this.#attached.has(reader)) return;
    this.#attached.add(reader);
    this.#onReader({ kind: 'attached', reader });
  }

  #detach(reader: string): void {
    if (!this.#attached.delete(reader)) return;
    this.#onReader({ kind: 'detached', reader });
  }

  #setLevel(input: string, level: InputLevel): void {
    if (!this.#options.inputs.includes(input) || this.#levels.get(input) === level) return;
    this.#levels.set(input, level);
    this.#onInput(input, level);
  }
}

// SPDX-License-Identifier: Apache-2.0
// The socket at which controllers with simulated hardware find their benches: one for a whole campus, JSON lines.
import { chmod } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { type BenchAddress, parseBenchAddress } from '@latchkey/controller/adapters/bench-address';
import { jsonLine, lineReader, parseJson } from '@latchkey/controller/adapters/json-lines';
import {
  BENCH_PROTOCOL,
  type FromBenchLine,
  type ToBench,
  toBench,
} from '@latchkey/controller/adapters/simulated-messages';
import type { DoorBench } from './door-bench.ts';

/** A controller that does not read its events: it is cut off rather than waited for. */
const MAX_UNSENT_BYTES = 1_048_576;
const HELLO_TIMEOUT_MS = 5_000;

export interface BenchServerOptions {
  /** `127.0.0.1:PORT` (port 0 is not possible here: controllers must know it) or the path of a Unix socket. */
  readonly listen: string;
  /** By controller id; may grow while the server runs. */
  readonly benches: ReadonlyMap<string, DoorBench>;
}

export class BenchServer {
  readonly #options: BenchServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The newest connection of a controller is the one that counts. */
  readonly #current = new Map<string, Socket>();

  private constructor(options: BenchServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(options: BenchServerOptions): Promise<BenchServer> {
    const address = parseBenchAddress(options.listen);
    if (!address.ok) throw new Error(address.detail);
    const server = new BenchServer(options);
    await server.#listen(address.value);
    return server;
  }

  /** Controllers that are connected now. */
  get connected(): string[] {
    return [...this.#current.keys()];
  }

  /** Cuts all connections as a crash of the bench would; controllers come back by themselves. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #listen(address: BenchAddress): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(address, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    // Whoever speaks to it moves relays.
    if ('path' in address) await chmod(address.path, 0o600);
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.setTimeout(HELLO_TIMEOUT_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
    let bench: DoorBench | undefined;
    const onLine = (line: string) => {
      const message = toBench.safeParse(parseJson(line));
      if (!message.success || (message.data.kind === 'hello') !== (bench === undefined)) return void socket.destroy();
      if (message.data.kind === 'hello') bench = this.#welcome(socket, message.data);
      else if (bench) obey(bench, socket, message.data);
    };
    const read = lineReader(onLine, () => socket.destroy());
    socket.on('data', read);
  }

  #welcome(socket: Socket, hello: Extract<ToBench, { kind: 'hello' }>): DoorBench | undefined {
    const bench = this.#options.benches.get(hello.controller);
    if (bench === undefined) {
      socket.destroy();
      return undefined;
    }
    this.#current.get(hello.controller)?.destroy();
    this.#current.set(hello.controller, socket);
    socket.setTimeout(0);
    const stopTelling = bench.onEvent((event) => send(socket, event));
    socket.once('close', () => {
      stopTelling();
      if (this.#current.get(hello.controller) === socket) this.#current.delete(hello.controller);
    });
    for (const [output, on] of Object.entries(hello.outputs)) if (bench.hasOutput(output)) bench.setRelay(output, on);
    const { attachedReaders: readers, inputLevels: inputs } = bench;
    send(socket, { kind: 'welcome', protocol: BENCH_PROTOCOL, readers, inputs });
    return bench;
  }
}

function obey(bench: DoorBench, socket: Socket, { id, output, on }: Extract<ToBench, { kind: 'set' }>): void {
  if (!bench.hasOutput(output))
    return send(socket, { kind: 'refused', id, detail: `the bench has no output "${output}"` });
  bench.setRelay(output, on);
  send(socket, { kind: 'done', id });
}

function send(socket: Socket, message: FromBenchLine): void {
  if (socket.writableLength > MAX_UNSENT_BYTES) socket.destroy();
  else socket.write(jsonLine(message));
}

// SPDX-License-Identifier: Apache-2.0
// A TCP link that can fail in the ways real ones do. A controller is given the link's port in place of the gateway's.
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * up: bytes flow. cut: connections are reset, new ones refused (switch off, service stopped). black-hole: nothing is
 * refused and nothing arrives (cable pulled, firewall); what was sent meanwhile arrives when the link is up again.
 */
export type LinkState = 'up' | 'cut' | 'black-hole';

export interface LinkTarget {
  readonly host: string;
  readonly port: number;
}

/** One direction of a delayed link; beyond it the sender is held back. */
const MAX_IN_FLIGHT_BYTES = 1_048_576;

export class NetworkLink {
  readonly #target: LinkTarget;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #state: LinkState = 'up';
  #delayMs = 0;

  private constructor(target: LinkTarget) {
    this.#target = target;
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** Listens on a free loopback port. */
  static async start(target: LinkTarget): Promise<NetworkLink> {
    const link = new NetworkLink(target);
    await new Promise<void>((resolve, reject) => {
      link.#server.once('error', reject);
      link.#server.listen(0, '127.0.0.1', () => resolve());
    });
    return link;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the link is closed');
    return address.port;
  }

  get state(): LinkState {
    return this.#state;
  }

  get delayMs(): number {
    return this.#delayMs;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  cut(): void {
    this.#state = 'cut';
    for (const pair of this.#pairs) pair.end();
  }

  blackHole(): void {
    this.#state = 'black-hole';
    for (const pair of this.#pairs) pair.hold();
  }

  restore(): void {
    this.#state = 'up';
    for (const pair of this.#pairs) pair.flow();
  }

  /** Each way, from now on. 0 removes it. */
  delay(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) pair.end();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    if (this.#state === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const pair: Pair = new Pair(
      client,
      this.#target,
      () => this.#delayMs,
      () => this.#pairs.delete(pair),
    );
    this.#pairs.add(pair);
    if (this.#state === 'up') pair.flow();
  }
}

/** A client's connection and ours to the target. Held back by not reading: the kernel's buffers fill, then the sender waits. */
class Pair {
  readonly #client: Socket;
  readonly #target: LinkTarget;
  readonly #delayMs: () => number;
  readonly #ended: () => void;
  readonly #lines: DelayLine[] = [];
  #upstream: Socket | undefined;
  #held = true;
  #closed = 0;

  constructor(client: Socket, target: LinkTarget, delayMs: () => number, ended: () => void) {
    this.#client = client;
    this.#target = target;
    this.#delayMs = delayMs;
    this.#ended = ended;
    this.#prepare(client);
  }

  flow(): void {
    this.#held = false;
    if (this.#upstream === undefined) {
      const upstream = connect({ ...this.#target, allowHalfOpen: true });
      this.#upstream = upstream;
      this.#prepare(upstream);
      const held = () => this.#held;
      this.#lines.push(new DelayLine(this.#client, upstream, this.#delayMs, held));
      this.#lines.push(new DelayLine(upstream, this.#client, this.#delayMs, held));
    }
    this.#client.resume();
    this.#upstream.resume();
  }

  hold(): void {
    this.#held = true;
    this.#client.pause();
    this.#upstream?.pause();
  }

  end(): void {
    for (const line of this.#lines) line.close();
    this.#ended();
    this.#client.resetAndDestroy();
    this.#upstream?.resetAndDestroy();
  }

  #prepare(socket: Socket): void {
    socket.setNoDelay(true);
    socket.on('error', () => this.end());
    // One side that ended in order leaves the other its time to hear of it.
    socket.once('close', () => {
      this.#closed += 1;
      if (this.#closed === 2 || this.#upstream === undefined) this.end();
    });
  }
}

type Parcel = { readonly dueMs: number; readonly chunk: Buffer | undefined };

/** One direction: a queue in order, whatever the delay was when each parcel came in. */
class DelayLine {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #held: () => boolean;
  readonly #queue: Parcel[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, delayMs: () => number, held: () => boolean) {
    this.#from = from;
    this.#to = to;
    this.#held = held;
    from.on('data', (chunk) => this.#put({ dueMs: performance.now() + delayMs(), chunk }));
    from.on('end', () => this.#put({ dueMs: performance.now() + delayMs(), chunk: undefined }));
    to.on('drain', () => this.#resume());
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
  }

  #put(parcel: Parcel): void {
    this.#queue.push(parcel);
    this.#bytes += parcel.chunk?.length ?? 0;
    if (this.#bytes > MAX_IN_FLIGHT_BYTES) this.#from.pause();
    if (this.#queue.length === 1) this.#deliver();
  }

  #deliver(): void {
    for (let parcel = this.#queue[0]; parcel !== undefined; parcel = this.#queue[0]) {
      const waitMs = parcel.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#deliver(), waitMs);
        return;
      }
      this.#queue.shift();
      this.#bytes -= parcel.chunk?.length ?? 0;
      if (parcel.chunk === undefined) this.#to.end();
      else if (!this.#to.write(parcel.chunk)) this.#from.pause();
    }
    this.#resume();
  }

  #resume(): void {
    if (!this.#held() && this.#bytes <= MAX_IN_FLIGHT_BYTES && !this.#to.writableNeedDrain) this.#from.resume();
  }
}

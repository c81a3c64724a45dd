// SPDX-License-Identifier: Apache-2.0
// The controllers of a zone as UDP neighbours, named by address in the wiring. A port that is taken is tried for ever: the gate
// works without, its codes are only known to itself.
import { createSocket, type Socket } from 'node:dgram';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { ZoneLink } from '../ports/zone-link.ts';
import { createReopening, type Reopening } from './reopening.ts';

export interface ZoneNeighboursOptions {
  readonly host: string;
  readonly port: number;
  /** `host:port`, IPv4. */
  readonly addresses: readonly string[];
  readonly clock: Pick<Clock, 'after' | 'monotonic'>;
  readonly random: Pick<Random, 'unit'>;
  readonly log?: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

interface Neighbour {
  readonly host: string;
  readonly port: number;
}

export class ZoneNeighbours implements ZoneLink {
  readonly #options: ZoneNeighboursOptions;
  readonly #neighbours: readonly Neighbour[];
  #socket: Socket | undefined;
  #reopening: Reopening | undefined;

  constructor(options: ZoneNeighboursOptions) {
    this.#options = options;
    this.#neighbours = options.addresses.map((address) => {
      const at = address.lastIndexOf(':');
      return { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
    });
  }

  async start(listener: (datagram: Uint8Array) => void): Promise<void> {
    const { host, port, clock, random, log } = this.#options;
    await new Promise<void>((tried) => {
      this.#reopening = createReopening({
        clock,
        random,
        open: async (onEnd) => this.#open(listener, onEnd),
        onOpen: () => {
          log?.('neighbours of the zone are heard', { host, port });
          tried();
        },
        onEnd: () => log?.('neighbours of the zone are not heard any more', { port }),
        onFailed: (reason) => {
          log?.('neighbours of the zone cannot be heard, trying on', { host, port, reason });
          tried();
        },
      });
    });
  }

  send(datagram: Uint8Array): void {
    // With a callback a failure is no event of the socket's: a network that is down is no reason to open it again.
    for (const { host, port } of this.#neighbours) this.#socket?.send(datagram, port, host, () => undefined);
  }

  async close(): Promise<void> {
    await this.#reopening?.close();
  }

  async #open(listener: (datagram: Uint8Array) => void, onEnd: () => void): Promise<() => Promise<void>> {
    // Addresses need no looking up, and what is looked up leaves a turn later, when the relay may be moving.
    const socket = createSocket({ type: 'udp4', lookup: (host, _options, found) => found(null, host, 4) });
    let closed = false;
    const close = async () => {
      if (this.#socket === socket) this.#socket = undefined;
      if (closed) return;
      closed = true;
      await new Promise<void>((resolve) => socket.close(resolve));
    };
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: this.#options.host, port: this.#options.port, exclusive: true }, () => {
        socket.off('error', reject);
        resolve();
      });
    }).catch(async (error: unknown) => {
      await close();
      throw error;
    });
    socket.on('error', () => void close().then(onEnd));
    socket.on('message', (datagram) => {
      if (!closed) listener(datagram);
    });
    this.#socket = socket;
    return close;
  }
}

// SPDX-License-Identifier: Apache-2.0
// Simulated locks on this machine, reached over a socket: JSON lines, a frame in base64 on each (hardware-sim, locks). For
// trials and tests; the frames are those of the air.
import { connect as connectSocket, type Socket } from 'node:net';
import { z } from 'zod';
import type { Clock } from '../ports/clock.ts';
import { type LockLink, type LockRadio, LockRadioError, type SeenLock } from '../ports/lock-radio.ts';
import type { BenchAddress } from './bench-address.ts';
import { jsonLine, lineReader, parseJson } from './json-lines.ts';

const address = z.string().max(40);
const link = z.int().min(1);
/** What the simulator says. */
export const fromAir = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('seen'), address, rssi: z.int(), data: z.base64() }),
  z.object({ kind: z.literal('linked'), link, room: z.int().min(20).max(512) }),
  z.object({
    kind: z.literal('failed'),
    link,
    code: z.enum(['not-seen', 'timeout', 'not-a-lock', 'link-lost', 'radio-down']),
  }),
  z.object({ kind: z.literal('frame'), link, data: z.base64() }),
  z.object({ kind: z.literal('closed'), link }),
]);
/** What the controller says. */
export const toAir = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('connect'), link, address, deadlineMs: z.number().min(0) }),
  z.object({ kind: z.literal('frame'), link, data: z.base64() }),
  z.object({ kind: z.literal('close'), link }),
]);
type FromAir = z.infer<typeof fromAir>;

export interface SimulatedRadioOptions {
  readonly address: BenchAddress;
  readonly clock: Pick<Clock, 'after'>;
}

const AGAIN_MS = 500;

interface Standing {
  take(message: FromAir): void;
  lose(): void;
}

export class SimulatedRadio implements LockRadio {
  readonly #options: SimulatedRadioOptions;
  readonly #standing = new Map<number, Standing>();
  #listener: ((seen: SeenLock) => void) | undefined;
  #socket: Socket | undefined;
  #cancel: (() => void) | undefined;
  #next = 1;
  #closed = false;

  constructor(options: SimulatedRadioOptions) {
    this.#options = options;
  }

  async start(listener: (seen: SeenLock) => void): Promise<void> {
    this.#listener = listener;
    this.#open();
  }

  #open(): void {
    const socket = connectSocket(this.#options.address);
    this.#socket = socket;
    socket.on(
      'data',
      lineReader(
        (line) => this.#onLine(line),
        () => socket.destroy(),
      ),
    );
    socket.on('error', () => undefined);
    socket.on('close', () => {
      for (const standing of this.#standing.values()) standing.lose();
      if (!this.#closed) this.#cancel = this.#options.clock.after(AGAIN_MS, () => this.#open());
    });
  }

  #onLine(line: string): void {
    const message = fromAir.safeParse(parseJson(line));
    if (!message.success) return;
    const said = message.data;
    if (said.kind !== 'seen') return this.#standing.get(said.link)?.take(said);
    const manufacturerData = new Uint8Array(Buffer.from(said.data, 'base64'));
    this.#listener?.({ address: said.address, rssi: said.rssi, manufacturerData, adapter: 'simulated' });
  }

  #say(message: z.infer<typeof toAir>): void {
    if (this.#socket?.writable) this.#socket.write(jsonLine(message));
  }

  connect(to: string, deadlineMs: number): Promise<LockLink> {
    if (this.#closed || !this.#socket?.writable) return Promise.reject(new LockRadioError('radio-down'));
    const number = this.#next++;
    return new Promise((resolve, reject) => {
      const fail = (code: LockRadioError['code']) => {
        cancel();
        this.#standing.delete(number);
        reject(new LockRadioError(code));
      };
      const cancel = this.#options.clock.after(deadlineMs, () => {
        this.#say({ kind: 'close', link: number });
        fail('timeout');
      });
      this.#standing.set(number, {
        take: (message) => {
          if (message.kind === 'failed') fail(message.code);
          if (message.kind !== 'linked') return;
          cancel();
          resolve(this.#link(number, message.room));
        },
        lose: () => fail('radio-down'),
      });
      this.#say({ kind: 'connect', link: number, address: to, deadlineMs });
    });
  }

  #link(number: number, room: number): LockLink {
    const early: Uint8Array[] = [];
    let listener: ((frame: Uint8Array) => void) | undefined;
    let onClosed: (() => void) | undefined;
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      this.#standing.delete(number);
      onClosed?.();
    };
    this.#standing.set(number, {
      take(message) {
        if (message.kind === 'closed') return end();
        if (message.kind !== 'frame') return;
        const frame = new Uint8Array(Buffer.from(message.data, 'base64'));
        if (listener) listener(frame);
        else early.push(frame);
      },
      lose: end,
    });
    return {
      room,
      write: async (frame) => {
        if (ended) throw new LockRadioError('link-lost');
        this.#say({ kind: 'frame', link: number, data: Buffer.from(frame).toString('base64') });
      },
      onFrame(given) {
        listener = given;
        for (const frame of early.splice(0)) given(frame);
      },
      onClosed(given) {
        if (ended) given();
        else onClosed = given;
      },
      close: async () => {
        if (!ended) this.#say({ kind: 'close', link: number });
        end();
      },
    };
  }

  async reset(): Promise<void> {
    this.#socket?.destroy();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listener = undefined;
    this.#cancel?.();
    for (const standing of this.#standing.values()) standing.lose();
    this.#socket?.destroy();
  }
}

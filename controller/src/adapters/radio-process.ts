// SPDX-License-Identifier: Apache-2.0
// A radio in a process of its own, which is replaced where it does not answer: whatever hangs beneath it, and however long, holds
// up no door and no other radio. The kernel clears up after a process that ends.
import type { Clock } from '../ports/clock.ts';
import { type LockLink, type LockRadio, LockRadioError, type SeenLock } from '../ports/lock-radio.ts';
import type { FromRadioProcess, RadioRequest, ToRadioProcess } from './radio-messages.ts';
import { RelayedLink } from './relayed-link.ts';
import { startProcess } from './start-process.ts';

/** One process, until it ends. */
export interface RadioChannel {
  send(message: ToRadioProcess): void;
  onMessage(listener: (message: FromRadioProcess) => void): void;
  onEnd(listener: () => void): void;
  /** At once, whatever it does. */
  kill(): void;
}

export interface RadioProcessOptions {
  /** Number of the adapter: 0 is hci0. */
  readonly device: number;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: (message: string, fields: object) => void;
  readonly spawn: () => RadioChannel;
}

interface Waiting {
  readonly onReached: (() => void) | undefined;
  readonly resolve: (message: FromRadioProcess) => void;
  readonly reject: (error: LockRadioError) => void;
}

const START_MS = 20_000;
/** A radio that is well answers at a connect's deadline; one whose process hangs never does. */
const GRACE_MS = 1_500;
/** More than a radio allows itself for it. */
const ANSWER_MS = 8_000;
const END_MS = 3_000;
const AGAIN_MS = 1_000;

export class RadioProcess implements LockRadio {
  readonly #options: RadioProcessOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #links = new Map<number, RelayedLink>();
  #channel: RadioChannel | undefined;
  #listener: ((seen: SeenLock) => void) | undefined;
  #cancelAgain: (() => void) | undefined;
  #next = 1;
  #closed = false;

  constructor(options: RadioProcessOptions) {
    this.#options = options;
  }

  async start(listener: (seen: SeenLock) => void): Promise<void> {
    this.#listener = listener;
    await this.#open();
  }

  async #open(): Promise<void> {
    const channel = this.#options.spawn();
    this.#channel = channel;
    channel.onMessage((message) => {
      if (channel === this.#channel) this.#take(message);
    });
    channel.onEnd(() => {
      if (channel === this.#channel) this.#replace('the process of a radio ended', AGAIN_MS);
    });
    await this.#ask({ kind: 'start', device: this.#options.device }, START_MS);
  }

  #take(message: FromRadioProcess): void {
    if (message.kind === 'seen') return this.#listener?.(message.lock);
    if (message.kind === 'log') return this.#options.log(message.message, message.fields);
    if (message.kind === 'frame') return this.#links.get(message.link)?.take(message.frame);
    if (message.kind === 'closed') return this.#onClosed(message.link);
    const waiting = this.#waiting.get(message.id);
    if (message.kind === 'reached') return waiting?.onReached?.();
    if (message.kind === 'failed') return waiting?.reject(new LockRadioError(message.code, message.message));
    // Before the next message: it may be a frame of this link.
    if (message.kind === 'linked') this.#links.set(message.id, this.#link(message.id, message.room));
    waiting?.resolve(message);
  }

  #onClosed(link: number): void {
    this.#links.get(link)?.lose();
    this.#links.delete(link);
  }

  #link(link: number, room: number): RelayedLink {
    return new RelayedLink({
      room,
      write: (frame) => this.#ask({ kind: 'write', link, frame }, ANSWER_MS),
      close: () => this.#ask({ kind: 'close', link }, ANSWER_MS),
    });
  }

  #ask(request: RadioRequest, patienceMs: number, onReached?: () => void): Promise<FromRadioProcess> {
    const channel = this.#channel;
    if (this.#closed || !channel) return Promise.reject(new LockRadioError('radio-down'));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const settle = () => {
        cancel();
        this.#waiting.delete(id);
      };
      const cancel = this.#options.clock.after(patienceMs, () => {
        settle();
        reject(new LockRadioError('timeout'));
        if (channel === this.#channel) this.#replace('a radio does not answer, its process is replaced', 0);
      });
      this.#waiting.set(id, {
        onReached,
        resolve(message) {
          settle();
          resolve(message);
        },
        reject(error) {
          settle();
          reject(error);
        },
      });
      channel.send({ ...request, id });
    });
  }

  async connect(address: string, deadlineMs: number, onReached?: () => void): Promise<LockLink> {
    const request = { kind: 'connect', address, deadlineMs } as const;
    const said = await this.#ask(request, deadlineMs + GRACE_MS, onReached);
    const link = said.kind === 'linked' ? this.#links.get(said.id) : undefined;
    if (!link) throw new LockRadioError('link-lost');
    return link;
  }

  #replace(why: string, afterMs: number): void {
    this.#options.log(why, { device: this.#options.device });
    this.#drop();
    this.#cancelAgain = this.#options.clock.after(afterMs, () => void this.#openAgain());
  }

  async #openAgain(): Promise<void> {
    await this.#open().catch((error: Error) =>
      this.#options.log('adapter did not come back', { reason: error.message }),
    );
  }

  #drop(): void {
    this.#cancelAgain?.();
    const channel = this.#channel;
    this.#channel = undefined;
    for (const { reject } of this.#waiting.values()) reject(new LockRadioError('radio-down'));
    for (const link of this.#links.values()) link.lose();
    this.#links.clear();
    channel?.kill();
  }

  async reset(): Promise<void> {
    if (this.#closed || !this.#listener) return;
    this.#drop();
    await this.#openAgain();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#listener = undefined;
    const channel = this.#channel;
    if (channel) await this.#end(channel);
    this.#closed = true;
    this.#drop();
  }

  /** In order where it answers: links are let go of, the adapter stops scanning. */
  #end(channel: RadioChannel): Promise<void> {
    this.#channel = undefined;
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(END_MS, () => {
        channel.kill();
        resolve();
      });
      channel.onEnd(() => {
        cancel();
        resolve();
      });
      channel.send({ kind: 'end', id: this.#next++ });
    });
  }
}

/** From a bundle or its source. */
export const radioChannels = (worker: URL) => (): RadioChannel => {
  const child = startProcess(worker);
  // Its end is told by its exit; a message to one that just ended is lost with it.
  child.on('error', () => undefined);
  return {
    send: (message) => void child.send(message, () => undefined),
    onMessage: (listener) => void child.on('message', (message) => listener(message as FromRadioProcess)),
    onEnd: (listener) => void child.once('exit', listener),
    kill: () => void child.kill('SIGKILL'),
  };
};

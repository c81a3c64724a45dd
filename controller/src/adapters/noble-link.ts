// SPDX-License-Identifier: Apache-2.0
// One connection through noble. A link that drops and an ATT error leave noble's writes unanswered for ever: each has a deadline
// here, and ends with the link.
import type { Clock } from '../ports/clock.ts';
import { type LockLink, LockRadioError } from '../ports/lock-radio.ts';
import type { NobleCharacteristic, NoblePeripheral } from './noble.ts';

export interface NobleLinkParts {
  readonly peripheral: NoblePeripheral;
  readonly rx: NobleCharacteristic;
  readonly tx: NobleCharacteristic;
  readonly clock: Pick<Clock, 'after'>;
  /** The adapter does not even let go of a link. */
  readonly onStuck: () => Promise<void>;
}

const WRITE_PATIENCE_MS = 2_000;
const CLOSE_PATIENCE_MS = 2_000;
const SMALLEST_MTU = 23;
/** One link-layer packet with data length extension; noble asks for 256 and takes whatever is answered. */
const LARGEST_MTU = 247;
const ATT_HEADER = 3;

export class NobleLink implements LockLink {
  readonly room: number;
  readonly #parts: NobleLinkParts;
  readonly #early: Uint8Array[] = [];
  readonly #closers = new Set<() => void>();
  #listener: ((frame: Uint8Array) => void) | undefined;
  #told: (() => void) | undefined;
  #ended = false;
  #closing: Promise<void> | undefined;

  constructor(parts: NobleLinkParts) {
    this.#parts = parts;
    // Not before the characteristics are known: until then noble says null.
    this.room = Math.min(parts.peripheral.mtu ?? SMALLEST_MTU, LARGEST_MTU) - ATT_HEADER;
  }

  /** `onEnded` before anybody else. */
  watch(onEnded: () => void): void {
    this.#closers.add(onEnded);
    this.#parts.tx.on('data', (data) => this.#onData(new Uint8Array(data)));
    if (this.#parts.peripheral.state !== 'connected') return this.lose();
    this.#parts.peripheral.once('disconnect', () => this.lose());
  }

  #onData(frame: Uint8Array): void {
    if (this.#listener) this.#listener(frame);
    else if (!this.#ended) this.#early.push(frame);
  }

  write(frame: Uint8Array): Promise<void> {
    if (this.#ended) return Promise.reject(new LockRadioError('link-lost'));
    const { rx, clock } = this.#parts;
    const withoutResponse = rx.properties.includes('writeWithoutResponse');
    return new Promise((resolve, reject) => {
      const fail = (code: 'timeout' | 'link-lost') => {
        settle();
        reject(new LockRadioError(code));
      };
      const lost = () => fail('link-lost');
      const cancel = clock.after(WRITE_PATIENCE_MS, () => {
        fail('timeout');
        // noble's queue for this lock stands still from here on.
        void this.close();
      });
      const settle = () => {
        cancel();
        this.#closers.delete(lost);
      };
      this.#closers.add(lost);
      rx.write(Buffer.from(frame), withoutResponse, () => {
        settle();
        resolve();
      });
    });
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    this.#listener = listener;
    for (const frame of this.#early.splice(0)) listener(frame);
  }

  onClosed(listener: () => void): void {
    if (this.#ended) return listener();
    this.#told = listener;
  }

  /** It is gone, whether noble knows or not. */
  lose(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#parts.tx.removeAllListeners();
    this.#parts.rx.removeAllListeners();
    for (const closer of this.#closers) closer();
    this.#closers.clear();
    this.#told?.();
  }

  /** Called again meanwhile, it is still the first that decides whether the adapter is stuck. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { peripheral, clock, onStuck } = this.#parts;
    if (this.#ended || peripheral.state !== 'connected') return this.lose();
    const gone = await new Promise<boolean>((resolve) => {
      const cancel = clock.after(CLOSE_PATIENCE_MS, () => resolve(false));
      this.#closers.add(() => {
        cancel();
        resolve(true);
      });
      peripheral.disconnect();
    });
    if (!gone) await onStuck();
  }
}

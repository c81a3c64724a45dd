// SPDX-License-Identifier: Apache-2.0
// A link that stands elsewhere, in another process: what came before anybody listened is kept, its end is told once.
import { type LockLink, LockRadioError } from '../ports/lock-radio.ts';

export interface RelayedLinkParts {
  readonly room: number;
  readonly write: (frame: Uint8Array) => Promise<unknown>;
  readonly close: () => Promise<unknown>;
}

export class RelayedLink implements LockLink {
  readonly room: number;
  readonly #parts: RelayedLinkParts;
  readonly #early: Uint8Array[] = [];
  #listener: ((frame: Uint8Array) => void) | undefined;
  #told: (() => void) | undefined;
  #ended = false;

  constructor(parts: RelayedLinkParts) {
    this.#parts = parts;
    this.room = parts.room;
  }

  take(frame: Uint8Array): void {
    if (this.#listener) this.#listener(frame);
    else if (!this.#ended) this.#early.push(frame);
  }

  lose(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#told?.();
  }

  async write(frame: Uint8Array): Promise<void> {
    if (this.#ended) throw new LockRadioError('link-lost');
    await this.#parts.write(frame);
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    this.#listener = listener;
    for (const frame of this.#early.splice(0)) listener(frame);
  }

  onClosed(listener: () => void): void {
    if (this.#ended) return listener();
    this.#told = listener;
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    await this.#parts.close().catch(() => undefined);
    this.lose();
  }
}

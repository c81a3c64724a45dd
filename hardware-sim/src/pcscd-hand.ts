// SPDX-License-Identifier: Apache-2.0
// Lays cards on the virtual readers of a real pcscd: the same bench, with nfc-pcsc reading what people hold up.
import { setTimeout as sleep } from 'node:timers/promises';
import type { CardHand } from './door-bench.ts';
import type { VirtualReader } from './pcscd.ts';
import { uidCard, VirtualCard } from './virtual-card.ts';

/** pcscd looks at a reader every 400 ms: cards changed in between are one card to it. People are slower than that. */
const EMPTY_MS = 600;

export class PcscdHand implements CardHand {
  readonly #readers: ReadonlyMap<string, VirtualReader>;
  readonly #cards = new Map<string, VirtualCard>();
  readonly #emptySince = new Map<string, number>();

  /** By the reader's name in the wiring. */
  constructor(readers: ReadonlyMap<string, VirtualReader>) {
    this.#readers = readers;
  }

  async present(reader: string, uid: Uint8Array): Promise<void> {
    await this.remove(reader);
    const virtual = this.#readers.get(reader);
    if (virtual === undefined) throw new Error(`no virtual reader serves "${reader}"`);
    const emptyMs = performance.now() - (this.#emptySince.get(reader) ?? -EMPTY_MS);
    if (emptyMs < EMPTY_MS) await sleep(EMPTY_MS - emptyMs);
    this.#cards.set(reader, await VirtualCard.insert(virtual.port, uidCard(uid)));
  }

  async remove(reader: string): Promise<void> {
    const card = this.#cards.get(reader);
    this.#cards.delete(reader);
    if (card === undefined) return;
    await card.remove();
    this.#emptySince.set(reader, performance.now());
  }
}

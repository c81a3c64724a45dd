// SPDX-License-Identifier: Apache-2.0
// Lays cards on the virtual readers of a real pcscd: the same bench, with nfc-pcsc reading what people hold up.
import type { CardHand } from './door-bench.ts';
import type { VirtualReader } from './pcscd.ts';
import { uidCard, VirtualCard } from './virtual-card.ts';

export class PcscdHand implements CardHand {
  readonly #readers: ReadonlyMap<string, VirtualReader>;
  readonly #cards = new Map<string, VirtualCard>();

  /** By the reader's name in the wiring. */
  constructor(readers: ReadonlyMap<string, VirtualReader>) {
    this.#readers = readers;
  }

  async present(reader: string, uid: Uint8Array): Promise<void> {
    await this.remove(reader);
    const virtual = this.#readers.get(reader);
    if (virtual === undefined) throw new Error(`no virtual reader serves "${reader}"`);
    this.#cards.set(reader, await VirtualCard.insert(virtual.port, uidCard(uid)));
  }

  async remove(reader: string): Promise<void> {
    const card = this.#cards.get(reader);
    this.#cards.delete(reader);
    await card?.remove();
  }
}

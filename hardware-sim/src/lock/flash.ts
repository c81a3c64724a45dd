// SPDX-License-Identifier: Apache-2.0
// NOR flash as a microcontroller has it: pages are erased to ones, programming only clears bits, and power may fail within any of
// these, leaving half of it done.

/** Power is gone: whatever runs stops here, and goes on from the flash at the next boot. */
export class PowerLost extends Error {
  constructor() {
    super('power lost');
    this.name = 'PowerLost';
  }
}

export interface Flash {
  readonly size: number;
  readonly pageBytes: number;
  /** A copy. */
  read(at: number, length: number): Uint8Array;
  /** Throws RangeError where a bit would have to rise: a bug of the firmware. */
  program(at: number, bytes: Uint8Array): void;
  erase(page: number): void;
}

const ERASED = 0xff;

export interface PowerCut {
  /** Of programs and erasures since the flash was made, from 0. */
  readonly operation: number;
  /** How much of that operation still happens. */
  readonly part: 'none' | 'half' | 'all';
}

export class SimulatedFlash implements Flash {
  readonly pageBytes: number;
  readonly #cells: Uint8Array;
  #operations = 0;
  #cut: PowerCut | undefined;

  constructor(pages: number, pageBytes = 4_096) {
    this.pageBytes = pageBytes;
    this.#cells = new Uint8Array(pages * pageBytes).fill(ERASED);
  }

  get size(): number {
    return this.#cells.length;
  }

  /** Programs and erasures so far. */
  get operations(): number {
    return this.#operations;
  }

  /** Power fails once, at this operation. */
  cutAt(cut: PowerCut | undefined): void {
    this.#cut = cut;
  }

  read(at: number, length: number): Uint8Array {
    return this.#cells.slice(at, at + length);
  }

  program(at: number, bytes: Uint8Array): void {
    const end = at + this.#share(bytes.length);
    for (let cell = at; cell < end; cell += 1) {
      const wanted = bytes[cell - at] as number;
      if (((this.#cells[cell] as number) & wanted) !== wanted) throw new RangeError('programmed before it was erased');
      this.#cells[cell] = wanted;
    }
    this.#afterwards();
  }

  erase(page: number): void {
    const at = page * this.pageBytes;
    this.#cells.fill(ERASED, at, at + this.#share(this.pageBytes));
    this.#afterwards();
  }

  /** All of it, to be put back by `load`. */
  image(): Uint8Array {
    return this.#cells.slice();
  }

  /** As it was once; whoever runs on it must start anew. */
  load(image: Uint8Array): void {
    this.#cells.set(image);
  }

  /** Wear and radiation: bits change at rest. */
  flip(at: number, mask: number): void {
    this.#cells[at] = (this.#cells[at] ?? 0) ^ mask;
  }

  #isCut = (): boolean => this.#cut?.operation === this.#operations;

  #share(length: number): number {
    if (!this.#isCut() || this.#cut?.part === 'all') return length;
    return this.#cut?.part === 'half' ? Math.floor(length / 2) : 0;
  }

  #afterwards(): void {
    const cut = this.#isCut();
    this.#operations += 1;
    if (!cut) return;
    this.#cut = undefined;
    throw new PowerLost();
  }
}

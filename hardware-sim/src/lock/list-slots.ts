// SPDX-License-Identifier: Apache-2.0
// Two slots for lists in flash: one in force, one in the shadow, written by offset. Which of them is in force is one record in the
// settings, so that a list comes into force whole or not at all.
import type { Flash } from './flash.ts';
import type { LockMemory } from './lock-memory.ts';

export interface ListMark {
  readonly epoch: number;
  readonly version: number;
  /** Hash of the head, 64 hex digits. */
  readonly digest: string;
  readonly total: number;
}

export interface ListSlots {
  /** In force; its bytes are to be verified before they are used. */
  active(): ListMark | undefined;
  activeBytes(): Uint8Array | undefined;
  shadow(): { readonly mark: ListMark; readonly offset: number } | undefined;
  /** Begins a transfer, or goes on with the same one. Gives the offset from which bytes are wanted; `undefined`: too large. */
  begin(mark: ListMark): number | undefined;
  /** Bytes at the offset that is wanted. Throws RangeError where the flash holds others there already. */
  write(bytes: Uint8Array): number;
  shadowBytes(): Uint8Array;
  /** The shadow is in force from now on. */
  activate(): void;
  drop(): void;
}

export function openListSlots(flash: Flash, firstPage: number, pages: number, memory: LockMemory): ListSlots {
  const size = pages * flash.pageBytes;
  const pageOf = (slot: number) => firstPage + slot * pages;
  const at = (slot: number) => pageOf(slot) * flash.pageBytes;
  const active = () => memory.read('active');
  const shadowSlot = () => (active()?.slot === 0 ? 1 : 0);
  let offset = memory.read('shadow-offset') ?? 0;

  function drop(): void {
    memory.remove('shadow');
    memory.write('shadow-offset', 0);
    offset = 0;
  }

  const shadow = () => {
    const mark = memory.read('shadow');
    return mark && { mark, offset };
  };

  return {
    active,
    activeBytes() {
      const mark = active();
      return mark && flash.read(at(mark.slot), mark.total);
    },
    shadow,
    begin(mark) {
      if (mark.total > size) return undefined;
      const standing = memory.read('shadow');
      if (standing?.digest === mark.digest && standing.total === mark.total) return offset;
      // Nothing may claim to be there while it is erased.
      drop();
      const first = pageOf(shadowSlot());
      for (let page = 0; page * flash.pageBytes < mark.total; page += 1) flash.erase(first + page);
      memory.write('shadow', mark);
      return 0;
    },
    write(bytes) {
      const { total = 0 } = memory.read('shadow') ?? {};
      const part = bytes.subarray(0, Math.max(0, total - offset));
      flash.program(at(shadowSlot()) + offset, part);
      const before = Math.floor(offset / flash.pageBytes);
      offset += part.length;
      // Once a page: what lies behind the mark is programmed again with the same bytes, which NOR allows.
      if (Math.floor(offset / flash.pageBytes) > before) memory.write('shadow-offset', offset);
      return offset;
    },
    shadowBytes: () => flash.read(at(shadowSlot()), memory.read('shadow')?.total ?? 0),
    activate() {
      const mark = memory.read('shadow');
      if (!mark) return;
      memory.write('active', { ...mark, slot: shadowSlot() });
      drop();
    },
    drop,
  };
}

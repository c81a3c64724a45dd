// SPDX-License-Identifier: Apache-2.0
// Small values by name in flash, each replaced as a whole or not at all: records appended to one of two banks, the last of a name
// counts, and a full bank is copied to the other, which counts once its header is written.

import { concatBytes, equalBytes } from '@latchkey/protocols/bytes/equal';
import { sha256 } from '@latchkey/protocols/bytes/hash';
import type { Flash } from './flash.ts';

export interface SettingsStore {
  get(name: number): Uint8Array | undefined;
  /** Durable on return. Throws RangeError where it does not fit. */
  put(name: number, value: Uint8Array): void;
  remove(name: number): void;
  /** Forgets everything. */
  clear(): void;
}

/** Generation, then its check. */
const BANK_HEADER = 8;
/** Name, flags, length, then the check of name, flags, length and value. */
const RECORD_HEADER = 8;
const CHECK_BYTES = 4;
const REMOVED = 1;
const NO_NAME = 0xff;

const checkOf = (bytes: Uint8Array): Uint8Array => sha256(bytes).slice(0, CHECK_BYTES);
const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

function encodeRecord(name: number, flags: number, value: Uint8Array): Uint8Array {
  const head = Uint8Array.of(name, flags, value.length & 0xff, value.length >> 8);
  return concatBytes([head, checkOf(concatBytes([head, value])), value]);
}

interface Bank {
  readonly at: number;
  readonly firstPage: number;
}

/** `pages`: of each of the two banks, which lie one behind the other from `firstPage`. */
export function openSettingsStore(flash: Flash, firstPage: number, pages: number): SettingsStore {
  const size = pages * flash.pageBytes;
  const banks = [0, 1].map(
    (n): Bank => ({ firstPage: firstPage + n * pages, at: (firstPage + n * pages) * flash.pageBytes }),
  ) as [Bank, Bank];
  const values = new Map<number, Uint8Array>();
  let generation = 0;
  let current = 0;
  let end = BANK_HEADER;

  function generationOf({ at }: Bank): number {
    const header = flash.read(at, BANK_HEADER);
    const isWhole = equalBytes(checkOf(header.slice(0, 4)), header.slice(4));
    return isWhole ? new DataView(header.buffer).getUint32(0, true) : 0;
  }

  /** False where a record is torn: what follows cannot be told from it. */
  function readAll({ at }: Bank): boolean {
    for (end = BANK_HEADER; end + RECORD_HEADER <= size; ) {
      const head = flash.read(at + end, RECORD_HEADER);
      if (head.every((byte) => byte === NO_NAME))
        return flash.read(at + end, size - end).every((byte) => byte === NO_NAME);
      const length = (head[2] as number) | ((head[3] as number) << 8);
      const value = flash.read(at + end + RECORD_HEADER, length);
      if (value.length < length || !equalBytes(checkOf(concatBytes([head.slice(0, 4), value])), head.slice(4)))
        return false;
      if (((head[1] as number) & REMOVED) !== 0) values.delete(head[0] as number);
      else values.set(head[0] as number, value);
      end += RECORD_HEADER + length;
    }
    return true;
  }

  function moveToOther(): void {
    const next = banks[1 - current] as Bank;
    const records = [...values].map(([name, value]) => encodeRecord(name, 0, value));
    const body = concatBytes(records);
    if (BANK_HEADER + body.length > size) throw new RangeError('the settings do not fit a bank');
    for (let page = 0; page < pages; page += 1) flash.erase(next.firstPage + page);
    flash.program(next.at + BANK_HEADER, body);
    generation += 1;
    flash.program(next.at, concatBytes([u32(generation), checkOf(u32(generation))]));
    current = 1 - current;
    end = BANK_HEADER + body.length;
  }

  function append(record: Uint8Array): void {
    if (end + record.length > size) return moveToOther();
    const bank = banks[current] as Bank;
    flash.program(bank.at + end, record);
    end += record.length;
  }

  const generations = banks.map(generationOf) as [number, number];
  generation = Math.max(...generations);
  current = generations[1] > generations[0] ? 1 : 0;
  if (generation === 0 || !readAll(banks[current] as Bank)) moveToOther();

  return {
    get: (name) => values.get(name)?.slice(),
    put(name, value) {
      const before = values.get(name);
      if (before && equalBytes(before, value)) return;
      values.set(name, value.slice());
      try {
        append(encodeRecord(name, 0, value));
      } catch (error) {
        // It does not fit: nothing of it is kept.
        if (error instanceof RangeError && before) values.set(name, before);
        else if (error instanceof RangeError) values.delete(name);
        throw error;
      }
    },
    remove(name) {
      if (!values.delete(name)) return;
      append(encodeRecord(name, REMOVED, new Uint8Array(0)));
    },
    clear() {
      values.clear();
      moveToOther();
    },
  };
}

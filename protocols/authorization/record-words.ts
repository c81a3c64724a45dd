// SPDX-License-Identifier: Apache-2.0
// Records as 32-bit words, four a record: [key low, key high, profile | flags << 16 | class << 24, untilMinute]. The wire is
// little-endian and so is every machine this runs on; lists of a million are read and sorted in this form, in place.
import { MAX_PAGE_BITS, MAX_PAGE_RECORDS, RECORD_BYTES } from './limits.ts';
import type { ListRecord, RecordContent } from './record.ts';

export const RECORD_WORDS = 4;

/** A view where the bytes are aligned, otherwise a copy. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / 4));
}

export const bytesOf = (words: Uint32Array): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

/** Order of two keys as unsigned 64-bit numbers: negative, zero or positive. */
export function compareKeys(one: Uint32Array, at: number, other: Uint32Array, otherAt: number): number {
  const high = (one[at + 1] ?? 0) - (other[otherAt + 1] ?? 0);
  return high === 0 ? (one[at] ?? 0) - (other[otherAt] ?? 0) : high;
}

export const copyRecord = (to: Uint32Array, toAt: number, from: Uint32Array, fromAt: number): void => {
  to[toAt] = from[fromAt] ?? 0;
  to[toAt + 1] = from[fromAt + 1] ?? 0;
  to[toAt + 2] = from[fromAt + 2] ?? 0;
  to[toAt + 3] = from[fromAt + 3] ?? 0;
};

export function contentAt(words: Uint32Array, at: number): RecordContent {
  const packed = words[at + 2] as number;
  return {
    profile: packed & 0xffff,
    flags: (packed >>> 16) & 0xff,
    credentialClass: packed >>> 24,
    untilMinute: words[at + 3] as number,
  };
}

export const recordAt = (words: Uint32Array, at: number): ListRecord => ({
  key: bytesOf(words.slice(at, at + 2)),
  ...contentAt(words, at),
});

/** On average over pages. */
const MOST_RECORDS_A_PAGE = 512;

/** Page of a key: its topmost bits. */
export const pageOf = (high: number, pageBits: number): number => (pageBits === 0 ? 0 : high >>> (32 - pageBits));

/**
 * 256 to 512 records a page, one page up to 512. Hashing has a price per page besides that per byte: half of these would load
 * a seventh slower, twice as many would double what a repair fetches.
 */
export function pageBitsFor(count: number): number {
  let bits = 0;
  while (bits < MAX_PAGE_BITS && count > MOST_RECORDS_A_PAGE * 2 ** bits) bits++;
  return bits;
}

/** Records a page; `undefined` where one page would hold more than can be counted. */
export function countPages(words: Uint32Array, pageBits: number): Uint16Array | undefined {
  const counts = new Uint32Array(2 ** pageBits);
  for (let at = 1; at < words.length; at += RECORD_WORDS) {
    const page = pageOf(words[at] ?? 0, pageBits);
    counts[page] = (counts[page] ?? 0) + 1;
  }
  return counts.some((count) => count > MAX_PAGE_RECORDS) ? undefined : Uint16Array.from(counts);
}

/** True where the counts sum to exactly these records. */
export function countsMatch(pageCounts: Uint16Array, recordBytes: number): boolean {
  let sum = 0;
  for (const count of pageCounts) sum += count;
  return sum * RECORD_BYTES === recordBytes;
}

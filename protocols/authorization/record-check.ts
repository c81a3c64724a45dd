// SPDX-License-Identifier: Apache-2.0
// Structure of records at load: keys rise, each lies in the page of its topmost bits, profile, flags and class are known.
// A page is looked at right after it was hashed, while it is in cache, and without branches: a million take about 1 ms.
import { pageOf, RECORD_WORDS } from './record-words.ts';

export type RecordFault = 'records-not-sorted' | 'record-in-wrong-page' | 'record-out-of-range';

/** Bits of the third word that no flag and no class uses. */
const UNUSED_BITS = 0xfcf8_0000 | 0;

export interface StructureCheck {
  /** Word indexes of a page's records. */
  visit(this: void, page: number, from: number, to: number): void;
  /** First kind of fault found so far; also records of a profile that the policy, with so many, does not have. */
  fault(profiles: number): RecordFault | undefined;
}

export function createStructureCheck(words: Uint32Array, pageBits: number): StructureCheck {
  // Signed: V8 keeps these as machine integers, where unsigned words above 2^31 become doubles.
  const signed = new Int32Array(words.buffer, words.byteOffset, words.length);
  let fault: RecordFault | undefined;
  let highestProfile = -1;
  return {
    fault: (profiles) => fault ?? (highestProfile < profiles ? undefined : 'record-out-of-range'),
    visit(page, from, to) {
      if (fault !== undefined || from === to) return;
      const highest = pageBits === 0 ? -1 : highestProfileIfSound(signed, 32 - pageBits, page, from, to);
      if (highest < 0) fault = checkPage(signed, pageBits, page, from, to);
      highestProfile = Math.max(highestProfile, highest < 0 ? profilesOf(signed, from, to) : highest);
    },
  };
}

/**
 * One pass without branches; only where two keys share their upper 31 bits a second one looks at those. The highest profile
 * of the page, or -1 where something looks wrong.
 */
function highestProfileIfSound(words: Int32Array, shift: number, page: number, from: number, to: number): number {
  let previous = ((words[from + 1] as number) >>> 1) - 1;
  let order = 0;
  let highest = 0;
  let bits = 0;
  for (let at = from; at < to; at += RECORD_WORDS) {
    const high = (words[at + 1] as number) >>> 1;
    const packed = words[at + 2] as number;
    const profile = packed & 0xffff;
    // Differences of 31-bit numbers: the sign bit remembers any that is not above zero.
    order |= high - previous - 1;
    highest = profile > highest ? profile : highest;
    bits |= packed;
    previous = high;
  }
  // Sorted, so the first and the last record stand for the page.
  const placed =
    (words[from + 1] as number) >>> shift === page && (words[to - RECORD_WORDS + 1] as number) >>> shift === page;
  return (bits & UNUSED_BITS) === 0 && placed && (order >= 0 || tiesRise(words, from, to)) ? highest : -1;
}

function profilesOf(words: Int32Array, from: number, to: number): number {
  let highest = 0;
  for (let at = from; at < to; at += RECORD_WORDS) highest = Math.max(highest, (words[at + 2] as number) & 0xffff);
  return highest;
}

function tiesRise(words: Int32Array, from: number, to: number): boolean {
  let previous = -1;
  for (let at = from; at < to; at += RECORD_WORDS) {
    const high = (words[at + 1] as number) >>> 1;
    if (high <= previous && !rises(words, at)) return false;
    previous = high;
  }
  return true;
}

/** Makes unsigned order signed order. */
const FLIP = 0x8000_0000 | 0;

function checkPage(
  words: Int32Array,
  pageBits: number,
  page: number,
  from: number,
  to: number,
): RecordFault | undefined {
  for (let at = from; at < to; at += RECORD_WORDS) {
    const packed = words[at + 2] as number;
    if (at > from && !rises(words, at)) return 'records-not-sorted';
    if (pageOf(words[at + 1] as number, pageBits) !== page) return 'record-in-wrong-page';
    if ((packed & UNUSED_BITS) !== 0) return 'record-out-of-range';
  }
  return undefined;
}

/** The key at `at` is above the one before it. */
function rises(words: Int32Array, at: number): boolean {
  const high = (words[at + 1] as number) ^ FLIP;
  const highBefore = (words[at - RECORD_WORDS + 1] as number) ^ FLIP;
  if (high !== highBefore) return high > highBefore;
  return ((words[at] as number) ^ FLIP) > ((words[at - RECORD_WORDS] as number) ^ FLIP);
}

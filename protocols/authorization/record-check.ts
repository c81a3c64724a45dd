// SPDX-License-Identifier: Apache-2.0
// Structure of records at load: keys rise, each lies in the page of its topmost bits, profile, flags and class are known.
// A page is looked at right after it was hashed, while it is in cache, and without branches: a million take about 1 ms.
import { compareKeys, pageOf, RECORD_WORDS } from './record-words.ts';

export type RecordFault = 'records-not-sorted' | 'record-in-wrong-page' | 'record-out-of-range';

/** Bits of the third word that no flag and no class uses. */
const UNUSED_BITS = 0xfcf8_0000 | 0;

export interface StructureCheck {
  /** Word indexes of a page's records. */
  visit(this: void, page: number, from: number, to: number): void;
  /** First kind of fault found so far. */
  fault(): RecordFault | undefined;
}

export function createStructureCheck(words: Uint32Array, pageBits: number, profiles: number): StructureCheck {
  // Signed: V8 keeps these as machine integers, where unsigned words above 2^31 become doubles.
  const signed = new Int32Array(words.buffer, words.byteOffset, words.length);
  let fault: RecordFault | undefined;
  return {
    fault: () => fault,
    visit(page, from, to) {
      if (fault !== undefined || from === to) return;
      const sound = pageBits === 0 ? false : seemsSound(signed, 32 - pageBits, profiles, page, from, to);
      if (!sound) fault = checkPage(words, pageBits, profiles, page, from, to);
    },
  };
}

/** False also where two keys share their upper half: then the careful check decides. */
function seemsSound(
  words: Int32Array,
  shift: number,
  profiles: number,
  page: number,
  from: number,
  to: number,
): boolean {
  const lastProfile = profiles - 1;
  let previous = ((words[from + 1] as number) - 1) | 0;
  let negative = 0;
  let misplaced = 0;
  let bits = 0;
  for (let at = from; at < to; at += RECORD_WORDS) {
    const high = words[at + 1] as number;
    const packed = words[at + 2] as number;
    // Within a page two keys differ by less than 2^31, so the sign of the wrapped difference is their order.
    negative |= (((high - previous) | 0) - 1) | (lastProfile - (packed & 0xffff));
    misplaced |= (high >>> shift) ^ page;
    bits |= packed;
    previous = high;
  }
  return negative >= 0 && misplaced === 0 && (bits & UNUSED_BITS) === 0;
}

function checkPage(
  words: Uint32Array,
  pageBits: number,
  profiles: number,
  page: number,
  from: number,
  to: number,
): RecordFault | undefined {
  for (let at = from; at < to; at += RECORD_WORDS) {
    const packed = words[at + 2] as number;
    if (at > from && compareKeys(words, at - RECORD_WORDS, words, at) >= 0) return 'records-not-sorted';
    if (pageOf(words[at + 1] as number, pageBits) !== page) return 'record-in-wrong-page';
    if ((packed & 0xffff) >= profiles || (packed & UNUSED_BITS) !== 0) return 'record-out-of-range';
  }
  return undefined;
}

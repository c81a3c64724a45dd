// SPDX-License-Identifier: Apache-2.0
// Hash tree over the pages of a list (lists-and-codes, PAGES): leaf = SHA-256(0x00 ‖ scopeId ‖ pageIndex ‖ records),
// node = SHA-256(0x01 ‖ left ‖ right), depth fixed by the head's pageBits.
import { hash } from 'node:crypto';
import { equalBytes } from '../bytes/equal.ts';
import { sha256 } from '../bytes/hash.ts';
import { RECORD_BYTES } from './limits.ts';
import { RECORD_WORDS } from './record-words.ts';

export const LEAF_BYTES = 32;
const PREFIX_BYTES = 9;

/** Hashes leaves through one scratch buffer: a page is copied once, in cache, and hashed in one call. */
export interface LeafHasher {
  leaf(pageIndex: number, records: Uint8Array, from: number, to: number): Uint8Array;
}

export function createLeafHasher(scopeId: number, largestPageBytes: number): LeafHasher {
  const scratch = new Uint8Array(PREFIX_BYTES + largestPageBytes);
  const view = new DataView(scratch.buffer);
  view.setUint32(1, scopeId, true);
  return {
    leaf(pageIndex, records, from, to) {
      view.setUint32(5, pageIndex, true);
      scratch.set(records.subarray(from, to), PREFIX_BYTES);
      return sha256(scratch.subarray(0, PREFIX_BYTES + to - from));
    },
  };
}

/** Leaf of one page. */
export const leafHash = (scopeId: number, pageIndex: number, page: Uint8Array): Uint8Array =>
  createLeafHasher(scopeId, page.length).leaf(pageIndex, page, 0, page.length);

/** Leaves of all pages, flat. The counts must sum to the records (callers have checked). */
export function leavesOf(scopeId: number, pageCounts: Uint16Array, records: Uint8Array): Uint8Array {
  const leaves = new Uint8Array(pageCounts.length * LEAF_BYTES);
  let largest = 0;
  for (const count of pageCounts) if (count > largest) largest = count;
  const hasher = createLeafHasher(scopeId, largest * RECORD_BYTES);
  let from = 0;
  for (let page = 0; page < pageCounts.length; page++) {
    const to = from + (pageCounts[page] ?? 0) * RECORD_BYTES;
    leaves.set(hasher.leaf(page, records, from, to), page * LEAF_BYTES);
    from = to;
  }
  return leaves;
}

/**
 * The same over a buffer that the caller owns: each page's 9 prefix bytes are laid over what comes before it for the moment of
 * hashing, then put back, which saves copying every page. Needs 12 bytes of room before the first page; `visit` sees each page
 * (word indexes) while it is in cache.
 */
export function leavesInPlace(
  words: Uint32Array,
  firstWord: number,
  scopeId: number,
  pageCounts: Uint16Array,
  visit: (page: number, fromWord: number, toWord: number) => void,
): Uint8Array {
  // Text of one byte a character is what the hash gives cheapest; it becomes bytes once, at the end.
  const leaves: string[] = [];
  let from = firstWord;
  for (let page = 0; page < pageCounts.length; page++) {
    const to = from + (pageCounts[page] ?? 0) * RECORD_WORDS;
    const before3 = words[from - 3] as number;
    const before2 = words[from - 2] as number;
    const before1 = words[from - 1] as number;
    words[from - 3] = before3 & 0x00ff_ffff;
    words[from - 2] = scopeId;
    words[from - 1] = page;
    const start = words.byteOffset + from * 4 - PREFIX_BYTES;
    const input = new Uint8Array(words.buffer, start, PREFIX_BYTES + (to - from) * 4);
    leaves.push(hash('sha256', input, 'binary'));
    words[from - 3] = before3;
    words[from - 2] = before2;
    words[from - 1] = before1;
    visit(page, from, to);
    from = to;
  }
  return new Uint8Array(Buffer.from(leaves.join(''), 'latin1'));
}

/** Root of 2^pageBits leaves; `undefined` for any other number of bytes. */
export function rootOfLeaves(leaves: Uint8Array, pageBits: number): Uint8Array | undefined {
  if (leaves.length !== LEAF_BYTES * 2 ** pageBits) return undefined;
  let level = Buffer.from(leaves).toString('latin1');
  for (let width = 2 ** pageBits; width > 1; width /= 2) {
    const bytes = Buffer.from(`\u0001${level}`, 'latin1');
    const nodes: string[] = [];
    for (let node = 0; node < width / 2; node++) {
      // The prefix of a pair takes the last byte of the pair before, which is used up.
      bytes[node * 2 * LEAF_BYTES] = 0x01;
      const pair = bytes.subarray(node * 2 * LEAF_BYTES, (node + 1) * 2 * LEAF_BYTES + 1);
      nodes.push(hash('sha256', pair, 'binary'));
    }
    level = nodes.join('');
  }
  return new Uint8Array(Buffer.from(level, 'latin1'));
}

/** A received leaf table against the head: after this, every page is checked by itself, in any order. */
export function verifyLeaves(leaves: Uint8Array, head: { pageBits: number; pagesRoot: Uint8Array }): boolean {
  const root = rootOfLeaves(leaves, head.pageBits);
  return root !== undefined && equalBytes(root, head.pagesRoot);
}

/** A received page against a verified leaf table. */
export function verifyPage(leaves: Uint8Array, scopeId: number, pageIndex: number, page: Uint8Array): boolean {
  const at = pageIndex * LEAF_BYTES;
  if (!Number.isSafeInteger(pageIndex) || at < 0 || at + LEAF_BYTES > leaves.length) return false;
  return equalBytes(leafHash(scopeId, pageIndex, page), leaves.subarray(at, at + LEAF_BYTES));
}

/** Pages whose leaves differ, as ranges [first, count]: what to ask for when a delta did not fit. All, if sizes differ. */
export function differingPages(have: Uint8Array, want: Uint8Array): [number, number][] {
  const pages = Math.floor(want.length / LEAF_BYTES);
  const ranges: [number, number][] = [];
  for (let page = 0; page < pages; page++) {
    const from = page * LEAF_BYTES;
    const to = from + LEAF_BYTES;
    if (have.length === want.length && equalBytes(have.subarray(from, to), want.subarray(from, to))) continue;
    const last = ranges.at(-1);
    if (last && last[0] + last[1] === page) last[1]++;
    else ranges.push([page, 1]);
  }
  return ranges;
}

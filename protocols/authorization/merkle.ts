// SPDX-License-Identifier: Apache-2.0
// Hash tree over the pages of a list (lists-and-codes, PAGES): leaf = SHA-256(0x00 ‖ scopeId ‖ pageIndex ‖ records),
// node = SHA-256(0x01 ‖ left ‖ right), depth fixed by the head's pageBits.
import { hash } from 'node:crypto';
import { equalBytes } from '../bytes/equal.ts';
import { RECORD_BYTES } from './limits.ts';

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
      return hash('sha256', scratch.subarray(0, PREFIX_BYTES + to - from), 'buffer');
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

/** Root of 2^pageBits leaves; `undefined` for any other number of bytes. */
export function rootOfLeaves(leaves: Uint8Array, pageBits: number): Uint8Array | undefined {
  if (leaves.length !== LEAF_BYTES * 2 ** pageBits) return undefined;
  const level = new Uint8Array(leaves);
  const pair = new Uint8Array(1 + 2 * LEAF_BYTES);
  pair[0] = 0x01;
  for (let width = 2 ** pageBits; width > 1; width /= 2) {
    for (let node = 0; node < width / 2; node++) {
      pair.set(level.subarray(node * 2 * LEAF_BYTES, (node + 1) * 2 * LEAF_BYTES), 1);
      level.set(hash('sha256', pair, 'buffer'), node * LEAF_BYTES);
    }
  }
  return level.slice(0, LEAF_BYTES);
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

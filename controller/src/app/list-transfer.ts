// SPDX-License-Identifier: Apache-2.0
// A list on its way: the signed head first, then policy, leaf table and pages, each believed by its hash as it comes, so that
// a transfer broken off goes on from what is there (reference: lists and codes, PAGES).
import type { Head } from '@latchkey/protocols/authorization/head';
import { MAX_POLICY_BYTES, RECORD_BYTES } from '@latchkey/protocols/authorization/limits';
import type { ListParts } from '@latchkey/protocols/authorization/list-file';
import { differingPages, LEAF_BYTES, verifyLeaves, verifyPage } from '@latchkey/protocols/authorization/merkle';
import { equalBytes } from '@latchkey/protocols/bytes/equal';
import { sha256 } from '@latchkey/protocols/bytes/hash';
import type { StagedPage } from '../adapters/list-staging.ts';

/** The list in force, or what a delta made of it: parts that fit the new head need not come again. */
export interface TransferBase {
  readonly policy: Uint8Array;
  readonly leaves: Uint8Array;
  readonly pageCounts: Uint16Array;
  readonly records: Uint8Array;
}

export type Wanted =
  | { readonly kind: 'policy' }
  | { readonly kind: 'leaves' }
  | { readonly kind: 'pages'; readonly ranges: [number, number][] };

export interface Transfer {
  readonly head: Head;
  readonly headFrame: Uint8Array;
  readonly digest: string;
  /** What is missing first; `undefined` when everything is there. */
  wanted(): Wanted | undefined;
  /** The whole policy once its last part came and it fits the head. */
  takePolicy(offset: number, total: number, part: Uint8Array): Uint8Array | undefined;
  /** The whole leaf table once its last part came and it fits the head. */
  takeLeaves(first: number, part: Uint8Array): Uint8Array | undefined;
  /** The pages among these that fit and were missing. */
  takePages(first: number, counts: readonly number[], bytes: Uint8Array): StagedPage[];
  /** More came than any honest transfer of this list takes. */
  isEndless(): boolean;
  whole(): ListParts | undefined;
}

/** Ranges asked for at once: the answer to one need should fit in a few seconds of a slow line. */
const MAX_RANGES = 256;
/** Times its own size that a list may cost, losses and repetitions included. */
const PATIENCE = 4;
const SLACK_BYTES = 1_048_576;

/** Collects consecutive parts; one that does not continue what is there starts over or is dropped. */
function partCollector() {
  let parts: Uint8Array[] = [];
  let filled = 0;
  return (offset: number, part: Uint8Array, total: number): Uint8Array | undefined => {
    if (offset === 0) {
      parts = [];
      filled = 0;
    }
    if (offset !== filled || offset + part.length > total) return undefined;
    parts.push(part.slice());
    filled += part.length;
    return filled === total ? Buffer.concat(parts) : undefined;
  };
}

export function startTransfer(head: Head, headFrame: Uint8Array, digest: string, base?: TransferBase): Transfer {
  const pageTotal = 2 ** head.pageBits;
  const leafTotal = pageTotal * LEAF_BYTES;
  const budget = PATIENCE * (head.count * RECORD_BYTES + leafTotal + MAX_POLICY_BYTES) + SLACK_BYTES;
  const pages: (Uint8Array | undefined)[] = Array.from({ length: pageTotal }, () => undefined);
  const policyParts = partCollector();
  const leafParts = partCollector();
  let policy = base && fits(base.policy) ? base.policy : undefined;
  let leaves: Uint8Array | undefined;
  let received = 0;

  function fits(candidate: Uint8Array): boolean {
    return equalBytes(sha256(candidate), head.policyRoot);
  }

  function adoptLeaves(table: Uint8Array): boolean {
    if (leaves || !verifyLeaves(table, head)) return false;
    leaves = table;
    if (base) reusePages(base, table);
    return true;
  }

  function reusePages(from: TransferBase, table: Uint8Array): void {
    const changed = new Uint8Array(pageTotal);
    for (const [first, count] of differingPages(from.leaves, table)) changed.fill(1, first, first + count);
    let at = 0;
    for (let page = 0; page < from.pageCounts.length; page += 1) {
      const end = at + (from.pageCounts[page] ?? 0) * RECORD_BYTES;
      if (page < pageTotal && changed[page] === 0) pages[page] = from.records.subarray(at, end);
      at = end;
    }
  }

  function missingRanges(): [number, number][] {
    const ranges: [number, number][] = [];
    for (let page = 0; page < pageTotal; page += 1) {
      if (pages[page]) continue;
      const last = ranges.at(-1);
      if (last && last[0] + last[1] === page) last[1] += 1;
      else if (ranges.length === MAX_RANGES) break;
      else ranges.push([page, 1]);
    }
    return ranges;
  }

  // A delta already applied, or a change of policy alone: nothing of the pages has to come.
  if (base) adoptLeaves(base.leaves);

  return {
    head,
    headFrame,
    digest,
    wanted() {
      if (!policy) return { kind: 'policy' };
      if (!leaves) return { kind: 'leaves' };
      const ranges = missingRanges();
      return ranges.length > 0 ? { kind: 'pages', ranges } : undefined;
    },
    takePolicy(offset, total, part) {
      received += part.length;
      if (policy || total > MAX_POLICY_BYTES) return undefined;
      const complete = policyParts(offset, part, total);
      if (!complete || !fits(complete)) return undefined;
      policy = complete;
      return policy;
    },
    takeLeaves(first, part) {
      received += part.length;
      const complete = leafParts(first * LEAF_BYTES, part, leafTotal);
      return complete && adoptLeaves(complete) ? leaves : undefined;
    },
    takePages(first, counts, bytes) {
      received += bytes.length;
      const taken: StagedPage[] = [];
      let at = 0;
      for (const [offset, count] of counts.entries()) {
        const index = first + offset;
        const records = bytes.subarray(at, at + count * RECORD_BYTES);
        at += count * RECORD_BYTES;
        if (!leaves || index >= pageTotal || pages[index] || records.length !== count * RECORD_BYTES) continue;
        if (!verifyPage(leaves, head.scopeId, index, records)) continue;
        // A copy: the message's buffer belongs to the link.
        pages[index] = records.slice();
        taken.push({ index, records });
      }
      return taken;
    },
    isEndless: () => received > budget,
    whole() {
      if (!policy || !leaves || pages.some((page) => page === undefined)) return undefined;
      const counts = Uint16Array.from(pages, (page) => (page?.length ?? 0) / RECORD_BYTES);
      return { headFrame, policy, pageCounts: counts, records: joinPages(pages) };
    },
  };
}

function joinPages(pages: readonly (Uint8Array | undefined)[]): Uint8Array {
  const records = new Uint8Array(pages.reduce((sum, page) => sum + (page?.length ?? 0), 0));
  let at = 0;
  for (const page of pages) {
    if (!page) continue;
    records.set(page, at);
    at += page.length;
  }
  return records;
}

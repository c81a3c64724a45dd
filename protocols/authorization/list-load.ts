// SPDX-License-Identifier: Apache-2.0
// Loads a list (lists-and-codes, rule 1): takes or copies the bytes once, verifies that buffer and uses that same buffer in
// place. What is on the disk or in the caller's hands afterwards no longer matters (attack "verify-then-swap").
import { equalBytes } from '../bytes/equal.ts';
import { sha256 } from '../bytes/hash.ts';
import { err, ok, type Result } from '../result.ts';
import type { Head } from './head.ts';
import {
  MAX_ENTRIES,
  MAX_FILE_BYTES,
  MAX_HEAD_FRAME_BYTES,
  MAX_PAGE_BITS,
  MAX_POLICY_BYTES,
  RECORD_BYTES,
} from './limits.ts';
import { type ListFileError, type ListParts, splitListFile } from './list-file.ts';
import { leavesInPlace, rootOfLeaves } from './merkle.ts';
import { type CompiledPolicy, compilePolicy, type PolicyError } from './policy.ts';
import type { ListRecord, RecordContent } from './record.ts';
import { createStructureCheck, type RecordFault, type StructureCheck } from './record-check.ts';
import { contentAt, countsMatch, pageOf, RECORD_WORDS, recordAt } from './record-words.ts';
import { type HeadError, type ListTrust, verifyHead } from './verify-head.ts';

export type { ListParts } from './list-file.ts';

/** A verified list. Nothing in it is to be written to. */
export interface AuthorizationList {
  readonly head: Head;
  /** Digest of this version: hash of its head, 64 hex digits. */
  readonly headHash: string;
  readonly headFrame: Uint8Array;
  readonly policy: CompiledPolicy;
  readonly policyBytes: Uint8Array;
  readonly count: number;
  readonly pageCounts: Uint16Array;
  readonly records: Uint8Array;
  /** Record of a key under the scope's PRF. */
  find(key8: Uint8Array): RecordContent | undefined;
  recordAt(index: number): ListRecord | undefined;
  /** Leaves of all pages, flat: a view. */
  leaves(): Uint8Array;
}

export type LoadError =
  | HeadError
  | ListFileError
  | PolicyError
  | 'policy-root-mismatch'
  | 'page-table-mismatch'
  | 'pages-root-mismatch'
  | RecordFault;

export interface LoadOptions {
  /** Takes a file's buffer over instead of copying it: it is detached from the caller, who can no longer reach it. */
  readonly take?: boolean;
}

interface Owned extends ListParts {
  /** The whole buffer; records start at `firstWord`, with at least 16 bytes before them. */
  readonly words: Uint32Array;
  readonly firstWord: number;
}

export async function loadList(
  source: Uint8Array | ListParts,
  trust: ListTrust,
  options: LoadOptions = {},
): Promise<Result<AuthorizationList, LoadError>> {
  const owned = source instanceof Uint8Array ? ownFile(source, options.take ?? false) : ownParts(source);
  if (!owned.ok) return owned;
  const parts = owned.value;
  const pages = parts.pageCounts.length;
  const pageBits = 31 - Math.clz32(pages);
  if (pages !== 2 ** pageBits || !countsMatch(parts.pageCounts, parts.records.length))
    return err('page-table-mismatch');
  // The signature is checked on another thread; meanwhile the pages are hashed as they would be afterwards. Nothing is
  // concluded from them, and nothing of them is parsed, before the head that they must match is known to be genuine.
  const checking = verifyHead(parts.headFrame, trust);
  await new Promise(setImmediate);
  const structure = createStructureCheck(parts.words, pageBits);
  const leaves = leavesInPlace(parts.words, parts.firstWord, trust.scopeId, parts.pageCounts, structure.visit);
  const verified = await checking;
  if (!verified.ok) return verified;
  const { head, digest } = verified.value;
  if (head.pageBits !== pageBits || parts.records.length !== head.count * RECORD_BYTES) {
    return err('page-table-mismatch', 'pages or records are not as many as the head says');
  }
  return checkRoots(parts, head, digest, { leaves, structure });
}

interface HashedPages {
  readonly leaves: Uint8Array;
  readonly structure: StructureCheck;
}

function checkRoots(
  parts: Owned,
  head: Head,
  digest: string,
  { leaves, structure }: HashedPages,
): Result<AuthorizationList, LoadError> {
  if (!equalBytes(sha256(parts.policy), head.policyRoot)) return err('policy-root-mismatch');
  const root = rootOfLeaves(leaves, head.pageBits);
  if (!root || !equalBytes(root, head.pagesRoot)) return err('pages-root-mismatch');
  const policy = compilePolicy(parts.policy);
  if (!policy.ok) return policy;
  const fault = structure.fault(policy.value.profiles.length);
  if (fault) return err(fault, 'the signer made a list that cannot be searched');
  return ok(createList(parts, head, digest, policy.value, leaves));
}

function ownFile(source: Uint8Array, take: boolean): Result<Owned, LoadError> {
  if (source.length > MAX_FILE_BYTES) return err('too-large', `a list takes at most ${MAX_FILE_BYTES} bytes`);
  const bytes = (take ? takeOver(source) : undefined) ?? copyOf(source);
  const parts = splitListFile(bytes);
  if (!parts.ok) return parts;
  const words = new Uint32Array(bytes.buffer, 0, Math.floor(bytes.length / 4));
  return ok({ ...parts.value, words, firstWord: parts.value.records.byteOffset / 4 });
}

/** Detaches the buffer from whoever else holds it; `undefined` where it is shared, pooled or longer than the bytes. */
function takeOver(source: Uint8Array): Uint8Array | undefined {
  const { buffer } = source;
  if (!(buffer instanceof ArrayBuffer) || source.byteOffset !== 0 || source.length !== buffer.byteLength)
    return undefined;
  try {
    return new Uint8Array(structuredClone(buffer, { transfer: [buffer] }));
  } catch {
    return undefined;
  }
}

/** Not zeroed first: at a million records that alone costs a third of the hashing. */
function copyOf(source: Uint8Array): Uint8Array {
  const copy = new Uint8Array(Buffer.allocUnsafeSlow(source.length).buffer);
  copy.set(source);
  return copy;
}

function ownParts(source: ListParts): Result<Owned, LoadError> {
  if (source.policy.length > MAX_POLICY_BYTES) return err('policy-too-large');
  if (source.headFrame.length > MAX_HEAD_FRAME_BYTES || source.records.length > MAX_ENTRIES * RECORD_BYTES) {
    return err('too-large', 'more than a list may hold');
  }
  if (source.pageCounts.length > 2 ** MAX_PAGE_BITS || source.records.length % RECORD_BYTES !== 0) {
    return err('page-table-mismatch');
  }
  const bytes = Buffer.allocUnsafeSlow(RECORD_BYTES + source.records.length);
  bytes.set(source.records, RECORD_BYTES);
  return ok({
    headFrame: new Uint8Array(source.headFrame),
    policy: new Uint8Array(source.policy),
    pageCounts: new Uint16Array(source.pageCounts),
    records: new Uint8Array(bytes.buffer, RECORD_BYTES, source.records.length),
    words: new Uint32Array(bytes.buffer),
    firstWord: RECORD_WORDS,
  });
}

function createList(
  { headFrame, policy: policyBytes, pageCounts, records, words, firstWord }: Owned,
  head: Head,
  headHash: string,
  policy: CompiledPolicy,
  leaves: Uint8Array,
): AuthorizationList {
  const starts = new Uint32Array(pageCounts.length + 1);
  pageCounts.forEach((count, page) => {
    starts[page + 1] = (starts[page] ?? 0) + count;
  });
  return {
    head,
    headHash,
    headFrame,
    policy,
    policyBytes,
    count: head.count,
    pageCounts,
    records,
    leaves: () => leaves,
    recordAt: (index) =>
      index >= 0 && index < head.count ? recordAt(words, firstWord + index * RECORD_WORDS) : undefined,
    find(key8) {
      const at = search(words, firstWord, starts, head.pageBits, key8);
      return at < 0 ? undefined : contentAt(words, at);
    },
  };
}

/**
 * Word index of a key's record, or -1. Keys are spread evenly, so the place within a page is guessed from the bits after the
 * page's and lies a few records off: one or two cache lines where a binary search touches eight.
 */
function search(
  words: Uint32Array,
  firstWord: number,
  starts: Uint32Array,
  pageBits: number,
  key8: Uint8Array,
): number {
  if (key8.length !== 8) return -1;
  const low =
    ((key8[0] as number) | ((key8[1] as number) << 8) | ((key8[2] as number) << 16) | ((key8[3] as number) << 24)) >>>
    0;
  const high =
    ((key8[4] as number) | ((key8[5] as number) << 8) | ((key8[6] as number) << 16) | ((key8[7] as number) << 24)) >>>
    0;
  const page = pageOf(high, pageBits);
  const from = starts[page] as number;
  const to = starts[page + 1] as number;
  if (from === to) return -1;
  const first = firstWord + from * RECORD_WORDS;
  const last = firstWord + (to - 1) * RECORD_WORDS;
  const share = ((high << pageBits) >>> 0) / 0x1_0000_0000;
  let at = first + Math.floor(share * (to - from)) * RECORD_WORDS;
  while (at > first && (words[at + 1] as number) > high) at -= RECORD_WORDS;
  while (at < last && (words[at + 1] as number) < high) at += RECORD_WORDS;
  // Keys that share their upper half lie side by side; the guess may have come from either end.
  while (at > first && words[at - 3] === high) at -= RECORD_WORDS;
  for (; at <= last && words[at + 1] === high; at += RECORD_WORDS) if (words[at] === low) return at;
  return -1;
}

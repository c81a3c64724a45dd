// SPDX-License-Identifier: Apache-2.0
// Delta from one version of a list to the next (lists-and-codes, DELTA). It carries no signature: what it produces must have
// the new head's pagesRoot, otherwise it was the wrong one and pages are fetched.
import { concatBytes, equalBytes } from '../bytes/equal.ts';
import { type Codec, type TableValue, table } from '../bytes/field-table.ts';
import { err, ok, type Result } from '../result.ts';
import type { Head } from './head.ts';
import { MAX_DELTA_CHAIN, MAX_DELTA_OPS, MAX_ENTRIES } from './limits.ts';
import { leavesOf, rootOfLeaves } from './merkle.ts';
import { bytesOf, compareKeys, copyRecord, countPages, RECORD_WORDS, wordsOf } from './record-words.ts';

const PUT = 1;
const DELETE = 2;
const PUT_BYTES = 17;
const DELETE_BYTES = 9;

const DELTA_HEADER_FIELDS = [
  { name: 'magic', type: 'magic', text: 'LKX1' },
  { name: 'scopeId', type: 'u32', min: 1 },
  { name: 'epoch', type: 'u32' },
  { name: 'fromVersion', type: 'u64' },
  { name: 'toVersion', type: 'u64', min: 1 },
  { name: 'opCount', type: 'u32', max: MAX_DELTA_OPS },
  /** Of the operations that follow, so that deltas can lie one after the other. */
  { name: 'opBytes', type: 'u32', max: MAX_DELTA_OPS * PUT_BYTES },
] as const;
export type DeltaHeader = TableValue<typeof DELTA_HEADER_FIELDS>;
export const DELTA_HEADER: Codec<DeltaHeader> = table('delta', DELTA_HEADER_FIELDS);

export interface Delta extends DeltaHeader {
  readonly puts: Uint8Array;
  /** Four words an operation as in a record; a deletion uses the first two. */
  readonly words: Uint32Array;
}

/** What a delta needs of either end: an unsigned, sealed or loaded list has it. */
export interface DeltaEnd {
  readonly head: Head;
  readonly records: Uint8Array;
}

export type DeltaError =
  | 'malformed-delta'
  | 'chain-too-long'
  | 'wrong-scope'
  | 'wrong-epoch'
  | 'wrong-version'
  | 'does-not-apply'
  | 'root-mismatch';

/** One delta. Throws where scope or epoch differ or there are too many changes: send pages then. */
export function makeDelta(from: DeltaEnd, to: DeltaEnd): Uint8Array {
  if (from.head.scopeId !== to.head.scopeId || from.head.epoch !== to.head.epoch) {
    throw new RangeError('a delta stays within a scope and an epoch');
  }
  const ops = operationsBetween(wordsOf(from.records), wordsOf(to.records));
  if (ops.length > MAX_DELTA_OPS) throw new RangeError(`a delta takes at most ${MAX_DELTA_OPS} operations`);
  const body = concatBytes(ops);
  const header = DELTA_HEADER.encode({
    scopeId: to.head.scopeId,
    epoch: to.head.epoch,
    fromVersion: from.head.version,
    toVersion: to.head.version,
    opCount: ops.length,
    opBytes: body.length,
  });
  return concatBytes([header, body]);
}

function operationsBetween(from: Uint32Array, to: Uint32Array): Uint8Array[] {
  const ops: Uint8Array[] = [];
  let old = 0;
  let now = 0;
  while (old < from.length || now < to.length) {
    const order = old >= from.length ? 1 : now >= to.length ? -1 : compareKeys(from, old, to, now);
    if (order < 0) ops.push(operation(DELETE, from.subarray(old, old + 2)));
    else if (order > 0 || from[old + 2] !== to[now + 2] || from[old + 3] !== to[now + 3]) {
      ops.push(operation(PUT, to.subarray(now, now + RECORD_WORDS)));
    }
    if (order <= 0) old += RECORD_WORDS;
    if (order >= 0) now += RECORD_WORDS;
  }
  return ops;
}

const operation = (kind: number, words: Uint32Array): Uint8Array => concatBytes([Uint8Array.of(kind), bytesOf(words)]);

/** The first delta of `bytes`, and how many bytes it took. */
export function decodeDelta(bytes: Uint8Array): Result<{ delta: Delta; size: number }, 'malformed-delta'> {
  const header = DELTA_HEADER.decode(bytes);
  if (!header.ok) return err('malformed-delta', header.detail);
  const { opCount, opBytes } = header.value;
  const size = DELTA_HEADER.size + opBytes;
  if (bytes.length < size || opBytes < opCount * DELETE_BYTES || opBytes > opCount * PUT_BYTES) {
    return err('malformed-delta', 'its length does not fit its operations');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  const puts = new Uint8Array(opCount);
  const words = new Uint32Array(opCount * RECORD_WORDS);
  let at = DELTA_HEADER.size;
  for (let op = 0; op < opCount; op++) {
    const kind = at < size ? view.getUint8(at) : 0;
    const width = kind === PUT ? PUT_BYTES : DELETE_BYTES;
    if ((kind !== PUT && kind !== DELETE) || at + width > size) return err('malformed-delta', `operation ${op}`);
    puts[op] = kind === PUT ? 1 : 0;
    const wordCount = kind === PUT ? RECORD_WORDS : 2;
    for (let word = 0; word < wordCount; word++) {
      words[op * RECORD_WORDS + word] = view.getUint32(at + 1 + word * 4, true);
    }
    if (op > 0 && compareKeys(words, (op - 1) * RECORD_WORDS, words, op * RECORD_WORDS) >= 0) {
      return err('malformed-delta', 'its keys must rise');
    }
    at += width;
  }
  if (at !== size) return err('malformed-delta', 'bytes are left over');
  return ok({ delta: { ...header.value, puts, words }, size });
}

/** Deltas one after the other, at most 16. */
export function decodeDeltas(bytes: Uint8Array): Result<Delta[], 'malformed-delta' | 'chain-too-long'> {
  const deltas: Delta[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (deltas.length === MAX_DELTA_CHAIN) return err('chain-too-long', `at most ${MAX_DELTA_CHAIN} in a chain`);
    const next = decodeDelta(bytes.subarray(at));
    if (!next.ok) return next;
    deltas.push(next.value.delta);
    at += next.value.size;
  }
  return ok(deltas);
}

/**
 * Applies a chain of deltas (one or more, or none where only the head and the policy changed) to the list in force. The
 * result goes through `loadList` with the new head like any other: nothing is used before that.
 */
export function applyDelta(
  from: DeltaEnd,
  deltaBytes: Uint8Array,
  newHead: Head,
): Result<{ pageCounts: Uint16Array; records: Uint8Array }, DeltaError> {
  const deltas = decodeDeltas(deltaBytes);
  if (!deltas.ok) return deltas;
  if (newHead.scopeId !== from.head.scopeId) return err('wrong-scope');
  if (newHead.epoch !== from.head.epoch) return err('wrong-epoch');
  let version = from.head.version;
  let words = wordsOf(from.records);
  for (const delta of deltas.value) {
    if (delta.scopeId !== newHead.scopeId) return err('wrong-scope');
    if (delta.epoch !== newHead.epoch) return err('wrong-epoch');
    if (delta.fromVersion !== version) return err('wrong-version', `it starts at ${delta.fromVersion}, not ${version}`);
    const next = applyOperations(words, delta);
    if (!next) return err('does-not-apply', 'it deletes what is not there, or makes the list too long');
    words = next;
    version = delta.toVersion;
  }
  if (deltas.value.length > 0 && version !== newHead.version) return err('wrong-version', `it ends at ${version}`);
  const pageCounts = countPages(words, newHead.pageBits);
  const records = bytesOf(words);
  if (!pageCounts || words.length !== newHead.count * RECORD_WORDS) return err('root-mismatch');
  const root = rootOfLeaves(leavesOf(newHead.scopeId, pageCounts, records), newHead.pageBits);
  return root && equalBytes(root, newHead.pagesRoot) ? ok({ pageCounts, records }) : err('root-mismatch');
}

/** `undefined` where a deletion finds nothing or the result is too long. */
function applyOperations(from: Uint32Array, { puts, words }: Delta): Uint32Array | undefined {
  const result = new Uint32Array(from.length + words.length);
  let old = 0;
  let out = 0;
  for (let op = 0; op < puts.length; op++) {
    const at = op * RECORD_WORDS;
    const start = old;
    while (old < from.length && compareKeys(from, old, words, at) < 0) old += RECORD_WORDS;
    result.set(from.subarray(start, old), out);
    out += old - start;
    const same = old < from.length && compareKeys(from, old, words, at) === 0;
    if (same) old += RECORD_WORDS;
    if (puts[op] === 1) {
      copyRecord(result, out, words, at);
      out += RECORD_WORDS;
    } else if (!same) return undefined;
  }
  result.set(from.subarray(old), out);
  out += from.length - old;
  return out / RECORD_WORDS > MAX_ENTRIES ? undefined : result.slice(0, out);
}

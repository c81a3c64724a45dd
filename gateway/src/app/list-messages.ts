// SPDX-License-Identifier: Apache-2.0
// A list as messages: the offer with its head and deltas, then policy, leaf table and pages in parts that fit a message.
import { RECORD_BYTES } from '@latchkey/protocols/authorization/limits';
import type { AuthorizationList } from '@latchkey/protocols/authorization/list-load';
import { LEAF_BYTES } from '@latchkey/protocols/authorization/merkle';
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import { type ListDown, MAX_CHUNK_BYTES } from '@latchkey/protocols/mqtt/messages';

type Offer = Extract<ListDown, { kind: 'offer' }>;

/** Room for the JSON part of a message beside the bytes. */
const JSON_BYTES = 4_096;
export const MAX_BODY_BYTES = MAX_CHUNK_BYTES - JSON_BYTES;
/** Counts take up to six characters a page in the JSON part. */
const MAX_PAGES = 512;

const refOf = ({ head }: AuthorizationList) => ({ scope: head.scopeId, epoch: head.epoch, version: head.version });

export function offerMessage(list: AuthorizationList, prf: Offer['prf'], deltas: Uint8Array): Uint8Array {
  const offer: Offer = {
    kind: 'offer',
    ...refOf(list),
    digest: list.headHash,
    head: toBase64url(list.headFrame),
    policyBytes: list.policyBytes.length,
    ...(prf === undefined ? {} : { prf }),
  };
  return encodeEnvelope(offer, deltas);
}

export function* policyMessages(list: AuthorizationList): Generator<Uint8Array> {
  const total = list.policyBytes.length;
  for (let offset = 0; offset < total; offset += MAX_BODY_BYTES) {
    const part: ListDown = { kind: 'policy', ...refOf(list), offset, total };
    yield encodeEnvelope(part, list.policyBytes.subarray(offset, offset + MAX_BODY_BYTES));
  }
}

export function* leafMessages(list: AuthorizationList): Generator<Uint8Array> {
  const step = Math.floor(MAX_BODY_BYTES / LEAF_BYTES);
  const leaves = list.leaves();
  for (let first = 0; first * LEAF_BYTES < leaves.length; first += step) {
    const part: ListDown = { kind: 'leaves', ...refOf(list), first };
    yield encodeEnvelope(part, leaves.subarray(first * LEAF_BYTES, (first + step) * LEAF_BYTES));
  }
}

/** Pages of the ranges, as many at once as fit; empty pages count too. Ranges beyond the list are cut. */
export function* pageMessages(
  list: AuthorizationList,
  ranges: readonly (readonly [number, number])[],
): Generator<Uint8Array> {
  const starts = startsOf(list);
  for (const [from, count] of ranges) {
    const end = Math.min(from + count, list.pageCounts.length);
    for (let first = from; first < end; ) {
      let next = first + 1;
      while (next < end && next - first < MAX_PAGES && bytesBetween(starts, first, next + 1) <= MAX_BODY_BYTES)
        next += 1;
      const counts = [...list.pageCounts.subarray(first, next)];
      const part: ListDown = { kind: 'pages', ...refOf(list), first, counts };
      const [at, to] = [starts[first] ?? 0, starts[next] ?? 0];
      yield encodeEnvelope(part, list.records.subarray(at * RECORD_BYTES, to * RECORD_BYTES));
      first = next;
    }
  }
}

const bytesBetween = (starts: Uint32Array, first: number, end: number): number =>
  ((starts[end] ?? 0) - (starts[first] ?? 0)) * RECORD_BYTES;

/** Index of each page's first record, and one behind the last. */
function startsOf({ pageCounts }: AuthorizationList): Uint32Array {
  const starts = new Uint32Array(pageCounts.length + 1);
  for (let page = 0; page < pageCounts.length; page += 1) {
    starts[page + 1] = (starts[page] ?? 0) + (pageCounts[page] ?? 0);
  }
  return starts;
}

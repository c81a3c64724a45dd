// SPDX-License-Identifier: Apache-2.0
// A list as one file, for a controller's slots and the command line. Not signed itself: the head inside is, and whatever the
// file claims is held against it by list-load.
import { concatBytes } from '../bytes/equal.ts';
import { type Codec, type TableValue, table } from '../bytes/field-table.ts';
import { err, ok, type Result } from '../result.ts';
import { MAX_ENTRIES, MAX_HEAD_FRAME_BYTES, MAX_PAGE_BITS, MAX_POLICY_BYTES, RECORD_BYTES } from './limits.ts';

const FILE_HEADER_FIELDS = [
  { name: 'magic', type: 'magic', text: 'LKL1' },
  { name: 'headFrameBytes', type: 'u32', max: MAX_HEAD_FRAME_BYTES },
  { name: 'policyBytes', type: 'u32', max: MAX_POLICY_BYTES },
  { name: 'pages', type: 'u32', min: 1, max: 2 ** MAX_PAGE_BITS },
  { name: 'count', type: 'u32', max: MAX_ENTRIES },
  { name: 'reserved', type: 'zero', length: 12 },
] as const;
export const LIST_FILE_HEADER: Codec<TableValue<typeof FILE_HEADER_FIELDS>> = table('list file', FILE_HEADER_FIELDS);

export interface ListParts {
  readonly headFrame: Uint8Array;
  readonly policy: Uint8Array;
  readonly pageCounts: Uint16Array;
  /** At a multiple of 16 from the start of the file. */
  readonly records: Uint8Array;
}

/** Records start at the next multiple of 16. */
const padded = (length: number): number => Math.ceil(length / RECORD_BYTES) * RECORD_BYTES;

export function encodeListFile({ headFrame, policy, pageCounts, records }: ListParts): Uint8Array {
  const header = LIST_FILE_HEADER.encode({
    headFrameBytes: headFrame.length,
    policyBytes: policy.length,
    pages: pageCounts.length,
    count: records.length / RECORD_BYTES,
  });
  const counts = new Uint8Array(pageCounts.length * 2);
  const view = new DataView(counts.buffer);
  pageCounts.forEach((count, page) => view.setUint16(page * 2, count, true));
  const front = [header, headFrame, policy, counts];
  const length = front.reduce((sum, part) => sum + part.length, 0);
  return concatBytes([...front, new Uint8Array(padded(length) - length), records]);
}

export type ListFileError = 'not-a-list-file' | 'malformed-file';

/** Header and head, with which a file begins: who has verified them knows what all the rest must be. */
export const frontOf = (file: Uint8Array, headFrame: Uint8Array): Uint8Array =>
  file.subarray(0, LIST_FILE_HEADER.size + headFrame.length);

export interface ListFront {
  readonly headFrame: Uint8Array;
  /** To be held against the head. */
  readonly pages: number;
  readonly count: number;
}

/** Of a file of `total` bytes. */
export function splitFront(front: Uint8Array, total: number): Result<ListFront, ListFileError> {
  const header = LIST_FILE_HEADER.decode(front);
  if (!header.ok) return err('malformed-file', header.detail);
  const { policyAt, end } = layoutOf(header.value);
  if (front.length !== policyAt) return err('malformed-file', `expected ${policyAt} bytes, found ${front.length}`);
  if (end !== total) return err('malformed-file', `expected ${end} bytes in all, not ${total}`);
  const { pages, count } = header.value;
  return ok({ headFrame: front.subarray(LIST_FILE_HEADER.size), pages, count });
}

interface Layout {
  readonly policyAt: number;
  readonly countsAt: number;
  readonly recordsAt: number;
  readonly end: number;
}

function layoutOf(header: TableValue<typeof FILE_HEADER_FIELDS>): Layout {
  const policyAt = LIST_FILE_HEADER.size + header.headFrameBytes;
  const countsAt = policyAt + header.policyBytes;
  const recordsAt = padded(countsAt + header.pages * 2);
  return { policyAt, countsAt, recordsAt, end: recordsAt + header.count * RECORD_BYTES };
}

/** Parts as views (page counts as a copy); the file must be exactly as long as its header says. */
export function splitListFile(bytes: Uint8Array): Result<ListParts, ListFileError> {
  const header = LIST_FILE_HEADER.decode(bytes);
  if (!header.ok) {
    return header.code === 'bad-magic' ? err('not-a-list-file', header.detail) : err('malformed-file', header.detail);
  }
  const { pages } = header.value;
  const { policyAt, countsAt, recordsAt, end } = layoutOf(header.value);
  if (bytes.length !== end) return err('malformed-file', `expected ${end} bytes, found ${bytes.length}`);
  for (let at = countsAt + pages * 2; at < recordsAt; at++) {
    if (bytes[at] !== 0) return err('malformed-file', 'the padding must be zero');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + countsAt, pages * 2);
  const pageCounts = new Uint16Array(pages);
  for (let page = 0; page < pages; page++) pageCounts[page] = view.getUint16(page * 2, true);
  return ok({
    headFrame: bytes.subarray(LIST_FILE_HEADER.size, policyAt),
    policy: bytes.subarray(policyAt, countsAt),
    pageCounts,
    records: bytes.subarray(recordsAt, end),
  });
}

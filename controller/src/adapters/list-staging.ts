// SPDX-License-Identifier: Apache-2.0
// What has arrived of a list being transferred, so that a restart goes on where the transfer broke off. Every part is checked
// again by the reader: a torn or altered part is simply a part that has not arrived.
import { appendFile, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDirectory, replaceFile } from './durable-file.ts';

export type StagedPart = 'policy' | 'leaves';

export interface StagedPage {
  readonly index: number;
  readonly records: Uint8Array;
}

export interface Staging {
  /** Starts over for this list unless it is the one already staged. */
  begin(digest: string): Promise<void>;
  put(part: StagedPart, bytes: Uint8Array): Promise<void>;
  /** Appends pages. Rejects with RangeError once more bytes came than any list may have. */
  addPages(pages: readonly StagedPage[]): Promise<void>;
  /** What is there of this list, unverified; `undefined` when another or none is staged. */
  read(digest: string): Promise<StagedList | undefined>;
  clear(): Promise<void>;
}

export interface StagedList {
  readonly policy: Uint8Array | undefined;
  readonly leaves: Uint8Array | undefined;
  readonly pages: readonly StagedPage[];
}

/** u32 page index, u32 bytes, then the records. */
const PAGE_HEADER_BYTES = 8;

function encodePages(pages: readonly StagedPage[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const { index, records } of pages) {
    const header = Buffer.alloc(PAGE_HEADER_BYTES);
    header.writeUInt32LE(index, 0);
    header.writeUInt32LE(records.length, 4);
    parts.push(header, records);
  }
  return Buffer.concat(parts);
}

/** Stops at the first entry that is cut short. */
function decodePages(bytes: Uint8Array): StagedPage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pages: StagedPage[] = [];
  let offset = 0;
  while (offset + PAGE_HEADER_BYTES <= bytes.length) {
    const index = view.getUint32(offset, true);
    const length = view.getUint32(offset + 4, true);
    const start = offset + PAGE_HEADER_BYTES;
    if (start + length > bytes.length) break;
    pages.push({ index, records: bytes.subarray(start, start + length) });
    offset = start + length;
  }
  return pages;
}

/** `maxBytes`: no transfer writes more pages than this, whatever is sent. */
export function openStaging(directory: string, maxBytes: number): Staging {
  const path = (name: string) => join(directory, name);
  const optional = (name: string): Promise<Uint8Array | undefined> => readFile(path(name)).catch(() => undefined);
  let pageBytes: number | undefined;

  /** Cuts an entry that a power cut left unfinished: what is appended next must not run into it. */
  async function dropTornTail(): Promise<number> {
    const bytes = await optional('pages');
    if (!bytes) return 0;
    const whole = decodePages(bytes).reduce((sum, { records }) => sum + PAGE_HEADER_BYTES + records.length, 0);
    if (whole < bytes.length) await truncate(path('pages'), whole);
    return whole;
  }

  async function stagedDigest(): Promise<string | undefined> {
    return readFile(path('digest'), 'utf8').catch(() => undefined);
  }

  async function clear(): Promise<void> {
    pageBytes = undefined;
    await rm(directory, { recursive: true, force: true });
  }

  return {
    async begin(digest) {
      if ((await stagedDigest()) === digest) return;
      await clear();
      await makePrivateDirectory(directory);
      await replaceFile(path('digest'), Buffer.from(digest));
    },
    async put(part, bytes) {
      if (bytes.length > maxBytes) throw new RangeError(`${part} of ${bytes.length} bytes is above the limit`);
      await replaceFile(path(part), bytes);
    },
    async addPages(pages) {
      const bytes = encodePages(pages);
      pageBytes ??= await dropTornTail();
      if (pageBytes + bytes.length > maxBytes) throw new RangeError('more pages came than a list may have');
      // Not synced: what a power cut takes is fetched again.
      await appendFile(path('pages'), bytes, { mode: 0o600 });
      pageBytes += bytes.length;
    },
    async read(digest) {
      if ((await stagedDigest()) !== digest) return undefined;
      const [policy, leaves, pages] = await Promise.all(['policy', 'leaves', 'pages'].map(optional));
      return { policy, leaves, pages: pages ? decodePages(pages) : [] };
    },
    clear,
  };
}

// SPDX-License-Identifier: Apache-2.0
// Head of a scope's list, 160 bytes (lists-and-codes, A scope's list): the only part that is signed; everything else hangs
// from its hashes.
import { type Codec, type TableValue, table } from '../bytes/field-table.ts';
import { sha256Hex } from '../bytes/hash.ts';
import { MAX_ENTRIES, MAX_PAGE_BITS, RECORD_BYTES } from './limits.ts';

const HEAD_FIELDS = [
  { name: 'magic', type: 'magic', text: 'CWL1' },
  { name: 'format', type: 'u8', min: 1, max: 1 },
  /** 1 EdDSA, 2 ES256; must be that of the signature. */
  { name: 'algorithm', type: 'u8', min: 1, max: 2 },
  { name: 'pageBits', type: 'u8', max: MAX_PAGE_BITS },
  { name: 'recordSize', type: 'u8', min: RECORD_BYTES, max: RECORD_BYTES },
  { name: 'campusId', type: 'hex', length: 8 },
  { name: 'scopeId', type: 'u32', min: 1 },
  { name: 'epoch', type: 'u32' },
  { name: 'version', type: 'u64', min: 1 },
  { name: 'issuedAtMs', type: 'u64' },
  /** Epoch minute (UTC) from which a controller says that the list should have been renewed. */
  { name: 'refreshBy', type: 'u32' },
  /** Epoch minute (UTC) from which the portals' own `afterExpiry` applies. */
  { name: 'hardExpiry', type: 'u32' },
  { name: 'count', type: 'u32', max: MAX_ENTRIES },
  { name: 'prfKeyId', type: 'u32' },
  /** The deny chain up to here is worked into the records. */
  { name: 'denySeq', type: 'u64' },
  { name: 'pagesRoot', type: 'bytes', length: 32 },
  { name: 'policyRoot', type: 'bytes', length: 32 },
  { name: 'previousHeadHash', type: 'bytes', length: 32 },
] as const;

export type Head = TableValue<typeof HEAD_FIELDS>;
export const HEAD: Codec<Head> = table('head', HEAD_FIELDS);

/** Identity of a version: SHA-256 of the 160 bytes, as 64 hex digits. */
export const headHash = (payload: Uint8Array): string => sha256Hex(payload);

/** Hash of "no version before this one". */
export const NO_PREVIOUS_HEAD = new Uint8Array(32);

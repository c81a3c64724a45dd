// SPDX-License-Identifier: Apache-2.0
// One credential in a list, 16 bytes (lists-and-codes, RECORD). Sorted by key read as a little-endian 64-bit number.
import { type Codec, type TableValue, table } from '../bytes/field-table.ts';

const RECORD_FIELDS = [
  { name: 'key', type: 'bytes', length: 8 },
  /** Index into the policy's profiles. */
  { name: 'profile', type: 'u16' },
  { name: 'flags', type: 'u8', max: 7 },
  /** Weakest class in which the credential may be presented (ids, CREDENTIAL_CLASSES). */
  { name: 'credentialClass', type: 'u8', max: 3 },
  /** Epoch minute (UTC) from which the credential is expired. */
  { name: 'untilMinute', type: 'u32' },
] as const;

export type ListRecord = TableValue<typeof RECORD_FIELDS>;
/** What a list says of a credential. */
export type RecordContent = Omit<ListRecord, 'key'>;
export const RECORD: Codec<ListRecord> = table('record', RECORD_FIELDS);

export const RECORD_FLAGS = {
  /** Longer release time and held-open time (a wheelchair, say). */
  extendedAccess: 1,
  antiPassbackExempt: 2,
  /** Known, and refused as CredentialNotEnabled. */
  blocked: 4,
} as const;

/** `untilMinute` of a credential without an end. */
export const NO_END = 0xffff_ffff;

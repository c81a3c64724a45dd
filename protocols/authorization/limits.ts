// SPDX-License-Identifier: Apache-2.0
// Size caps, checked before anything else (rule 1; attack "endless data"), and the bounds against fast-forward.

export const RECORD_BYTES = 16;
/** Twice the million that a scope is made for. */
export const MAX_ENTRIES = 2_097_152;
export const MAX_PAGE_BITS = 14;
/** Pages are counted in 16 bits. */
export const MAX_PAGE_RECORDS = 0xffff;
export const MAX_POLICY_BYTES = 4_194_304;
export const MAX_HEAD_FRAME_BYTES = 512;
/** Header, head, policy, page counts, padding and records at their largest. */
export const MAX_FILE_BYTES =
  64 + MAX_HEAD_FRAME_BYTES + MAX_POLICY_BYTES + 2 * 2 ** MAX_PAGE_BITS + MAX_ENTRIES * RECORD_BYTES;
export const MAX_DELTA_OPS = 262_144;
export const MAX_DELTA_CHAIN = 16;
export const MAX_DENY_OPS = 4_096;
export const MAX_OVERLAY_ENTRIES = 262_144;

/** A list's version may rise by so much at once, so that a stolen key cannot use up all versions of an epoch. */
export const MAX_VERSION_STEP = 1_048_576;
/** And the first version ever seen may be no higher than this. */
export const MAX_FIRST_VERSION = 0xffff_ffff;
/** Signed time may lead a clock in sync with the gateway by so much. */
export const MAX_LEAD_MS = 86_400_000;
/** And a clock that is not in sync (no battery, dead for months) by so much, counted from the highest time known. */
export const MAX_UNSYNCED_LEAD_MS = 10 * 366 * 86_400_000;

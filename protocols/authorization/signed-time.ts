// SPDX-License-Identifier: Apache-2.0
// How far signed time is believed (lists-and-codes, rule 6; attacks "fast-forward" and "clock set back"). The controller's
// trusted-time machine keeps the mark; here is only the judgement.
import type { ClockQuality } from '../mqtt/events.ts';
import { MAX_LEAD_MS, MAX_UNSYNCED_LEAD_MS } from './limits.ts';

/** Trusted time: never behind the highest signed time seen. */
export interface Instant {
  readonly ms: number;
  readonly quality: ClockQuality;
}

/** What a root document says of time: a keyring will do. */
export interface RootEpoch {
  readonly epoch: number;
  readonly issuedAtMs: number;
}

/**
 * `ahead` raises the mark, `not-ahead` leaves it. `implausible` means a signer who lies or errs: believing it would expire
 * every list for good. A clock in sync leaves a day; any other must be able to catch up after years in a drawer, counted from
 * the root document at the least (a clock without battery starts in 1970).
 */
export function judgeSignedTime(
  signedMs: number,
  instant: Instant,
  root: RootEpoch,
): 'ahead' | 'not-ahead' | 'implausible' {
  if (signedMs <= instant.ms) return 'not-ahead';
  const known = Math.max(instant.ms, root.issuedAtMs);
  const lead = instant.quality === 'synced' ? MAX_LEAD_MS : MAX_UNSYNCED_LEAD_MS;
  return signedMs - known > lead ? 'implausible' : 'ahead';
}

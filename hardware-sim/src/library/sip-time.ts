// SPDX-License-Identifier: Apache-2.0
// Instants of SIP2's dates: a blank zone is the library's own wall clock, letters are military zones (reference: sip2, 3).
import { type SipDate, sipDateAt } from '@latchkey/protocols/sip2/sip-date';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const EAST = 'ABCDEFGHIKLM';
const WEST = 'NOPQRSTUVWXY';

export function instantOf({ local, zone }: SipDate, timeZone: string): number {
  const asUtc = Date.parse(`${local}Z`);
  if (zone === '') return asUtc - (Date.parse(`${sipDateAt(asUtc, timeZone).local}Z`) - asUtc);
  return asUtc - (EAST.indexOf(zone) + 1 - (WEST.indexOf(zone) + 1)) * HOUR_MS;
}

/** The last second of the day that is `days` after `atMs`. */
export function endOfDay(atMs: number, days: number, timeZone: string): number {
  const day = sipDateAt(atMs + days * DAY_MS, timeZone).local.slice(0, 10);
  return instantOf({ local: `${day}T23:59:59`, zone: '' }, timeZone);
}

/** Whole days by which something is late. */
export const daysLate = (dueMs: number, atMs: number): number => Math.max(0, Math.ceil((atMs - dueMs) / DAY_MS));

// SPDX-License-Identifier: Apache-2.0
// A library's wall clock and calendar, and instants of SIP2's dates: a blank zone is the library's own, letters are military zones
// (reference: sip2, 3). Kept for a library, as making a formatter takes longer than all else that an answer needs.
import type { SipDate } from '@latchkey/protocols/sip2/sip-date';

export interface Calendar {
  /** The wall clock at an instant, with the blank zone. */
  dateAt(epochMs: number): SipDate;
  instantOf(date: SipDate): number;
  /** The last second of the day that is `days` after `atMs`. */
  endOfDay(atMs: number, days: number): number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const EAST = 'ABCDEFGHIKLM';
const WEST = 'NOPQRSTUVWXY';

export function createCalendar(timeZone: string): Calendar {
  const two = '2-digit';
  const date = { year: 'numeric', month: two, day: two, hour: two, minute: two, second: two } as const;
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, hourCycle: 'h23', ...date });

  function dateAt(epochMs: number): SipDate {
    const part = Object.fromEntries(format.formatToParts(epochMs).map(({ type, value }) => [type, value]));
    const { year, month, day, hour, minute, second } = part;
    return { local: `${year}-${month}-${day}T${hour}:${minute}:${second}`, zone: '' };
  }

  function instantOf({ local, zone }: SipDate): number {
    const asUtc = Date.parse(`${local}Z`);
    if (zone === '') return asUtc - (Date.parse(`${dateAt(asUtc).local}Z`) - asUtc);
    return asUtc - (EAST.indexOf(zone) + 1 - (WEST.indexOf(zone) + 1)) * HOUR_MS;
  }

  function endOfDay(atMs: number, days: number): number {
    const day = dateAt(atMs + days * DAY_MS).local.slice(0, 10);
    return instantOf({ local: `${day}T23:59:59`, zone: '' });
  }
  return { dateAt, instantOf, endOfDay };
}

/** Whole days by which something is late. */
export const daysLate = (dueMs: number, atMs: number): number => Math.max(0, Math.ceil((atMs - dueMs) / DAY_MS));

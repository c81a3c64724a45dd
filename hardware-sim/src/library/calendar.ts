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
/** A date has four digits for the year. */
const FIRST_MS = Date.parse('0001-01-02T00:00:00Z');
const LAST_MS = Date.parse('9999-12-30T00:00:00Z');
const EAST = 'ABCDEFGHIKLM';
const WEST = 'NOPQRSTUVWXY';

export function createCalendar(timeZone: string): Calendar {
  const two = '2-digit';
  const date = { year: 'numeric', month: two, day: two, hour: two, minute: two, second: two } as const;
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, hourCycle: 'h23', ...date });

  function dateAt(epochMs: number): SipDate {
    const within = Math.min(Math.max(epochMs, FIRST_MS), LAST_MS);
    const part = Object.fromEntries(format.formatToParts(within).map(({ type, value }) => [type, value]));
    const { year, month, day, hour, minute, second } = part;
    return { local: `${year?.padStart(4, '0')}-${month}-${day}T${hour}:${minute}:${second}`, zone: '' };
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

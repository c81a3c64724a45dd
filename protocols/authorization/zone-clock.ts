// SPDX-License-Identifier: Apache-2.0
// Wall clock of an IANA zone. Asking Intl costs microseconds, so offsets are kept per quarter of an hour (zones change their
// offset on such a boundary); the cache is bounded and belongs to the clock, that is, to one compiled policy.
import { err, ok, type Result } from '../result.ts';

export interface LocalTime {
  /** Days since 1970-01-01 on the local calendar. */
  readonly day: number;
  /** Minute of that day, 0 to 1439. */
  readonly minute: number;
  /** 1 Monday to 7 Sunday. */
  readonly weekday: number;
}

export interface ZoneClock {
  readonly timeZone: string;
  local(ms: number): LocalTime;
}

const SLOT_MS = 900_000;
const DAY_MS = 86_400_000;
const CACHE_SLOTS = 128;
/** Furthest instant that a Date can hold. */
const MAX_DATE_MS = 8.64e15;

export function createZoneClock(timeZone: string): Result<ZoneClock, 'unknown-zone'> {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return err('unknown-zone', `"${timeZone}" is no IANA time zone; use a name like Asia/Shanghai`);
  }
  const cache = new Map<number, number>();
  const offsetAt = (ms: number): number => {
    const slot = Math.floor(ms / SLOT_MS);
    const known = cache.get(slot);
    if (known !== undefined) return known;
    const offset = zoneOffset(format, slot * SLOT_MS);
    if (cache.size >= CACHE_SLOTS) cache.clear();
    cache.set(slot, offset);
    return offset;
  };
  return ok({
    timeZone,
    local(ms) {
      const bounded = Math.min(Math.max(ms, -MAX_DATE_MS + DAY_MS), MAX_DATE_MS - DAY_MS);
      const local = bounded + offsetAt(bounded);
      const day = Math.floor(local / DAY_MS);
      return { day, minute: Math.floor((local - day * DAY_MS) / 60_000), weekday: weekdayOf(day) };
    },
  });
}

/** 1970-01-01 was a Thursday. */
export const weekdayOf = (day: number): number => ((((day + 3) % 7) + 7) % 7) + 1;

/** Local minus UTC, in milliseconds, at a whole second. */
function zoneOffset(format: Intl.DateTimeFormat, ms: number): number {
  const part: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(ms)) part[type] = value;
  const year = part['era'] === 'BC' ? 1 - Number(part['year']) : Number(part['year']);
  const date = new Date(0);
  date.setUTCFullYear(year, Number(part['month']) - 1, Number(part['day']));
  date.setUTCHours(Number(part['hour']), Number(part['minute']), Number(part['second']));
  return date.getTime() - ms;
}

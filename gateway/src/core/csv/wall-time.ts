// SPDX-License-Identifier: Apache-2.0
// Dates as offices write them → instants. A time of day is optional: without one, "until" means to the end of that day.
import { err, ok, type Result } from '@latchkey/protocols/result';

export interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** Absent: only a date was given. */
  readonly clock?: { readonly hour: number; readonly minute: number };
}

const DATE = /^(?:(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{4})年(\d{1,2})月(\d{1,2})日|(\d{4})(\d{2})(\d{2}))/;
const CLOCK = /^[T ]*(\d{1,2}):(\d{2})(?::00(?:\.0+)?)?$/;
const MINUTE_MS = 60_000;

export type WallTimeRefusal = 'malformed' | 'no-such-day' | 'spreadsheet-damage';

export function parseWallTime(text: string): Result<WallTime, WallTimeRefusal> {
  const plain = text.normalize('NFKC').trim();
  if (/^\d{5}(?:\.\d+)?$/.test(plain)) {
    return err(
      'spreadsheet-damage',
      'a spreadsheet turned the date into a day count; format the column as text or as a date',
    );
  }
  const date = DATE.exec(plain);
  if (!date) return err('malformed', 'use a date such as 2026-09-01, 2026/9/1 or 20260901');
  const [year, month, day] = date
    .slice(1)
    .filter((part) => part !== undefined)
    .map(Number) as [number, number, number];
  const rest = plain.slice(date[0].length);
  const clock = rest === '' ? undefined : parseClock(rest);
  if (rest !== '' && clock === undefined)
    return err('malformed', 'write the time of day as HH:MM, such as 2026-09-01 08:00');
  const real = new Date(Date.UTC(year, month - 1, day));
  if (real.getUTCMonth() !== month - 1 || year < 1970)
    return err('no-such-day', 'there is no such day in the calendar');
  return ok({ year, month, day, ...(clock && { clock }) });
}

function parseClock(text: string): { hour: number; minute: number } | undefined {
  const [, hour, minute] = CLOCK.exec(text) ?? [];
  if (hour === undefined || minute === undefined) return undefined;
  const clock = { hour: Number(hour), minute: Number(minute) };
  if (clock.hour === 24) return clock.minute === 0 ? clock : undefined;
  return clock.hour < 24 && clock.minute < 60 ? clock : undefined;
}

export interface Zone {
  /** Minutes since 1970 (UTC) at which it begins: the start of the day where no time is given. */
  startMinute(time: WallTime): number;
  /** The first minute after it: the end of the day where no time is given. */
  endMinute(time: WallTime): number;
}

/** A zone the platform does not know throws RangeError at the first date: configuration is checked before. */
export function createZone(timeZone: string): Zone {
  let format: Intl.DateTimeFormat | undefined;
  // Made on demand: most files hold no date, and it costs more than reading a short file.
  const clock = () => {
    format ??= new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
    return format;
  };
  return {
    startMinute: (time) => toMinute(time, clock(), 0),
    endMinute: (time) => toMinute(time, clock(), 24),
  };
}

function toMinute({ year, month, day, clock }: WallTime, format: Intl.DateTimeFormat, dateOnlyHour: 0 | 24): number {
  const { hour, minute } = clock ?? { hour: dateOnlyHour, minute: 0 };
  const asUtc = Date.UTC(year, month - 1, day, hour, minute);
  // The offset is a function of the instant sought: two rounds settle it, also on the day a clock changes.
  const first = asUtc - offsetMs(asUtc, format);
  return Math.floor((asUtc - offsetMs(first, format)) / MINUTE_MS);
}

/** What the zone's clock shows less UTC. `instant` is a whole minute. */
function offsetMs(instant: number, format: Intl.DateTimeFormat): number {
  const parts = format.formatToParts(instant);
  const part = (type: string) => Number(parts.find((candidate) => candidate.type === type)?.value);
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute')) - instant;
}

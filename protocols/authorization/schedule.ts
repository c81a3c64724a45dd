// SPDX-License-Identifier: Apache-2.0
// Weekly schedules on the wall clock: intervals across midnight belong to the day they start on, holidays replace what starts
// on them. Where clocks go back, an hour that occurs twice counts twice; where they go forward, the missing hour never comes.
import type { HolidayInterval, PolicyInterval, PolicySchedule } from './policy-document.ts';
import type { LocalTime, ZoneClock } from './zone-clock.ts';

interface Span {
  readonly from: number;
  /** Minutes after the start of the day; above 1440 where it ends on the next. */
  readonly until: number;
}

export interface CompiledSchedule {
  readonly id: string;
  /** Spans that start on a weekday, index 1 Monday to 7 Sunday. */
  readonly week: readonly (readonly Span[])[];
  readonly holiday: readonly (readonly Span[])[];
}

export interface Calendar {
  readonly zone: ZoneClock;
  /** Local days since 1970-01-01. */
  readonly holidays: ReadonlySet<number>;
}

const DAY_MINUTES = 1_440;
const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7];
const CLOSED: readonly (readonly Span[])[] = Array.from({ length: 8 }, () => []);

export function compileSchedule({ id, intervals, onHolidays }: PolicySchedule): CompiledSchedule {
  const week = spansByDay(intervals);
  if (onHolidays === 'as-usual') return { id, week, holiday: week };
  return { id, week, holiday: onHolidays === 'closed' ? CLOSED : spansByDay(onHolidays) };
}

function spansByDay(intervals: readonly (PolicyInterval | HolidayInterval)[]): Span[][] {
  const byDay: Span[][] = Array.from({ length: 8 }, () => []);
  for (const { days, from, until } of intervals) {
    const start = minuteOf(from);
    const end = minuteOf(until);
    const span = { from: start, until: end <= start ? end + DAY_MINUTES : end };
    for (const day of new Set(days ?? WEEKDAYS)) byDay[day]?.push(span);
  }
  return byDay;
}

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));

/** Days since 1970-01-01 of an ISO date. */
export const dayOf = (date: string): number => Math.floor(Date.parse(`${date}T00:00:00Z`) / 86_400_000);

export const isActive = (schedule: CompiledSchedule, calendar: Calendar, ms: number): boolean =>
  isActiveAt(schedule, calendar.holidays, calendar.zone.local(ms));

export function isActiveAt(schedule: CompiledSchedule, holidays: ReadonlySet<number>, at: LocalTime): boolean {
  const yesterday = at.weekday === 1 ? 7 : at.weekday - 1;
  const today = (holidays.has(at.day) ? schedule.holiday : schedule.week)[at.weekday] ?? [];
  if (today.some(({ from, until }) => from <= at.minute && at.minute < until)) return true;
  const carried = (holidays.has(at.day - 1) ? schedule.holiday : schedule.week)[yesterday] ?? [];
  return carried.some(({ until }) => at.minute < until - DAY_MINUTES);
}

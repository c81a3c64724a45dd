// SPDX-License-Identifier: Apache-2.0
// Who may pass where and when: schedules, holidays, and access levels = group × portals × schedule × validity.
import { z } from 'zod';
import { direction } from '../ids.ts';
import { calendarDate, clockTime, displayName, instant, slug } from './common.ts';

export const interval = z.object({
  days: z.array(z.int().min(1).max(7)).min(1).describe('1 is Monday, 7 is Sunday'),
  from: clockTime,
  until: clockTime.describe('at or before `from`: on the following day'),
});
const scheduleFields = {
  name: displayName,
  intervals: z.array(interval).max(50),
  onHolidays: z.union([z.enum(['closed', 'as-usual']), z.array(interval.omit({ days: true })).max(20)]),
};
export const schedule = z.object({ id: slug, ...scheduleFields }).meta({ id: 'Schedule' });
export const scheduleBody = z.object({ ...scheduleFields, onHolidays: scheduleFields.onHolidays.default('as-usual') });
export const scheduleList = z.object({ items: z.array(schedule) });

export const holiday = z.object({ date: calendarDate, name: displayName }).meta({ id: 'Holiday' });
export const holidayBody = z.object({ name: displayName });
export const holidayList = z.object({ items: z.array(holiday) });

const levelFields = {
  name: displayName,
  groups: z.array(slug).min(1).max(200),
  portals: z.array(slug).min(1).max(500),
  directions: z.array(direction).min(1),
  schedule: slug,
  validFrom: instant.nullable(),
  validUntil: instant.nullable(),
};
export const level = z.object({ id: slug, ...levelFields }).meta({ id: 'Level' });
export const levelBody = z.object({
  ...levelFields,
  directions: levelFields.directions.default(['in', 'out']),
  validFrom: levelFields.validFrom.default(null),
  validUntil: levelFields.validUntil.default(null),
});
export const levelList = z.object({ items: z.array(level) });

export type Schedule = z.infer<typeof schedule>;
export type ScheduleBody = z.infer<typeof scheduleBody>;
export type Holiday = z.infer<typeof holiday>;
export type HolidayBody = z.infer<typeof holidayBody>;
export type Level = z.infer<typeof level>;
export type LevelBody = z.infer<typeof levelBody>;

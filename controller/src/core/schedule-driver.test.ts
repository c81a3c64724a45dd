// SPDX-License-Identifier: Apache-2.0
// Modes and masks by schedule.
import { compilePolicy, encodePolicy } from '@latchkey/protocols/authorization/policy';
import { portalId } from '@latchkey/protocols/ids';
import { describe, expect, it } from 'vitest';
import { nextLookMs, scheduledAt } from './schedule-driver.ts';

const schedule = (id: string, from: string, until: string) => ({
  id,
  intervals: [{ days: [1, 2, 3, 4, 5, 6, 7], from, until }],
  onHolidays: 'closed' as const,
});
const compiled = compilePolicy(
  encodePolicy({
    format: 1,
    timeZone: 'Asia/Shanghai',
    holidays: ['2026-10-01'],
    schedules: [
      schedule('day', '08:00', '18:00'),
      schedule('night', '22:00', '06:00'),
      schedule('lunch', '12:00', '13:00'),
    ],
    portals: [
      { id: portalId.parse('gate-1'), antiPassback: { mode: 'off' }, afterExpiry: 'keep-all', askGateway: false },
    ],
    profiles: [],
  }),
);
const policy = compiled.ok ? compiled.value : undefined;
const at = (text: string) => Date.parse(`${text}+08:00`);

describe('schedules of a portal', () => {
  const schedules = { unlocked: 'day', blocked: 'night', maskHeld: 'lunch' };

  it('hold it in their mode while they run, and ask for nothing otherwise', () => {
    const modeAt = (time: string) => scheduledAt(schedules, policy, at(`2026-11-23T${time}`)).claim;
    expect(modeAt('07:59:59')).toBeNull();
    expect(modeAt('08:00:00')).toEqual({ mode: 'Unlocked', by: 'schedule:day' });
    expect(modeAt('18:00:00')).toBeNull();
    expect(modeAt('23:00:00')).toEqual({ mode: 'Blocked', by: 'schedule:night' });
    expect(modeAt('05:00:00')).toEqual({ mode: 'Blocked', by: 'schedule:night' });
  });

  it('mask forced and held separately', () => {
    expect(scheduledAt(schedules, policy, at('2026-11-23T12:30:00')).masks).toEqual({ forced: false, held: true });
    expect(scheduledAt({ maskForced: 'lunch' }, policy, at('2026-11-23T12:30:00')).masks).toEqual({
      forced: true,
      held: false,
    });
  });

  it('rest on holidays', () => {
    expect(scheduledAt(schedules, policy, at('2026-10-01T09:00:00')).claim).toBeNull();
  });

  it('where two run at once, the one that shuts more wins', () => {
    const both = { unlocked: 'day', doubleLocked: 'lunch' };
    expect(scheduledAt(both, policy, at('2026-11-23T12:30:00')).claim?.mode).toBe('DoubleLocked');
  });

  it('without a policy, or without the schedule it names, a door asks for nothing and says what is missing', () => {
    expect(scheduledAt(schedules, undefined, at('2026-11-23T09:00:00'))).toEqual({
      claim: null,
      masks: { forced: false, held: false },
      missing: ['day', 'night', 'lunch'],
    });
    expect(scheduledAt({ unlocked: 'weekend' }, policy, at('2026-11-23T09:00:00')).missing).toEqual(['weekend']);
  });

  it('are looked at again on the next whole minute', () => {
    expect(nextLookMs(at('2026-11-23T07:59:59.999'))).toBe(at('2026-11-23T08:00:00'));
    expect(nextLookMs(at('2026-11-23T08:00:00'))).toBe(at('2026-11-23T08:01:00'));
  });
});

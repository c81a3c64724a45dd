// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, must, POLICY } from './authority.test-support.ts';
import { compilePolicy, encodePolicy, type PolicyDocument } from './policy.ts';
import type { PolicySchedule } from './policy-document.ts';
import { compileSchedule, dayOf, isActive } from './schedule.ts';
import { createZoneClock } from './zone-clock.ts';

/** Active at a local time of a zone, given with its offset so that nothing here depends on the code under test. */
const active = (
  schedule: Omit<PolicySchedule, 'id'>,
  instant: string,
  timeZone = 'Asia/Shanghai',
  holidays: string[] = [],
) =>
  isActive(
    compileSchedule({ id: 'x', ...schedule }),
    { zone: must(createZoneClock(timeZone)), holidays: new Set(holidays.map(dayOf)) },
    Date.parse(instant),
  );
const weekdays = {
  intervals: [{ days: [1, 2, 3, 4, 5], from: '08:00', until: '18:00' }],
  onHolidays: 'closed' as const,
};
const fridayNight = { intervals: [{ days: [5], from: '22:00', until: '06:00' }], onHolidays: 'closed' as const };

describe('schedule', () => {
  it('starts with its first minute and ends before its last', () => {
    expect(active(weekdays, '2026-11-23T07:59:59.999+08:00')).toBe(false);
    expect(active(weekdays, '2026-11-23T08:00:00+08:00')).toBe(true);
    expect(active(weekdays, '2026-11-23T17:59:59.999+08:00')).toBe(true);
    expect(active(weekdays, '2026-11-23T18:00:00+08:00')).toBe(false);
    expect(active(weekdays, '2026-11-22T12:00:00+08:00')).toBe(false);
  });

  it('goes on across midnight, into the day after the one it starts on', () => {
    expect(active(fridayNight, '2026-11-20T21:59:00+08:00')).toBe(false);
    expect(active(fridayNight, '2026-11-20T22:00:00+08:00')).toBe(true);
    expect(active(fridayNight, '2026-11-21T05:59:00+08:00')).toBe(true);
    expect(active(fridayNight, '2026-11-21T06:00:00+08:00')).toBe(false);
    expect(active(fridayNight, '2026-11-20T05:00:00+08:00')).toBe(false);
  });

  it('goes on from Sunday into Monday', () => {
    const sunday = { intervals: [{ days: [7], from: '23:00', until: '01:00' }], onHolidays: 'as-usual' as const };
    expect(active(sunday, '2026-11-23T00:30:00+08:00')).toBe(true);
    expect(active(sunday, '2026-11-24T00:30:00+08:00')).toBe(false);
  });

  it('takes equal ends as a whole day, and 24:00 as the end of the day', () => {
    const whole = { intervals: [{ days: [3], from: '09:00', until: '09:00' }], onHolidays: 'closed' as const };
    expect(active(whole, '2026-11-25T08:59:00+08:00')).toBe(false);
    expect(active(whole, '2026-11-26T08:59:00+08:00')).toBe(true);
    const late = { intervals: [{ days: [3], from: '20:00', until: '24:00' }], onHolidays: 'closed' as const };
    expect(active(late, '2026-11-25T23:59:59+08:00')).toBe(true);
    expect(active(late, '2026-11-26T00:00:00+08:00')).toBe(false);
  });

  it('on holidays is closed, as usual, or has hours of its own', () => {
    const at = '2026-10-01T12:00:00+08:00';
    const holidays = ['2026-10-01'];
    expect(active(weekdays, at)).toBe(true);
    expect(active(weekdays, at, 'Asia/Shanghai', holidays)).toBe(false);
    expect(active({ ...weekdays, onHolidays: 'as-usual' }, at, 'Asia/Shanghai', holidays)).toBe(true);
    const own = { ...weekdays, onHolidays: [{ from: '12:00', until: '13:00' }] };
    expect(active(own, at, 'Asia/Shanghai', holidays)).toBe(true);
    expect(active(own, '2026-10-01T14:00:00+08:00', 'Asia/Shanghai', holidays)).toBe(false);
    const fridaysOnly = { ...weekdays, onHolidays: [{ days: [5], from: '12:00', until: '13:00' }] };
    expect(active(fridaysOnly, at, 'Asia/Shanghai', holidays)).toBe(false);
  });

  it('lets what began before a holiday end in it, and what begins in it end after it', () => {
    const nights = {
      intervals: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '22:00', until: '06:00' }],
      onHolidays: 'closed' as const,
    };
    const holidays = ['2026-10-01'];
    expect(active(nights, '2026-10-01T05:00:00+08:00', 'Asia/Shanghai', holidays)).toBe(true);
    expect(active(nights, '2026-10-01T23:00:00+08:00', 'Asia/Shanghai', holidays)).toBe(false);
    expect(active(nights, '2026-10-02T05:00:00+08:00', 'Asia/Shanghai', holidays)).toBe(false);
  });

  it('follows the wall clock where it springs forward: the missing hour never comes', () => {
    const early = { intervals: [{ days: [7], from: '02:00', until: '03:30' }], onHolidays: 'closed' as const };
    // Berlin, 2026-03-29: 01:59:59 +01:00 is followed by 03:00:00 +02:00.
    expect(active(early, '2026-03-29T01:59:59+01:00', 'Europe/Berlin')).toBe(false);
    expect(active(early, '2026-03-29T03:00:00+02:00', 'Europe/Berlin')).toBe(true);
    expect(active(early, '2026-03-29T03:30:00+02:00', 'Europe/Berlin')).toBe(false);
  });

  it('follows the wall clock where it falls back: the hour that comes twice counts twice', () => {
    const early = { intervals: [{ days: [7], from: '02:00', until: '03:00' }], onHolidays: 'closed' as const };
    // Berlin, 2026-10-25: 02:59:59 +02:00 is followed by 02:00:00 +01:00.
    expect(active(early, '2026-10-25T02:30:00+02:00', 'Europe/Berlin')).toBe(true);
    expect(active(early, '2026-10-25T02:30:00+01:00', 'Europe/Berlin')).toBe(true);
    expect(active(early, '2026-10-25T03:00:00+01:00', 'Europe/Berlin')).toBe(false);
  });
});

describe('wall clock', () => {
  const ZONES = [
    'Asia/Shanghai',
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Pacific/Apia',
    'UTC',
  ];

  it('agrees with Intl in every zone, transitions and cached offsets included', () => {
    const clocks = ZONES.map((timeZone) => ({
      clock: must(createZoneClock(timeZone)),
      format: new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }),
      weekday: new Intl.DateTimeFormat('en-US', { timeZone, weekday: 'short' }),
    }));
    const names = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
    const instant = fc.oneof(
      fc.integer({ min: 0, max: Date.UTC(2090, 0, 1) }),
      // Around the transitions of 2026.
      fc
        .constantFrom(
          Date.UTC(2026, 2, 29, 1),
          Date.UTC(2026, 9, 25, 1),
          Date.UTC(2026, 2, 8, 7),
          Date.UTC(2026, 3, 4, 15),
        )
        .chain((at) => fc.integer({ min: at - 7_200_000, max: at + 7_200_000 })),
    );
    fc.assert(
      fc.property(instant, fc.constantFrom(...clocks), (ms, { clock, format, weekday }) => {
        const local = clock.local(ms);
        const time = `${String(Math.floor(local.minute / 60)).padStart(2, '0')}:${String(local.minute % 60).padStart(2, '0')}`;
        expect(`${new Date(local.day * 86_400_000).toISOString().slice(0, 10)} ${time}`).toBe(format.format(ms));
        expect(names[local.weekday - 1]).toBe(weekday.format(ms));
      }),
      { numRuns: 1_000 },
    );
  });

  it('answers for instants beyond what a Date can hold', () => {
    const clock = must(createZoneClock('Asia/Shanghai'));
    for (const ms of [-1e20, 1e20, Number.MAX_SAFE_INTEGER]) expect(Number.isFinite(clock.local(ms).day)).toBe(true);
  });

  it('refuses what is no zone', () => {
    for (const name of ['Asia/Hogwarts', '', 'Mars']) expect(codeOf(createZoneClock(name))).toBe('unknown-zone');
  });
});

describe('policy', () => {
  const compile = (change: Partial<PolicyDocument>) => codeOf(compilePolicy(encodePolicy({ ...POLICY, ...change })));
  const [profile] = POLICY.profiles as [PolicyDocument['profiles'][0]];
  const [portal] = POLICY.portals as [PolicyDocument['portals'][0]];

  it('finds portals by id', () => {
    expect(must(compilePolicy(encodePolicy(POLICY))).portals.get('laboratory')).toMatchObject({ index: 1 });
  });

  it('has the same bytes for the same document, and Asia/Shanghai unless it says otherwise', () => {
    const { timeZone, ...rest } = POLICY;
    expect(timeZone).toBe('Asia/Shanghai');
    const compiled = must(compilePolicy(encodePolicy(rest as PolicyDocument)));
    expect(encodePolicy(compiled.document)).toEqual(encodePolicy(POLICY));
  });

  it('refuses unknown references, zones and members as values', () => {
    expect(compile({ profiles: [{ ...profile, rules: [{ portals: [9], schedule: 0 }] }] })).toBe('unknown-reference');
    expect(compile({ profiles: [{ ...profile, rules: [{ portals: [0], schedule: 9 }] }] })).toBe('unknown-reference');
    expect(compile({ portals: [{ ...portal, assurance: [{ class: 'phone-code', schedule: 9 }] }] })).toBe(
      'unknown-reference',
    );
    expect(compile({ portals: [portal, portal], profiles: [] })).toBe('duplicate-portal');
    expect(compile({ timeZone: 'Asia/Hogwarts' })).toBe('unknown-zone');
    expect(compile({ format: 2 as never })).toBe('policy-invalid');
    expect(compile({ holidays: ['2026-02-30'] })).toBe('policy-invalid');
    expect(compile({ extra: true } as never)).toBe('policy-invalid');
    expect(codeOf(compilePolicy(new Uint8Array(4_194_305)))).toBe('policy-too-large');
    expect(codeOf(compilePolicy(Uint8Array.of(0xff)))).toBe('policy-not-json');
  });

  it('never throws on JSON of any shape', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => void compilePolicy(new TextEncoder().encode(JSON.stringify(json)))),
    );
  });
});

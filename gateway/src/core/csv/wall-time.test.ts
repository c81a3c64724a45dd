// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { createZone, parseWallTime } from './wall-time.ts';

describe('dates', () => {
  it.each([
    ['2026-09-01', { year: 2026, month: 9, day: 1 }],
    ['2026/9/1', { year: 2026, month: 9, day: 1 }],
    ['2026.9.1', { year: 2026, month: 9, day: 1 }],
    ['20260901', { year: 2026, month: 9, day: 1 }],
    ['2026年9月1日', { year: 2026, month: 9, day: 1 }],
    ['2026-09-01 08:30', { year: 2026, month: 9, day: 1, clock: { hour: 8, minute: 30 } }],
    ['2026-09-01T08:30:00', { year: 2026, month: 9, day: 1, clock: { hour: 8, minute: 30 } }],
    ['2026/9/1 24:00', { year: 2026, month: 9, day: 1, clock: { hour: 24, minute: 0 } }],
    ['\uff12\uff10\uff12\uff16-09-01', { year: 2026, month: 9, day: 1 }],
  ])('%s is understood', (text, value) => {
    expect(parseWallTime(text)).toEqual({ ok: true, value });
  });
  it.each([
    ['2026-02-30', 'no-such-day'],
    ['2026-13-01', 'no-such-day'],
    ['01/09/2026', 'malformed'],
    ['2026-09-01 25:00', 'malformed'],
    ['2026-09-01 08:30:15', 'malformed'],
    ['46266', 'spreadsheet-damage'],
    ['soon', 'malformed'],
  ])('%s is refused: %s', (text, code) => {
    expect(parseWallTime(text)).toMatchObject({ ok: false, code });
  });
  it('a zone with clock changes: the day of the change has 23 hours', () => {
    const zone = createZone('Europe/Berlin');
    const day = { year: 2026, month: 3, day: 29 };
    expect(zone.endMinute(day) - zone.startMinute(day)).toBe(23 * 60);
    expect(zone.startMinute(day) * 60_000).toBe(Date.parse('2026-03-28T23:00Z'));
  });
});

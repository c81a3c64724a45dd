// SPDX-License-Identifier: Apache-2.0
// Days are those of the campus, whatever zone a machine is set to.
import { describe, expect, it } from 'vitest';
import { clockOf, dateStyle, dueText, momentOf } from './dates.ts';

/** Midnight in Shanghai is five in the afternoon before in Berlin. */
const MIDNIGHT_MS = Date.parse('2026-12-22T00:00:00+08:00');

describe('dates at the desk', () => {
  it('are those of the zone of the campus', () => {
    const [shanghai, berlin] = ['Asia/Shanghai', 'Europe/Berlin'].map((zone) => dateStyle('zh-CN', zone));
    if (!shanghai || !berlin) throw new Error('no styles');
    expect(dueText({ text: '', at: MIDNIGHT_MS }, shanghai)).toContain('2026年12月22日');
    expect(dueText({ text: '', at: MIDNIGHT_MS }, berlin)).toContain('2026年12月21日');
    expect([clockOf(MIDNIGHT_MS, shanghai), clockOf(MIDNIGHT_MS, berlin)]).toEqual(['00:00', '17:00']);
    expect(momentOf(MIDNIGHT_MS, shanghai)).toContain('12月22日');
  });

  it("are the machine's where its browser knows no such zone", () => {
    expect(dateStyle('en', 'Asia/Atlantis')).toEqual({ language: 'en', timeZone: undefined });
  });

  it('are as the library wrote them where nobody can read them', () => {
    expect(dueText({ text: 'end of term', at: null }, dateStyle('en', 'Asia/Shanghai'))).toBe('end of term');
  });
});

// SPDX-License-Identifier: Apache-2.0
// What follows from snapshots and the time.
import type { DeskItem, DeskState } from '@latchkey/protocols/api/desk';
import { describe, expect, it } from 'vitest';
import { ageOf, isAtLimit, isRenewable, latestOf, listStanding, oldestFirst, secondsLeft } from './standing.ts';

const HOUR = 3_600_000;
const line = (id: string, message: DeskItem['message'] = 'lent') =>
  ({ id, at: 1, message, pending: false }) as DeskItem;
const state = (items: DeskItem[], notice?: number) =>
  ({ items, notice: notice === undefined ? null : { seq: notice, notice: 'card-unknown' } }) as DeskState;

describe('the list of borrowers', () => {
  const list = { version: 3, issuedAt: 0, refreshBy: 2 * HOUR, hardExpiry: 10 * HOUR, borrowers: 4 };
  it('is fresh, then old, then expired', () => {
    expect(listStanding(list, HOUR)).toBe('fresh');
    expect(listStanding(list, 2 * HOUR)).toBe('old');
    expect(listStanding(list, 10 * HOUR)).toBe('expired');
    expect(listStanding(null, 0)).toBe('none');
  });

  it('has an age in the unit that says enough', () => {
    expect(ageOf(-5)).toEqual({ unit: 'minutes', count: 0 });
    expect(ageOf(119 * 60_000)).toEqual({ unit: 'minutes', count: 119 });
    expect(ageOf(26 * HOUR)).toEqual({ unit: 'hours', count: 26 });
    expect(ageOf(72 * HOUR)).toEqual({ unit: 'days', count: 3 });
  });
});

describe('counts and times', () => {
  it('are at the limit only where both are known', () => {
    expect(isAtLimit({ count: 5, limit: 5 })).toBe(true);
    expect(isAtLimit({ count: 4, limit: 5 })).toBe(false);
    expect(isAtLimit({ count: 5, limit: null })).toBe(false);
    expect(isAtLimit({ count: null, limit: 5 })).toBe(false);
  });

  it('count down to nothing and no further', () => {
    expect(secondsLeft(10_000, 9_001)).toBe(1);
    expect(secondsLeft(10_000, 12_000)).toBe(0);
  });
});

describe('what happened last', () => {
  it('is a new line', () => {
    const before = state([line('1')]);
    const after = state([line('2'), line('1')]);
    expect(latestOf({ kind: 'line', line: line('1') }, before, after)).toMatchObject({ line: { id: '2' } });
  });

  it('is an older line whose answer came', () => {
    const before = state([line('2'), line('1', 'waiting')]);
    expect(latestOf(undefined, before, state([line('2'), line('1')]))).toMatchObject({ line: { id: '1' } });
  });

  it('is a notice, until a line comes', () => {
    const noticed = latestOf(undefined, state([line('1')]), state([line('1')], 4));
    expect(noticed).toMatchObject({ kind: 'notice', notice: { seq: 4 } });
    const still = latestOf(noticed, state([line('1')], 4), state([line('1')], 4));
    expect(still).toEqual(noticed);
    expect(latestOf(noticed, state([line('1')], 4), state([line('5'), line('1')], 4))).toMatchObject({
      line: { id: '5' },
    });
  });

  it('is over with its session', () => {
    expect(latestOf({ kind: 'line', line: line('1') }, state([line('1')]), state([]))).toBeUndefined();
  });
});

it('puts the oldest line first on paper', () => {
  expect(oldestFirst([line('2'), line('1')]).map(({ id }) => id)).toEqual(['1', '2']);
});

describe('a press to renew', () => {
  const of = (id: string, change: Partial<DeskItem> = {}) =>
    ({ id, item: 'b1', act: 'loan', colour: 'green', message: 'lent', pending: false, ...change }) as DeskItem;
  const patron = {} as DeskState['patron'];
  const first = (...items: [DeskItem, ...DeskItem[]]) => isRenewable({ patron, items }, items[0]);

  it('is for what the patron who stands here has', () => {
    expect(first(of('1'))).toBe(true);
    expect(first(of('1', { act: 'renewal', message: 'renewed' }))).toBe(true);
    expect(isRenewable({ patron: null, items: [of('1')] }, of('1'))).toBe(false);
  });

  it('is not for what came back, was refused, is not decided, or waits for the library', () => {
    expect(first(of('1', { act: 'return', message: 'returned' }))).toBe(false);
    expect(first(of('1', { colour: 'red', message: 'refused-by-library' }))).toBe(false);
    for (const message of ['waiting', 'fee-asked', 'asking-again'] as const)
      expect(first(of('1', { colour: 'amber', message }))).toBe(false);
    expect(first(of('1', { message: 'lent-offline', pending: true }))).toBe(false);
  });

  it('stands at the newest line of a book only', () => {
    const items = [of('2', { act: 'return', message: 'returned' }), of('1')];
    expect(items.map((each) => isRenewable({ patron, items }, each))).toEqual([false, false]);
  });
});

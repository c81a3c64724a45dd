// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AGEING_MS, createVisitQueue, WANTS } from './visit-queue.ts';

const NOBODY = new Set<string>();
const all = () => true;

describe('visit queue', () => {
  it('goes by urgency: open, deny, log, list, check', () => {
    const queue = createVisitQueue();
    for (const [n, want] of WANTS.toReversed().entries()) queue.want(`lock-${want}`, want, n);
    const order = WANTS.map(() => {
      const lock = queue.next(10, NOBODY, all) ?? '';
      queue.done(lock);
      return lock;
    });
    expect(order).toEqual(WANTS.map((want) => `lock-${want}`));
  });

  it('of equal urgency, who waits longest goes first', () => {
    const queue = createVisitQueue();
    queue.want('b', 'list', 5);
    queue.want('a', 'list', 7);
    expect(queue.next(10, NOBODY, all)).toBe('b');
  });

  it('waiting lifts a check above fresh denies, and never above an opening', () => {
    const queue = createVisitQueue();
    queue.want('old', 'check', 0);
    const later = AGEING_MS * 10;
    queue.want('denied', 'deny', later);
    expect(queue.next(later, NOBODY, all)).toBe('old');
    queue.want('person', 'open', later);
    expect(queue.next(later, NOBODY, all)).toBe('person');
  });

  it('nobody starves under a steady stream of denies elsewhere', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 200, maxLength: 200 }), (others) => {
        const queue = createVisitQueue();
        queue.want('quiet', 'check', 0);
        const served = others.some((other, n) => {
          const nowMs = n * 1_000;
          queue.want(`lock-${other}`, 'deny', nowMs);
          const lock = queue.next(nowMs, NOBODY, all) ?? '';
          queue.done(lock);
          return lock === 'quiet';
        });
        expect(served).toBe(true);
      }),
    );
  });

  it('a lock that failed waits, longer each time; an opening a moment only', () => {
    const queue = createVisitQueue();
    queue.want('a', 'list', 0);
    queue.failed('a', 0);
    expect(queue.next(1_999, NOBODY, all)).toBeUndefined();
    expect(queue.next(2_000, NOBODY, all)).toBe('a');
    queue.failed('a', 2_000);
    expect(queue.next(5_999, NOBODY, all)).toBeUndefined();
    queue.want('a', 'open', 2_050);
    expect(queue.next(2_099, NOBODY, all)).toBeUndefined();
    expect(queue.next(2_100, NOBODY, all)).toBe('a');
    queue.succeeded('a');
    queue.done('a', 'open');
    expect(queue.next(3_000, NOBODY, all)).toBe('a');
  });

  it('passes by who is busy or out of reach', () => {
    const queue = createVisitQueue();
    queue.want('a', 'deny', 0);
    queue.want('b', 'list', 0);
    expect(queue.next(1, new Set(['a']), all)).toBe('b');
    expect(queue.next(1, NOBODY, (lock) => lock === 'b')).toBe('b');
  });
});

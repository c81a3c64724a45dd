// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSeenCodes } from './seen-codes.ts';

const NOW_MS = 1_795_320_000_000;
const NOW_S = NOW_MS / 1_000;
const A = '0011223344556677';
const B = '8899aabbccddeeff';

describe('last seen', () => {
  it('is raised and never lowered, whatever comes in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(A, B), fc.integer({ min: -60, max: 40 }))), (told) => {
        const seen = createSeenCodes();
        const most = new Map<string, number>();
        told.forEach(([key, offset], index) => {
          const code = { key, timeS: NOW_S + offset };
          if (index % 2 === 0) seen.raise(code, NOW_MS);
          else seen.merge([code], NOW_MS);
          most.set(key, Math.max(most.get(key) ?? 0, code.timeS));
        });
        for (const key of [A, B]) expect(seen.lastSeen(key)).toBe(most.get(key));
      }),
    );
  });
  it('says whether it was news', () => {
    const seen = createSeenCodes();
    expect(seen.raise({ key: A, timeS: NOW_S }, NOW_MS)).toBe(true);
    expect(seen.raise({ key: A, timeS: NOW_S }, NOW_MS)).toBe(false);
    expect(
      seen.merge(
        [
          { key: A, timeS: NOW_S },
          { key: B, timeS: NOW_S },
        ],
        NOW_MS,
      ),
    ).toBe(1);
  });
  it('forgets what no window can hold any more, and nothing before', () => {
    const seen = createSeenCodes();
    for (let second = 0; second < 1_000; second++) {
      seen.raise({ key: String(second).padStart(16, '0'), timeS: NOW_S + second }, NOW_MS + second * 1_000);
    }
    expect(seen.size).toBeLessThan(200);
    for (let second = 940; second < 1_000; second++) {
      expect(seen.lastSeen(String(second).padStart(16, '0'))).toBe(NOW_S + second);
    }
  });
  it('a neighbour cannot lock a phone out with a time far ahead, nor fill the memory with old ones', () => {
    const seen = createSeenCodes();
    expect(seen.merge([{ key: A, timeS: NOW_S + 41 }], NOW_MS)).toBe(0);
    expect(seen.merge([{ key: A, timeS: NOW_S - 91 }], NOW_MS)).toBe(0);
    expect(seen.merge([{ key: A, timeS: NOW_S + 35 }], NOW_MS)).toBe(1);
    expect(seen.size).toBe(1);
  });
});

describe('repeats', () => {
  it('are the same text at the same reader within 2 s of the grant', () => {
    const seen = createSeenCodes();
    expect(seen.isRepeat('one', 'text', 0)).toBe(false);
    seen.noteGrant('one', 'text', 1_000);
    expect(seen.isRepeat('one', 'text', 1_000)).toBe(true);
    expect(seen.isRepeat('one', 'text', 3_000)).toBe(true);
    expect(seen.isRepeat('one', 'text', 3_001)).toBe(false);
    expect(seen.isRepeat('one', 'texT', 1_000)).toBe(false);
    expect(seen.isRepeat('two', 'text', 1_000)).toBe(false);
    expect(seen.isRepeat('one', 'text', 999)).toBe(false);
  });
});

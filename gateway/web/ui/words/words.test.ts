// SPDX-License-Identifier: Apache-2.0
// Both languages have words for the same things, and for everything the protocol can answer.
import { API_ERROR_CODES } from '@latchkey/protocols/api/errors';
import { REASONS } from '@latchkey/protocols/mqtt/reasons';
import { describe, expect, it } from 'vitest';
import { en } from '../../pass/words/en.ts';
import { zhCn } from '../../pass/words/zh-cn.ts';

/** Paths of all words, with what they are. */
function paths(words: object, below = ''): string[] {
  return Object.entries(words).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null ? paths(value, `${below}${key}.`) : [`${below}${key}: ${typeof value}`],
  );
}

function texts(words: object): string[] {
  return Object.values(words).flatMap((value: unknown) =>
    typeof value === 'object' && value !== null ? texts(value) : typeof value === 'string' ? [value] : [],
  );
}

describe('the catalogues', () => {
  it('hold the same words in both languages', () => {
    expect(paths(en).toSorted()).toEqual(paths(zhCn).toSorted());
    expect(paths(zhCn).length).toBeGreaterThan(200);
  });

  it.each([
    ['zh-CN', zhCn],
    ['en', en],
  ])('have words in %s for every reason and every error', (_, words) => {
    for (const reason of REASONS) {
      const { name, meaning, advice } = words.reasons[reason];
      for (const text of [name, meaning, advice]) expect(text.trim(), reason).not.toBe('');
    }
    for (const code of [...API_ERROR_CODES, 'offline', 'unexpected'] as const) {
      expect(words.errors[code]?.trim(), code).toBeTruthy();
    }
  });

  it('speak their own language throughout', () => {
    for (const text of texts(zhCn)) if (!['iPhone', 'iPad'].includes(text)) expect(text).toMatch(/[\u4e00-\u9fff，]/);
    for (const text of texts(en)) expect(text).not.toMatch(/[\u3000-\u9fff\uff00-\uffef’“”]/);
  });
});

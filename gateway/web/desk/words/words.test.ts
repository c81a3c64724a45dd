// SPDX-License-Identifier: Apache-2.0
// Both languages of the desk have words for the same things, and for everything the contract can say.
import {
  CONFLICT_DECISIONS,
  CONFLICT_HOLDERS,
  DESK_ACTS,
  DESK_NOTICES,
  ITEM_MESSAGES,
  LIBRARY_STATES,
  LIST_BLOCKS,
} from '@latchkey/protocols/api/desk-terms';
import { PATRON_CONDITIONS } from '@latchkey/protocols/sip2/enumerations';
import { describe, expect, it } from 'vitest';
import { en } from './en.ts';
import { zhCn } from './zh-cn.ts';

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

describe('the catalogues of the desk', () => {
  it('hold the same words in both languages', () => {
    expect(paths(en).toSorted()).toEqual(paths(zhCn).toSorted());
    expect(paths(zhCn).length).toBeGreaterThan(150);
  });

  it.each([
    ['zh-CN', zhCn],
    ['en', en],
  ])('say in %s whatever the desk can say, and no two things alike', (_, words) => {
    const said = [
      ITEM_MESSAGES.map((one) => words.items[one]),
      DESK_NOTICES.map((one) => words.notices[one]),
      [...PATRON_CONDITIONS, ...LIST_BLOCKS].map((one) => words.blocks[one]),
      CONFLICT_HOLDERS.map((one) => words.holders[one]),
      CONFLICT_DECISIONS.map((one) => words.decisions[one].name),
      DESK_ACTS.map((one) => words.acts[one]),
      LIBRARY_STATES.map((one) => words.libraryStates[one]),
    ];
    for (const group of said) {
      for (const text of group) expect(text.trim()).not.toBe('');
      expect(new Set(group).size).toBe(group.length);
    }
  });

  it('speak their own language throughout', () => {
    for (const text of texts(zhCn)) if (text !== 'VISA') expect(text).toMatch(/[\u4e00-\u9fff]/);
    for (const text of texts(en)) expect(text).not.toMatch(/[\u3000-\u9fff\uff00-\uffef’“”]/);
  });
});

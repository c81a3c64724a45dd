// SPDX-License-Identifier: Apache-2.0
import { codeFormOf, isForeignPayment } from '@latchkey/protocols/codes/code-forms';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHARACTERS, type Characters, type CodeFormRule, neverAsked, overlap, owns, rivals } from './resolver-forms.ts';

const rule = (over: Partial<CodeFormRule> = {}): CodeFormRule => ({
  from: '10',
  to: '15',
  minLength: 18,
  maxLength: 18,
  characters: 'digits',
  ...over,
});

const anyRule: fc.Arbitrary<CodeFormRule> = fc
  .record({
    beginnings: fc
      .integer({ min: 1, max: 2 })
      .chain((length) => fc.tuple(digits(length), digits(length)))
      .map((pair) => [...pair].sort()),
    lengths: fc.tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 0, max: 2 })),
    characters: fc.constantFrom(...(Object.keys(CHARACTERS) as Characters[])),
  })
  .map(({ beginnings: [from = '', to = ''], lengths: [minLength, more], characters }) => ({
    from,
    to,
    minLength,
    maxLength: minLength + more,
    characters,
  }));
function digits(length: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...'0123456789'.split('')), minLength: length, maxLength: length });
}

describe('a form', () => {
  it('owns texts by beginning, length and characters, all three', () => {
    expect(owns(rule(), '131234567890123456')).toBe(true);
    for (const text of ['161234567890123456', '13123456789012345', '1312345678901234567', '13123456789012345x', ''])
      expect(owns(rule(), text)).toBe(false);
    expect(owns(rule({ from: 'EMT', to: 'EMT', minLength: 5, maxLength: 9, characters: 'printable' }), 'EMT:你')).toBe(
      false,
    );
  });

  it('overlaps another wherever some text is of both', () => {
    fc.assert(
      fc.property(anyRule, anyRule, digits(6), fc.integer({ min: 2, max: 6 }), (one, other, text, length) => {
        const short = text.slice(0, length);
        if (owns(one, short) && owns(other, short)) expect(overlap(one, other)).toBe(true);
        expect(overlap(one, other)).toBe(overlap(other, one));
      }),
      { numRuns: 2_000 },
    );
  });

  it('of digits overlaps another of digits only where some text is of both', () => {
    fc.assert(
      fc.property(anyRule, anyRule, (one, other) => {
        const [first, second] = [
          { ...one, characters: 'digits' as const },
          { ...other, characters: 'digits' as const },
        ];
        fc.pre(overlap(first, second));
        const length = Math.max(first.minLength, second.minLength);
        const beginnings = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));
        const shared = beginnings.some((each) => {
          const text = each.padEnd(length, '0');
          return owns(first, text) && owns(second, text);
        });
        expect(shared).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is never asked about where the gate refuses by itself', () => {
    const alipay = rule({ from: '28', to: '28' });
    expect([alipay, rule({ from: '25', to: '30', minLength: 16, maxLength: 24 })].map(neverAsked)).toEqual([
      true,
      true,
    ]);
    expect(neverAsked(rule({ from: '62', to: '62', minLength: 19, maxLength: 19 }))).toBe(true);
    expect([rule(), rule({ from: '28', to: '31' }), rule({ from: '62', to: '62' })].map(neverAsked)).toEqual([
      false,
      false,
      false,
    ]);
    expect(isForeignPayment(codeFormOf('28'.padEnd(18, '0')))).toBe(true);
  });
});

it('the first two resolvers that claim a common text are named', () => {
  const pay = { id: 'pay', forms: [rule({ from: '88', to: '88' })] };
  const card = { id: 'card', forms: [rule({ from: '9', to: '9' }), rule({ from: '881', to: '885' })] };
  const other = { id: 'other', forms: [rule({ from: '88', to: '88', minLength: 20, maxLength: 20 })] };
  expect(rivals([pay, other, card])).toEqual([pay, card]);
  expect(rivals([pay, other])).toBeUndefined();
  expect(rivals([])).toBeUndefined();
});

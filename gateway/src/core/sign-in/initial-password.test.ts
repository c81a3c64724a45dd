// SPDX-License-Identifier: Apache-2.0
// From an ID number to the password people first sign in with. All numbers are made up; check digits are real.
import { describe, expect, it } from 'vitest';
import { asInitial, initialPasswordOf } from './initial-password.ts';

describe('the initial password', () => {
  it.each([
    ['11010119900307002X', '070020'],
    ['11010119900307002x', '070020'],
    [' 110101 19900307 002X ', '070020'],
    ['11010119900307002X', '070020'],
    ['110101900307002', '307002'],
    ['E12345678', '345678'],
    ['H1234567(8)', '345678'],
  ])('of %s is %s', (idNumber, expected) => {
    expect(initialPasswordOf(idNumber)).toEqual({ ok: true, value: expected });
  });

  it.each([
    ['110101199003070029', 'mistyped'],
    ['110101199003070000', 'mistyped'],
    ['11010119900307002Y', 'malformed'],
    ['12345', 'malformed'],
    ['', 'malformed'],
    ['无', 'malformed'],
    ['(((((())))))', 'malformed'],
  ])('of %s is none: %s', (idNumber, code) => {
    expect(initialPasswordOf(idNumber)).toEqual({ ok: false, code });
  });

  it('may be typed with X, and only that is forgiven', () => {
    expect(asInitial('07002X')).toBe('070020');
    expect(asInitial('07002x')).toBe('070020');
    expect(asInitial('a longer password with x')).toBe('a longer password with x');
  });
});

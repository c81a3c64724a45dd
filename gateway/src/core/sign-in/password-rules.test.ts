// SPDX-License-Identifier: Apache-2.0
// Which passwords people may choose.
import { expect, it } from 'vitest';
import { COMMON_PASSWORDS } from './common-passwords.ts';
import { passwordProblem } from './password-rules.ts';

const NUMBER = '2026000001';

it.each([
  ['short', 'too-short'],
  ['九个字的一个密码啊', 'too-short'],
  ['2026000001a', 'holds-number'],
  ['aaaaaaaaaaaa', 'too-plain'],
  ['ababababab', 'too-plain'],
  ['0123456789', 'too-plain'],
  ['9876543210', 'too-plain'],
  ['1234567890', 'too-plain'],
  ['abcdefghijkl', 'too-plain'],
  ['1qaz2wsx3edc', 'too-common'],
  ['Password2026', 'too-common'],
  ['woaini1314520', 'too-common'],
  ['!Qwertyuiop1', 'too-common'],
  ['zhongguo666', 'too-common'],
])('%s is refused: %s', (password, problem) => {
  expect(passwordProblem(password, NUMBER)).toBe(problem);
});

it.each([
  'correct horse battery',
  '十个汉字也可以做密码的',
  'v7-Kq2.9x!Lm',
  '2026000001 and a lot more',
  'password of my dog',
])('%s is good', (password) => {
  expect(passwordProblem(password, NUMBER)).toBeUndefined();
});

it('the list of common ones is in lower case, without doubles of what the other rules refuse', () => {
  for (const word of COMMON_PASSWORDS) expect(word).toBe(word.toLowerCase());
  expect(COMMON_PASSWORDS.size).toBeGreaterThan(150);
});

// SPDX-License-Identifier: Apache-2.0
// A number is never guessed into a card.
import { expect, it } from 'vitest';
import { possibleCards, readNumber } from './card-numbers.ts';

it.each([
  ['04A1B2C3D4E580', undefined, '04a1b2c3d4e580'],
  ['04a1b2c3', undefined, '04a1b2c3'],
  ['80E5D4C3B2A104', 'hex-reversed', '04a1b2c3d4e580'],
])('%s in form %s is one card', (number, form, uid) => {
  const read = readNumber(number, form);
  expect(read.ok && Buffer.from(read.value).toString('hex')).toBe(uid);
});

it.each([
  ['0077771459', undefined, 'ambiguous-card-number'],
  ['hello', undefined, 'invalid-card-number'],
  ['0077771459', 'hex', 'invalid-card-number'],
  ['04A1B2C3D4E580', 'morse', 'invalid-card-number'],
])('%s in form %s is refused: %s', (number, form, code) => {
  expect(readNumber(number, form)).toMatchObject({ ok: false, code });
});

it('without a form a number stands for every card it can be read as', () => {
  const all = possibleCards('0077771459', undefined);
  const one = possibleCards('0077771459', 'decimal');
  expect(all.ok && one.ok && all.value.size > 1 && all.value.has([...one.value.keys()][0] ?? '')).toBe(true);
  expect(possibleCards('x', undefined)).toMatchObject({ ok: false, code: 'invalid-card-number' });
});

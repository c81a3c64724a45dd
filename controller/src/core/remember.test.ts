// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { remember } from './remember.ts';

it('what strangers say is remembered up to a bound, and what was said again goes last', () => {
  const known = new Map<string, number>();
  for (const key of ['a', 'b', 'c']) remember(known, key, 1, 3);
  remember(known, 'a', 2, 3);
  remember(known, 'd', 1, 3);
  expect([...known]).toEqual([
    ['c', 1],
    ['a', 2],
    ['d', 1],
  ]);
});

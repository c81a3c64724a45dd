// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { atPointer } from './json-pointer.ts';

it('finds what RFC 6901 says, and nothing that objects inherit', () => {
  const json = { data: { list: [{ no: 'S1' }], 'a/b': 1, 'c~d': 2 }, '': 3 };
  expect(atPointer(json, '')).toBe(json);
  expect(['/data/list/0/no', '/data/a~1b', '/data/c~0d', '/'].map((each) => atPointer(json, each))).toEqual([
    'S1',
    1,
    2,
    3,
  ]);
  for (const pointer of ['/data/none', '/data/list/1/no', '/constructor', '/__proto__', '/data/list/0/no/0'])
    expect(atPointer(json, pointer)).toBeUndefined();
  expect(atPointer(null, '/a')).toBeUndefined();
});

// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { err, ok } from './result.ts';

describe('result', () => {
  it('a success carries its value, also an absent one', () => {
    expect(ok(1)).toEqual({ ok: true, value: 1 });
    expect(ok(undefined)).toHaveProperty('value', undefined);
  });
  it('a refusal carries its code, and a detail only where there is one', () => {
    expect(err('wrong')).toStrictEqual({ ok: false, code: 'wrong' });
    expect(err('wrong', 'do this')).toStrictEqual({ ok: false, code: 'wrong', detail: 'do this' });
  });
});

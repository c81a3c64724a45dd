// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/codes/forms.json' with { type: 'json' };
import { CODE_FORMS } from '../mqtt/events.ts';
import { codeFormOf, isForeignPayment } from './code-forms.ts';

describe('forms of codes', () => {
  it.each(vectors.forms)('$form: $why', ({ text, form }) => {
    expect(codeFormOf(text)).toBe(form);
  });
  it('every form has a vector', () => {
    expect(new Set(vectors.forms.map(({ form }) => form))).toEqual(new Set(CODE_FORMS));
  });
  it('any text has exactly one form, and none throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(CODE_FORMS).toContain(codeFormOf(text));
      }),
    );
  });
  it('only Alipay and UnionPay identify nobody here', () => {
    expect(CODE_FORMS.filter(isForeignPayment)).toEqual(['alipay', 'unionpay']);
  });
});

// SPDX-License-Identifier: Apache-2.0
// What a scanned text looks like (lists-and-codes, Identity codes), by its length and first digits alone. Payment codes are
// recognised so that they are never logged, stored or shown, and only a resolver that owns the form looks one up.
import type { CodeForm } from '../mqtt/events.ts';
import { CERTIFIED_DIGITS, PASS_DIGITS } from './pass-code.ts';

const PAYMENT_FORMS: readonly (readonly [RegExp, CodeForm])[] = [
  [/^1[0-5][0-9]{16}$/, 'wechat-pay'],
  [/^(?:2[5-9]|30)[0-9]{14,22}$/, 'alipay'],
  [/^62[0-9]{17}$/, 'unionpay'],
];
/** Longest form that is told by a pattern; anything longer need not be looked at. */
const MOST_PAYMENT_DIGITS = 24;

export function codeFormOf(text: string): CodeForm {
  if (text.length === PASS_DIGITS || text.length === CERTIFIED_DIGITS) {
    return /^[0-9]+$/.test(text) ? 'pass' : 'other';
  }
  if (text.length > MOST_PAYMENT_DIGITS) return 'other';
  return PAYMENT_FORMS.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
}

/** Forms that identify nobody here, whoever asks: refused at the gate. */
export const isForeignPayment = (form: CodeForm): boolean => form === 'alipay' || form === 'unionpay';

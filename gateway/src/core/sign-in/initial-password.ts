// SPDX-License-Identifier: Apache-2.0
// The password people first sign in with (DESIGN 8): the last six characters of their ID number, X as 0.

const CITIZEN = /^\d{17}[\dX]$/;
const OTHER = /^[A-Z0-9()]{6,30}$/;
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] as const;
const CHECK_DIGITS = '10X98765432';
const LENGTH = 6;

export type InitialPassword =
  | { readonly ok: true; readonly value: string }
  /** `mistyped`: the check digit of a citizen's number does not fit, as after a spreadsheet rounded it. */
  | { readonly ok: false; readonly code: 'malformed' | 'mistyped' };

export function initialPasswordOf(idNumber: string): InitialPassword {
  const plain = idNumber.normalize('NFKC').toUpperCase().replace(/[\s-]/g, '');
  if (plain.length === 18 && /^\d{17}/.test(plain)) {
    if (!CITIZEN.test(plain)) return { ok: false, code: 'malformed' };
    if (checkDigit(plain) !== plain.at(-1)) return { ok: false, code: 'mistyped' };
  } else if (!OTHER.test(plain)) return { ok: false, code: 'malformed' };
  const characters = plain.replace(/[()]/g, '');
  if (characters.length < LENGTH) return { ok: false, code: 'malformed' };
  return { ok: true, value: characters.slice(-LENGTH).replaceAll('X', '0') };
}

/** GB 11643: weighted sum of the first seventeen digits, modulo 11. */
function checkDigit(number: string): string | undefined {
  const sum = WEIGHTS.reduce((total, weight, at) => total + weight * Number(number[at]), 0);
  return CHECK_DIGITS[sum % 11];
}

/** What people type when they copy their number as it stands: X, or its small letters. */
export const asInitial = (typed: string): string =>
  typed.length === LENGTH ? typed.toUpperCase().replaceAll('X', '0') : typed;

// SPDX-License-Identifier: Apache-2.0
// Which passwords of their own people may choose: long rather than colourful (NIST SP 800-63B 5.1.1.2), not the ones everybody
// tries first, nothing made of the person's own number.
import { COMMON_PASSWORDS } from './common-passwords.ts';

export const MIN_PASSWORD_LENGTH = 10;
const FEWEST_DIFFERENT = 4;

export type PasswordProblem = 'too-short' | 'too-common' | 'too-plain' | 'holds-number';

export function passwordProblem(password: string, number: string): PasswordProblem | undefined {
  const text = password.normalize('NFKC');
  const plain = text.toLowerCase();
  if (Array.from(text).length < MIN_PASSWORD_LENGTH) return 'too-short';
  if (plain.includes(number.toLowerCase()) && plain.length < number.length + MIN_PASSWORD_LENGTH) return 'holds-number';
  if (new Set(plain).size < FEWEST_DIFFERENT || isRun(plain)) return 'too-plain';
  if (isCommon(plain)) return 'too-common';
  return undefined;
}

/** A common word with a few digits or signs around it is tried as soon as the word itself. */
function isCommon(plain: string): boolean {
  if (COMMON_PASSWORDS.has(plain)) return true;
  const core = plain.replace(/^[^a-z]+|[^a-z]+$/g, '');
  return core.length >= 4 && plain.length - core.length <= 6 && COMMON_PASSWORDS.has(core);
}

/** 0123456789, 9876543210, abcdefghij, and the same twice. */
function isRun(plain: string): boolean {
  const steps = Array.from(plain.slice(1)).map((character, at) => character.charCodeAt(0) - plain.charCodeAt(at));
  const breaks = steps.filter((step, at) => at > 0 && step !== steps[at - 1]).length;
  return breaks <= 2 && steps.every((step) => Math.abs(step) <= 1 || Math.abs(step) === 9);
}

// SPDX-License-Identifier: Apache-2.0
// One-time codes: LK1-<26 characters of secret>-<16 characters that name the authority>, so that a controller's first contact
// needs no leap of faith. Only a hash is kept.
import { createHash } from 'node:crypto';
import { toBase32 } from '../adapters/base32.ts';

const FORM = /^LK1-[A-Z2-7]{26}-[A-Z2-7]{16}$/;
const SECRET_CHARACTERS = 26;
/** 26 characters hold 130 bits. */
const SECRET_BYTES = 17;

export function makeCode(randomBytes: (count: number) => Uint8Array, authority: string): string {
  return `LK1-${toBase32(randomBytes(SECRET_BYTES)).slice(0, SECRET_CHARACTERS)}-${authority}`;
}

/** Hash of a code as typed, whatever its case and spaces; `undefined` for what is no code. */
export function hashCode(text: string): string | undefined {
  const code = text.replace(/\s+/g, '').toUpperCase();
  return FORM.test(code) ? createHash('sha256').update(code).digest('hex') : undefined;
}

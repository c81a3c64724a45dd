// SPDX-License-Identifier: Apache-2.0
// Hex only at the edges (DESIGN 9.7): written lower-case, read in either case.
import { err, ok, type Result } from '../result.ts';

const DIGITS = '0123456789abcdef';

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += DIGITS.charAt(byte >> 4) + DIGITS.charAt(byte & 15);
  return text;
}

export function fromHex(text: string): Result<Uint8Array, 'not-hex'> {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    return err('not-hex', 'use an even number of the digits 0-9 and a-f');
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(text.slice(at * 2, at * 2 + 2), 16);
  return ok(bytes);
}

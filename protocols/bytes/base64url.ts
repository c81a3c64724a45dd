// SPDX-License-Identifier: Apache-2.0
// Base64url without padding (RFC 4648, section 5), strict: one text for one sequence of bytes.
import { err, ok, type Result } from '../result.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export function toBase64url(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const left = Math.min(3, bytes.length - at);
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (let digit = 0; digit <= left; digit++) text += ALPHABET.charAt((group >> (18 - digit * 6)) & 63);
  }
  return text;
}

export function fromBase64url(text: string): Result<Uint8Array, 'not-base64url'> {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let length = 0;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return err('not-base64url', 'use only A-Z, a-z, 0-9, "-" and "_"');
    bits = ((bits << 6) | digit) & 0xfff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[length++] = (bits >> held) & 0xff;
    }
  }
  // A lone digit, or bits left over that are not zero, would be a second spelling of the same bytes.
  if (text.length % 4 === 1 || (bits & ((1 << held) - 1)) !== 0) {
    return err('not-base64url', 'the text ends in the middle of a byte');
  }
  return ok(bytes);
}

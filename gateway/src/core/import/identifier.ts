// SPDX-License-Identifier: Apache-2.0
// An identifier for something that a file knows by name only: the name itself where it is one, else the same one every time.
import { slug } from '@latchkey/protocols/api/common';
import { sha256Hex } from '@latchkey/protocols/bytes/hash';

const HASH_DIGITS = 10;

export function identifierOf(name: string, prefix: string): string {
  const plain = name
    .normalize('NFKC')
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, '-');
  if (slug.safeParse(plain).success) return plain;
  return `${prefix}-${sha256Hex(new TextEncoder().encode(name.normalize('NFC').trim())).slice(0, HASH_DIGITS)}`;
}

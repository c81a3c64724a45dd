// SPDX-License-Identifier: Apache-2.0
// Ids of credentials and the keyed PRF that hides them (lists-and-codes, RECORD): the 4-byte UID of a card is guessed from a
// bare hash in seconds, so lists hold only AES-128 under a key that travels encrypted.
import { createCipheriv } from 'node:crypto';
import { concatBytes } from '../bytes/equal.ts';
import { sha256 } from '../bytes/hash.ts';
import type { SigningAlgorithm } from './keys.ts';
import { bytesOf, wordsOf } from './record-words.ts';

export const ID_BYTES = 16;
export const KEY_BYTES = 8;
const CARD_TYPE = 0x01;
const PHONE_TYPE = 0x02;
const HOLDER_TYPE = 0x03;
const PHONE_ALGORITHMS = { EdDSA: 1, ES256: 2 } as const;

/** SHA-256(0x01 ‖ UID), 16 bytes. The UID in the order in which the reader gives it: 4, 7 or 10 bytes. */
export const cardId = (uid: Uint8Array): Uint8Array =>
  sha256(concatBytes([Uint8Array.of(CARD_TYPE), uid])).slice(0, ID_BYTES);

/** SHA-256(0x02 ‖ algorithm ‖ public key), 16 bytes; the key as 32 bytes (Ed25519, or X of P-256). */
export const phoneId = (alg: SigningAlgorithm, publicKey: Uint8Array): Uint8Array =>
  sha256(concatBytes([Uint8Array.of(PHONE_TYPE, PHONE_ALGORITHMS[alg]), publicKey])).slice(0, ID_BYTES);

/** SHA-256(0x03 ‖ person's number), 16 bytes: for events about a code of another app, whose holder carries nothing of ours. */
export const holderId = (number: string): Uint8Array =>
  sha256(concatBytes([Uint8Array.of(HOLDER_TYPE), new TextEncoder().encode(number)])).slice(0, ID_BYTES);

export interface Prf {
  /** First 8 bytes of AES-128(id). Throws on an id that is not 16 bytes. */
  key(id: Uint8Array): Uint8Array;
  /** The keys of 16-byte ids lying one after the other, flat as well. */
  keys(ids: Uint8Array): Uint8Array;
}

/** `key` has 16 bytes. ECB is right here: a PRF of single blocks, no message; so one cipher serves for all time. */
export function createPrf(key: Uint8Array): Prf {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return {
    key(id) {
      if (id.length !== ID_BYTES) throw new RangeError('an id has 16 bytes');
      return new Uint8Array(cipher.update(id).subarray(0, KEY_BYTES));
    },
    keys(ids) {
      if (ids.length % ID_BYTES !== 0) throw new RangeError('ids have 16 bytes each');
      const blocks = wordsOf(cipher.update(ids));
      const keys = new Uint32Array(blocks.length / 2);
      for (let from = 0, to = 0; from < blocks.length; from += 4, to += 2) {
        keys[to] = blocks[from] ?? 0;
        keys[to + 1] = blocks[from + 1] ?? 0;
      }
      return bytesOf(keys);
    },
  };
}

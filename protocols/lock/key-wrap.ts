// SPDX-License-Identifier: Apache-2.0
// A scope's PRF key on its way to one lock, sealed to the lock's own static key: the corridor that carries it cannot read card
// numbers out of lists. 64 bytes: ephemeral public key, then the key sealed about its number.
import { hkdfSync } from 'node:crypto';
import { concatBytes } from '../bytes/equal.ts';
import { err, ok, type Result } from '../result.ts';
import { openBox, sealBox, TAG_BYTES } from './cipher.ts';
import { agree, DH_BYTES, type KeyPair } from './noise.ts';

const KEY_BYTES = 16;
export const WRAPPED_KEY_BYTES = DH_BYTES + KEY_BYTES + TAG_BYTES;
const INFO = 'campus-lock-key-v1';

function wrappingKey(shared: Uint8Array, ephemeral: Uint8Array, lock: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', shared, concatBytes([ephemeral, lock]), INFO, 32));
}

const aboutKey = (keyId: number): Uint8Array => {
  const about = new Uint8Array(4);
  new DataView(about.buffer).setUint32(0, keyId, true);
  return about;
};

/** `undefined` where the lock's key is of small order. `ephemeral`: made anew for every call. */
export function wrapKey(key: Uint8Array, keyId: number, lock: Uint8Array, ephemeral: KeyPair): Uint8Array | undefined {
  if (key.length !== KEY_BYTES) throw new RangeError('a PRF key has 16 bytes');
  const shared = agree(ephemeral.secret, lock);
  if (!shared) return undefined;
  return concatBytes([ephemeral.open, sealBox(wrappingKey(shared, ephemeral.open, lock), 0, key, aboutKey(keyId))]);
}

export function unwrapKey(wrapped: Uint8Array, keyId: number, lock: KeyPair): Result<Uint8Array, 'key-not-for-us'> {
  if (wrapped.length !== WRAPPED_KEY_BYTES) return err('key-not-for-us', `use ${WRAPPED_KEY_BYTES} bytes`);
  const ephemeral = wrapped.slice(0, DH_BYTES);
  const shared = agree(lock.secret, ephemeral);
  const key = shared && openBox(wrappingKey(shared, ephemeral, lock.open), 0, wrapped.slice(DH_BYTES), aboutKey(keyId));
  return key ? ok(key) : err('key-not-for-us');
}

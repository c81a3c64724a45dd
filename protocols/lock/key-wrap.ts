// SPDX-License-Identifier: Apache-2.0
// A PRF key on its way to one lock, sealed to the lock's own static key and signed by the gateway's command key: the corridor that
// carries it can neither read card numbers out of lists, nor blind the lock to denies with a key of its own. 128 bytes: ephemeral
// public key, the key sealed about its number, signature.
import { hkdfSync, sign, verify } from 'node:crypto';
import { concatBytes } from '../bytes/equal.ts';
import { fromHex } from '../bytes/hex.ts';
import { err, ok, type Result } from '../result.ts';
import { openBox, sealBox, TAG_BYTES } from './cipher.ts';
import { agree, DH_BYTES, type KeyPair } from './noise.ts';

const KEY_BYTES = 16;
const SEALED_BYTES = DH_BYTES + KEY_BYTES + TAG_BYTES;
const SIGNATURE_BYTES = 64;
export const WRAPPED_KEY_BYTES = SEALED_BYTES + SIGNATURE_BYTES;
const INFO = 'campus-lock-key-v1';
const KINDS = { scope: 1, campus: 2 } as const;

/** Which key it is: of a list, or of the campus's denies. */
export interface LockKeyOrder {
  /** 16 hex digits. */
  readonly campusId: string;
  readonly kind: keyof typeof KINDS;
  readonly keyId: number;
}

type NodeKey = Parameters<typeof sign>[2];
type NodePublicKey = Parameters<typeof verify>[2];

function wrappingKey(shared: Uint8Array, ephemeral: Uint8Array, lock: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', shared, concatBytes([ephemeral, lock]), INFO, 32));
}

const aboutKey = (keyId: number): Uint8Array => {
  const about = new Uint8Array(4);
  new DataView(about.buffer).setUint32(0, keyId, true);
  return about;
};

/** What is signed: a purpose of its own, the campus, the lock's key, which key it is, and what is sealed. */
function signedInput({ campusId, kind, keyId }: LockKeyOrder, lock: Uint8Array, sealed: Uint8Array): Uint8Array {
  const campus = fromHex(campusId);
  if (!campus.ok || campus.value.length !== 8) throw new RangeError('a campus id has 16 hex digits');
  const purpose = new TextEncoder().encode(`${INFO}\0`);
  return concatBytes([purpose, campus.value, lock, Uint8Array.of(KINDS[kind]), aboutKey(keyId), sealed]);
}

/** `undefined` where the lock's key is of small order. `ephemeral`: made anew for every call; `signing`: a private Ed25519 key. */
export function wrapKey(
  key: Uint8Array,
  order: LockKeyOrder,
  lock: Uint8Array,
  ephemeral: KeyPair,
  signing: NodeKey,
): Uint8Array | undefined {
  if (key.length !== KEY_BYTES) throw new RangeError('a PRF key has 16 bytes');
  const shared = agree(ephemeral.secret, lock);
  if (!shared) return undefined;
  const box = sealBox(wrappingKey(shared, ephemeral.open, lock), 0, key, aboutKey(order.keyId));
  const sealed = concatBytes([ephemeral.open, box]);
  return concatBytes([sealed, new Uint8Array(sign(null, signedInput(order, lock, sealed), signing))]);
}

/** `keys`: public Ed25519 keys trusted for commands. */
export function unwrapKey(
  wrapped: Uint8Array,
  order: LockKeyOrder,
  lock: KeyPair,
  keys: readonly NodePublicKey[],
): Result<Uint8Array, 'key-not-for-us' | 'key-forged'> {
  if (wrapped.length !== WRAPPED_KEY_BYTES) return err('key-not-for-us', `use ${WRAPPED_KEY_BYTES} bytes`);
  const sealed = wrapped.slice(0, SEALED_BYTES);
  const signature = wrapped.slice(SEALED_BYTES);
  const input = signedInput(order, lock.open, sealed);
  if (!keys.some((key) => verify(null, input, key, signature))) return err('key-forged');
  const ephemeral = sealed.slice(0, DH_BYTES);
  const shared = agree(lock.secret, ephemeral);
  const about = aboutKey(order.keyId);
  const key = shared && openBox(wrappingKey(shared, ephemeral, lock.open), 0, sealed.slice(DH_BYTES), about);
  return key ? ok(key) : err('key-not-for-us');
}

// SPDX-License-Identifier: Apache-2.0
// A PRF key for one controller, under signature (lists-and-codes, RECORD): encrypting alone says nothing of who made it, and a
// key of somebody else's choosing would let a lost card in. Signed by the list key of its scope, the campus's by the deny key.
import { type Codec, type TableValue, table } from '../bytes/field-table.ts';
import { sha256Hex } from '../bytes/hash.ts';
import { err, ok, type Result } from '../result.ts';
import type { Keyring, SigningKey } from './keys.ts';
import { decodeFrame, type FrameError, hasMagic, MAGICS, signFrame, verifyFrame } from './signed-frame.ts';

/** Stands for the campus in place of a scope. */
export const CAMPUS_SCOPE = 0;

const PRF_KEY_FIELDS = [
  { name: 'magic', type: 'magic', text: 'LKP1' },
  { name: 'campusId', type: 'hex', length: 8 },
  { name: 'epoch', type: 'u32' },
  /** 0 for the key of the campus. */
  { name: 'scopeId', type: 'u32' },
  { name: 'keyId', type: 'u32' },
  /** SHA-256 of the device id. */
  { name: 'device', type: 'hex', length: 32 },
  { name: 'key', type: 'bytes', length: 16 },
] as const;
export type SignedPrfKey = TableValue<typeof PRF_KEY_FIELDS>;
export const PRF_KEY: Codec<SignedPrfKey> = table('prf-key', PRF_KEY_FIELDS);

/** How signed statements of fixed size name a device. */
export const deviceDigest = (device: string): string => sha256Hex(new TextEncoder().encode(device));

/** `key` is the list key, for the campus the deny key. */
export const signPrfKey = (value: SignedPrfKey, key: SigningKey): Promise<Uint8Array> =>
  signFrame(PRF_KEY.encode(value), [key]);

export interface PrfKeyContext {
  readonly keyring: Keyring;
  readonly device: string;
  readonly keyId: number;
  /** What it was said to be for; absent where only the file's name is known. */
  readonly scopeId?: number;
}

export type PrfKeyError =
  | FrameError
  | 'malformed-key'
  | 'wrong-campus'
  | 'wrong-device'
  | 'wrong-key-id'
  | 'replay'
  | 'epoch-not-from-root';

/** Signature by a key of the right role first; then campus, device, id, scope and epoch. */
export async function openPrfKey(
  bytes: Uint8Array,
  context: PrfKeyContext,
): Promise<Result<SignedPrfKey, PrfKeyError>> {
  const { keyring } = context;
  const copy = new Uint8Array(bytes);
  const frame = decodeFrame(copy);
  if (!frame.ok) return frame;
  if (!hasMagic(frame.value.payload, MAGICS.prfKey)) return err('wrong-magic', `expected ${MAGICS.prfKey}`);
  const decoded = PRF_KEY.decode(frame.value.payload);
  if (!decoded.ok || frame.value.payload.length !== PRF_KEY.size) return err('malformed-key');
  const { scopeId } = decoded.value;
  const verified =
    scopeId === CAMPUS_SCOPE
      ? await verifyFrame(copy, MAGICS.prfKey, keyring, 'deny')
      : await verifyFrame(copy, MAGICS.prfKey, keyring, 'list', scopeId);
  return verified.ok ? judge(decoded.value, context) : verified;
}

function judge(value: SignedPrfKey, { keyring, device, keyId, scopeId }: PrfKeyContext) {
  if (value.campusId !== keyring.campusId) return err('wrong-campus');
  if (value.device !== deviceDigest(device)) return err('wrong-device', 'it was signed for another controller');
  if (value.keyId !== keyId) return err('wrong-key-id', `it is key ${value.keyId}`);
  if (scopeId !== undefined && value.scopeId !== scopeId) return err('wrong-scope', `it is for scope ${value.scopeId}`);
  if (value.epoch < keyring.epoch) return err('replay', 'its epoch is over');
  return value.epoch === keyring.epoch ? ok(value) : err('epoch-not-from-root');
}

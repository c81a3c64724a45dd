// SPDX-License-Identifier: Apache-2.0
// What both sides of a handshake must mean before it succeeds: the purpose, and which lock.
import { concatBytes } from '../bytes/equal.ts';
import { fromHex } from '../bytes/hex.ts';

function named(purpose: string, lockId: string): Uint8Array {
  const id = fromHex(lockId);
  if (!id.ok || id.value.length !== 8) throw new RangeError('a lock id has 16 hex digits');
  return concatBytes([new TextEncoder().encode(`${purpose}\0`), id.value]);
}

/** Of Noise_KK between a corridor and its lock. */
export const lockPrologue = (lockId: string): Uint8Array => named('campus-lock-v1', lockId);
/** Of Noise_NNpsk2 at pairing; the key is HKDF-SHA256 of the label's code, without salt, for `PAIRING_INFO`. */
export const pairingPrologue = (lockId: string): Uint8Array => named('campus-lock-pair-v1', lockId);
export const PAIRING_INFO = 'campus-lock-pair-v1';

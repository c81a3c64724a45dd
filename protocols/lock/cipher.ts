// SPDX-License-Identifier: Apache-2.0
// ChaCha20-Poly1305 as Noise uses it (revision 34, 12.3): 32 zero bits and the counter, little-endian, as nonce.
import { createCipheriv, createDecipheriv } from 'node:crypto';

export const TAG_BYTES = 16;
const ALGORITHM = 'chacha20-poly1305';

function nonceOf(counter: number): Uint8Array {
  const nonce = new Uint8Array(12);
  const view = new DataView(nonce.buffer);
  view.setUint32(4, counter >>> 0, true);
  view.setUint32(8, Math.floor(counter / 2 ** 32), true);
  return nonce;
}

/** Ciphertext and 16 bytes of tag. */
export function sealBox(key: Uint8Array, counter: number, plain: Uint8Array, about: Uint8Array): Uint8Array {
  const cipher = createCipheriv(ALGORITHM, key, nonceOf(counter), { authTagLength: TAG_BYTES });
  cipher.setAAD(about, { plaintextLength: plain.length });
  return new Uint8Array(Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
}

/** `undefined` where the tag does not hold. */
export function openBox(
  key: Uint8Array,
  counter: number,
  sealed: Uint8Array,
  about: Uint8Array,
): Uint8Array | undefined {
  const length = sealed.length - TAG_BYTES;
  if (length < 0) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key, nonceOf(counter), { authTagLength: TAG_BYTES });
  decipher.setAAD(about, { plaintextLength: length });
  decipher.setAuthTag(sealed.subarray(length));
  try {
    return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(0, length)), decipher.final()]));
  } catch {
    return undefined;
  }
}

// SPDX-License-Identifier: Apache-2.0
// Bytes as one decimal number and back, in limbs of 24 bits by chunks of 8 digits: every product stays a safe integer, and
// no BigInt is needed, which old WebViews lack.

const LIMB_BYTES = 3;
const LIMB = 0x100_0000;
const CHUNK_DIGITS = 8;
const CHUNK = 100_000_000;
const POWERS = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, CHUNK];

/** The bytes as a big-endian number in exactly `digits` digits, zeros in front. Throws where they do not suffice. */
export function toDecimal(bytes: Uint8Array, digits: number): string {
  const limbs = limbsOf(bytes);
  const chunks: string[] = [];
  for (let left = digits; left > 0; left -= CHUNK_DIGITS) {
    const width = Math.min(CHUNK_DIGITS, left);
    const divisor = POWERS[width] as number;
    let rest = 0;
    for (let at = 0; at < limbs.length; at++) {
      const value = rest * LIMB + (limbs[at] as number);
      const quotient = Math.floor(value / divisor);
      limbs[at] = quotient;
      rest = value - quotient * divisor;
    }
    chunks.push(String(rest).padStart(width, '0'));
  }
  if (limbs.some((limb) => limb !== 0)) throw new RangeError(`${digits} digits do not hold ${bytes.length} bytes`);
  return chunks.reverse().join('');
}

/** The number as `length` bytes; `undefined` where it needs more. `text` holds digits only. */
export function fromDecimal(text: string, length: number): Uint8Array | undefined {
  const limbs = new Float64Array(Math.ceil(length / LIMB_BYTES));
  // The limbs above this one are zero as yet: on average that spares half of the work.
  let top = limbs.length - 1;
  // Only the first chunk may be short, so that every later one multiplies by the same power.
  let end = text.length % CHUNK_DIGITS || CHUNK_DIGITS;
  for (let from = 0; from < text.length; from = end, end += CHUNK_DIGITS) {
    let carry = Number(text.slice(from, end));
    for (let at = limbs.length - 1; at >= 0 && (at >= top || carry !== 0); at--) {
      const value = (limbs[at] as number) * CHUNK + carry;
      carry = Math.floor(value / LIMB);
      limbs[at] = value - carry * LIMB;
      if (at < top) top = at;
    }
    if (carry !== 0) return undefined;
  }
  return bytesOf(limbs, length);
}

function limbsOf(bytes: Uint8Array): number[] {
  const limbs: number[] = [];
  for (let end = bytes.length; end > 0; end -= LIMB_BYTES) {
    limbs.push(((bytes[end - 3] ?? 0) << 16) | ((bytes[end - 2] ?? 0) << 8) | (bytes[end - 1] ?? 0));
  }
  return limbs.reverse();
}

function bytesOf(limbs: Float64Array, length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(limbs.length * LIMB_BYTES);
  limbs.forEach((limb, at) => {
    bytes[at * 3] = limb >> 16;
    bytes[at * 3 + 1] = (limb >> 8) & 0xff;
    bytes[at * 3 + 2] = limb & 0xff;
  });
  const spare = bytes.length - length;
  return bytes.subarray(0, spare).every((byte) => byte === 0) ? bytes.slice(spare) : undefined;
}

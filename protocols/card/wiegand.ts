// SPDX-License-Identifier: Apache-2.0
// Wiegand 26 (H10301) and 34: data bits between an even parity bit over the first half and an odd one over the second.
// The bit stream is written as text of 0 and 1 in the order it leaves the reader.
import { err, ok, type Result } from '../result.ts';

export const WIEGAND_BYTES = { 26: 3, 34: 4 } as const;
export type WiegandBits = keyof typeof WIEGAND_BYTES;

export interface WiegandFrame {
  readonly bits: WiegandBits;
  /** The 3 or 4 data bytes, first bit of the stream first. */
  readonly data: Uint8Array;
  /** The upper 8 (26) or 16 (34) data bits. */
  readonly facility: number;
  /** The lower 16 data bits. */
  readonly number: number;
}

export type WiegandRefusal = 'wrong-length' | 'malformed' | 'bad-parity';

const countOnes = (bits: string) => bits.replaceAll('0', '').length;

function parityBits(data: string): { readonly even: string; readonly odd: string } {
  const half = data.length / 2;
  return {
    even: countOnes(data.slice(0, half)) % 2 === 0 ? '0' : '1',
    odd: countOnes(data.slice(half)) % 2 === 0 ? '1' : '0',
  };
}

/** 3 bytes make a 26-bit frame, 4 bytes a 34-bit one. */
export function encodeWiegand(data: Uint8Array): Result<string, 'wrong-length'> {
  if (data.length !== 3 && data.length !== 4) return err('wrong-length', 'Wiegand 26 carries 3 bytes, Wiegand 34 four');
  const bits = Array.from(data, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const { even, odd } = parityBits(bits);
  return ok(even + bits + odd);
}

export function decodeWiegand(stream: string): Result<WiegandFrame, WiegandRefusal> {
  const bits = stream.length;
  if (bits !== 26 && bits !== 34) return err('wrong-length', `26 or 34 bits are known, not ${bits}`);
  if (!/^[01]+$/.test(stream)) return err('malformed', 'write the bits as 0 and 1');
  const inner = stream.slice(1, -1);
  const { even, odd } = parityBits(inner);
  if (stream[0] !== even) return err('bad-parity', 'the first bit does not make the first half even');
  if (stream.at(-1) !== odd) return err('bad-parity', 'the last bit does not make the second half odd');
  const data = Uint8Array.from({ length: WIEGAND_BYTES[bits] }, (_, index) =>
    Number.parseInt(inner.slice(index * 8, index * 8 + 8), 2),
  );
  return ok({ bits, data, ...wiegandFields(data) });
}

/** Facility and number as the classic formats cut them: the lower 16 bits are the number. */
export function wiegandFields(data: Uint8Array): { readonly facility: number; readonly number: number } {
  const value = data.reduce((sum, byte) => sum * 256 + byte, 0);
  return { facility: Math.floor(value / 0x1_0000), number: value % 0x1_0000 };
}

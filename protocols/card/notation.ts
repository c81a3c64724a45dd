// SPDX-License-Identifier: Apache-2.0
// How bytes are written down: hex, one decimal number, two decimal fields, a Wiegand bit stream. Which bytes of a UID these
// are, and in which order, is the form's business (spelling-forms).
import { toHex } from '../bytes/hex.ts';
import { err, ok, type Result } from '../result.ts';
import { decodeWiegand, encodeWiegand } from './wiegand.ts';

export type Notation =
  | { readonly kind: 'hex' }
  /** Hex of four bytes and their exclusive-or, the check byte of the anticollision frame. */
  | { readonly kind: 'hex-bcc' }
  /** `digits`: width with leading zeros; 'natural': what the byte count needs; 'unpadded': zeros dropped. */
  | { readonly kind: 'decimal'; readonly digits: number | 'natural' | 'unpadded' }
  /** The lower two bytes as five digits, what is above as `high` digits, joined by `separator`. */
  | { readonly kind: 'fields'; readonly high: 3 | 5; readonly separator: ',' | '' }
  | { readonly kind: 'wiegand' };

export type NotationRefusal = 'malformed' | 'lost-zeros' | 'out-of-range' | 'bad-check';

/** Decimal digits that n bytes need at most. */
export const naturalDigits = (bytes: number): number => (2n ** BigInt(bytes * 8) - 1n).toString().length;

const toNumber = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
const checkByte = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum ^ byte, 0);

function toBytes(value: bigint, length: number): Result<Uint8Array, 'out-of-range'> {
  if (value >= 2n ** BigInt(length * 8)) return err('out-of-range', `the number does not fit ${length} bytes`);
  return ok(Uint8Array.from({ length }, (_, index) => Number((value >> BigInt((length - 1 - index) * 8)) & 0xffn)));
}

export function write(bytes: Uint8Array, notation: Notation): string {
  switch (notation.kind) {
    case 'hex':
      return toHex(bytes).toUpperCase();
    case 'hex-bcc':
      return toHex(Uint8Array.of(...bytes, checkByte(bytes))).toUpperCase();
    case 'decimal':
      return toNumber(bytes).toString().padStart(decimalWidth(notation.digits, bytes.length), '0');
    case 'fields': {
      const value = toNumber(bytes);
      const high = (value >> 16n).toString().padStart(notation.high, '0');
      return high + notation.separator + (value & 0xffffn).toString().padStart(5, '0');
    }
    case 'wiegand': {
      const stream = encodeWiegand(bytes);
      return stream.ok ? stream.value : '';
    }
  }
}

const decimalWidth = (digits: number | 'natural' | 'unpadded', length: number) =>
  digits === 'unpadded' ? 1 : digits === 'natural' ? naturalDigits(length) : digits;

/** Reads exactly `length` bytes. Full-width digits and outer spaces are forgiven; anything else out of form is refused. */
export function read(text: string, notation: Notation, length: number): Result<Uint8Array, NotationRefusal> {
  const plain = text.normalize('NFKC').trim();
  switch (notation.kind) {
    case 'hex':
      return readHex(plain, length);
    case 'hex-bcc':
      return readHexWithCheck(plain, length);
    case 'decimal':
      return readDecimal(plain, notation.digits, length);
    case 'fields':
      return readFields(plain, notation, length);
    case 'wiegand':
      return readWiegand(plain, length);
  }
}

function readHex(text: string, length: number): Result<Uint8Array, NotationRefusal> {
  // Separators only between whole bytes, and the same one throughout.
  const digits = /^[0-9a-f]{2}(?:([:\- ])[0-9a-f]{2}(?:\1[0-9a-f]{2})*)?$/i.test(text)
    ? text.replace(/[:\- ]/g, '')
    : text;
  if (!/^[0-9a-f]+$/i.test(digits)) return err('malformed', 'use hex digits, 0 to 9 and A to F');
  if (digits.length !== length * 2)
    return err(shorter(digits.length, length * 2), widthDetail(length * 2, digits.length));
  return ok(Uint8Array.from({ length }, (_, index) => Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16)));
}

function readHexWithCheck(text: string, length: number): Result<Uint8Array, NotationRefusal> {
  const bytes = readHex(text, length + 1);
  if (!bytes.ok) return bytes;
  if (checkByte(bytes.value) !== 0) return err('bad-check', 'the last two digits are not the check byte of the others');
  return ok(bytes.value.slice(0, length));
}

function readDecimal(
  text: string,
  digits: number | 'natural' | 'unpadded',
  length: number,
): Result<Uint8Array, NotationRefusal> {
  if (!/^\d+$/.test(text)) return err('malformed', 'use digits only');
  if (digits === 'unpadded') {
    if (text.length > 1 && text.startsWith('0')) return err('malformed', 'this form drops leading zeros');
    return toBytes(BigInt(text.slice(0, 40)), length);
  }
  const width = decimalWidth(digits, length);
  if (text.length !== width) return err(shorter(text.length, width), widthDetail(width, text.length));
  return toBytes(BigInt(text), length);
}

function readFields(
  text: string,
  notation: { readonly high: 3 | 5; readonly separator: ',' | '' },
  length: number,
): Result<Uint8Array, NotationRefusal> {
  const pattern = notation.separator === '' ? /^(\d+) ?(\d{5})$/ : /^(\d+) ?[,.:/-] ?(\d+)$/;
  const [, high, low] = pattern.exec(text) ?? [];
  if (high === undefined || low === undefined) {
    const example = `${'1'.repeat(notation.high)}${notation.separator}12345`;
    return err('malformed', `use ${notation.high} and 5 digits, such as ${example}`);
  }
  if (high.length < notation.high || low.length < 5) {
    return err('lost-zeros', `the fields have ${notation.high} and 5 digits, leading zeros included`);
  }
  if (high.length > notation.high || low.length > 5 || Number(low) > 0xffff) {
    return err('out-of-range', 'the second field is at most 65535, and no field is longer than its form');
  }
  return toBytes((BigInt(high) << 16n) | BigInt(low), length);
}

function readWiegand(text: string, length: number): Result<Uint8Array, NotationRefusal> {
  const frame = decodeWiegand(text);
  if (!frame.ok) {
    const detail = frame.detail ?? 'not a Wiegand frame';
    return frame.code === 'bad-parity' ? err('bad-check', detail) : err('malformed', detail);
  }
  if (frame.value.data.length !== length) return err('malformed', `this form has ${length * 8 + 2} bits`);
  return ok(frame.value.data);
}

const shorter = (have: number, want: number) => (have < want ? 'lost-zeros' : 'malformed');
const widthDetail = (want: number, have: number) =>
  `this form has ${want} digits, leading zeros included; this number has ${have}`;

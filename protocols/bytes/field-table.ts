// SPDX-License-Identifier: Apache-2.0
// One generic codec for every fixed-size layout (DESIGN 9.4): a const table of fields is the layout, the type derives from it.
// Numbers are little-endian; a u64 is a JavaScript number and refused above 2^53 - 1.
import { err, ok, type Result } from '../result.ts';
import { fromHex, toHex } from './hex.ts';

export type Field =
  | { readonly name: string; readonly type: 'u8' | 'u16' | 'u32' | 'u64'; readonly min?: number; readonly max?: number }
  /** ASCII text that must be there; not part of the value. */
  | { readonly name: string; readonly type: 'magic'; readonly text: string }
  | { readonly name: string; readonly type: 'bytes'; readonly length: number }
  /** Bytes that the value shows as lower-case hex. */
  | { readonly name: string; readonly type: 'hex'; readonly length: number }
  /** Reserved bytes, zero on the wire; not part of the value. */
  | { readonly name: string; readonly type: 'zero'; readonly length: number };

type FieldValue<F extends Field> = F['type'] extends 'bytes' ? Uint8Array : F['type'] extends 'hex' ? string : number;

export type TableValue<F extends readonly Field[]> = {
  readonly [X in F[number] as X['type'] extends 'magic' | 'zero' ? never : X['name']]: FieldValue<X>;
};

export type DecodeCode = 'truncated' | 'bad-magic' | 'out-of-range';

export interface PlacedField {
  readonly field: Field;
  readonly offset: number;
  readonly width: number;
}

export interface Codec<T> {
  readonly name: string;
  readonly size: number;
  readonly fields: readonly PlacedField[];
  /** Throws RangeError on a value that has no encoding: that is a bug of the caller. */
  encode(value: T): Uint8Array;
  /** Never throws, never reads past the end. Byte fields of the value are copies. */
  decode(bytes: Uint8Array, offset?: number): Result<T, DecodeCode>;
}

const WIDTHS = { u8: 1, u16: 2, u32: 4, u64: 8 } as const;
const LIMITS = { u8: 0xff, u16: 0xffff, u32: 0xffff_ffff, u64: Number.MAX_SAFE_INTEGER } as const;

export function table<const F extends readonly Field[]>(name: string, fields: F): Codec<TableValue<F>> {
  const placed = place(fields);
  const last = placed.at(-1);
  const size = last === undefined ? 0 : last.offset + last.width;
  return {
    name,
    size,
    fields: placed,
    encode: (value) => encode(name, placed, size, value),
    decode: (bytes, offset = 0) => decode(name, placed, size, bytes, offset) as Result<TableValue<F>, DecodeCode>,
  };
}

function place(fields: readonly Field[]): PlacedField[] {
  let offset = 0;
  return fields.map((field) => {
    const width = widthOf(field);
    const at = { field, offset, width };
    offset += width;
    return at;
  });
}

function widthOf(field: Field): number {
  switch (field.type) {
    case 'magic':
      return field.text.length;
    case 'bytes':
    case 'hex':
    case 'zero':
      return field.length;
    default:
      return WIDTHS[field.type];
  }
}

function encode(
  name: string,
  placed: readonly PlacedField[],
  size: number,
  value: Record<string, unknown>,
): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (const place of placed) {
    if (!writeField(view, bytes, place, value[place.field.name])) {
      throw new RangeError(`${name}.${place.field.name} has no encoding`);
    }
  }
  return bytes;
}

function writeField(view: DataView, bytes: Uint8Array, { field, offset, width }: PlacedField, value: unknown): boolean {
  switch (field.type) {
    case 'magic':
      for (let at = 0; at < width; at++) bytes[offset + at] = field.text.charCodeAt(at);
      return true;
    case 'zero':
      return true;
    case 'bytes':
      if (!(value instanceof Uint8Array) || value.length !== width) return false;
      bytes.set(value, offset);
      return true;
    case 'hex': {
      const raw = typeof value === 'string' ? fromHex(value) : undefined;
      if (raw === undefined || !raw.ok || raw.value.length !== width) return false;
      bytes.set(raw.value, offset);
      return true;
    }
    default:
      if (typeof value !== 'number' || !inRange(field, value)) return false;
      writeNumber(view, field.type, offset, value);
      return true;
  }
}

type NumberField = Extract<Field, { type: 'u8' | 'u16' | 'u32' | 'u64' }>;

function inRange(field: NumberField, value: number): boolean {
  return Number.isSafeInteger(value) && value >= (field.min ?? 0) && value <= (field.max ?? LIMITS[field.type]);
}

function writeNumber(view: DataView, type: NumberField['type'], offset: number, value: number): void {
  if (type === 'u8') view.setUint8(offset, value);
  else if (type === 'u16') view.setUint16(offset, value, true);
  else if (type === 'u32') view.setUint32(offset, value, true);
  else view.setBigUint64(offset, BigInt(value), true);
}

function readNumber(view: DataView, type: NumberField['type'], offset: number): number {
  if (type === 'u8') return view.getUint8(offset);
  if (type === 'u16') return view.getUint16(offset, true);
  if (type === 'u32') return view.getUint32(offset, true);
  // Above 2^53 the sum is no safe integer any more, and inRange refuses it.
  return view.getUint32(offset + 4, true) * 0x1_0000_0000 + view.getUint32(offset, true);
}

function decode(
  name: string,
  placed: readonly PlacedField[],
  size: number,
  bytes: Uint8Array,
  offset: number,
): Result<Record<string, unknown>, DecodeCode> {
  if (!Number.isSafeInteger(offset) || offset < 0 || bytes.length - offset < size) {
    return err('truncated', `${name} takes ${size} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, size);
  const value: Record<string, unknown> = {};
  for (const { field, offset: at, width } of placed) {
    switch (field.type) {
      case 'magic':
        for (let index = 0; index < width; index++) {
          if (view.getUint8(at + index) !== field.text.charCodeAt(index)) {
            return err('bad-magic', `${name} starts with ${field.text}`);
          }
        }
        break;
      case 'zero':
        for (let index = 0; index < width; index++) {
          if (view.getUint8(at + index) !== 0) return err('out-of-range', `${name}.${field.name} must be zero`);
        }
        break;
      case 'bytes':
        value[field.name] = Uint8Array.prototype.slice.call(bytes, offset + at, offset + at + width);
        break;
      case 'hex':
        value[field.name] = toHex(bytes.subarray(offset + at, offset + at + width));
        break;
      default: {
        const number = readNumber(view, field.type, at);
        if (!inRange(field, number)) return err('out-of-range', `${name}.${field.name} is out of range`);
        value[field.name] = number;
      }
    }
  }
  return ok(value);
}

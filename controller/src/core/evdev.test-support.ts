// SPDX-License-Identifier: Apache-2.0
// The other side of evdev: what a keyboard scanner's events are for a text. Written from the key caps, not from the parser.
import { INPUT_EVENT_64 } from './evdev.ts';

const ROWS: readonly (readonly [first: number, plain: string, shifted: string])[] = [
  [2, '1234567890-=', '!@#$%^&*()_+'],
  [15, '\tqwertyuiop[]\r', ' QWERTYUIOP{}'],
  [30, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [43, '\\zxcvbnm,./', '|ZXCVBNM<>?'],
  [57, ' ', ''],
];
const LEFT_SHIFT = 42;
const EV_MSC = 4;
const EV_KEY = 1;

const event = (type: number, code: number, value: number): Uint8Array =>
  INPUT_EVENT_64.encode({ time: new Uint8Array(16), type, code, value });

/** As a keyboard does: the scan code, the key, the end of the report. */
export const keysFor = (code: number, value: number): Uint8Array =>
  Buffer.concat([event(EV_MSC, 4, 0x70000 + code), event(EV_KEY, code, value), event(0, 0, 0)]);
export const press = (code: number): Uint8Array => keysFor(code, 1);
export const release = (code: number): Uint8Array => keysFor(code, 0);

const stroke = (code: number): Uint8Array => Buffer.concat([press(code), release(code)]);

/** Printable ASCII, tab and carriage return. */
export function typing(text: string): Uint8Array {
  return Buffer.concat(
    Array.from(text, (character) => {
      for (const [first, plain, shifted] of ROWS) {
        if (plain.includes(character)) return stroke(first + plain.indexOf(character));
        if (shifted.trim().includes(character) && character !== ' ') {
          return Buffer.concat([press(LEFT_SHIFT), stroke(first + shifted.indexOf(character)), release(LEFT_SHIFT)]);
        }
      }
      throw new RangeError('no such key');
    }),
  );
}

// SPDX-License-Identifier: Apache-2.0
// Linux input events → what a keyboard scanner typed, on a US layout (linux/input.h, linux/input-event-codes.h). Pure.
import { table } from '@latchkey/protocols/bytes/field-table';

const REST = [
  { name: 'type', type: 'u16' },
  { name: 'code', type: 'u16' },
  /** Signed in C; only 0, 1 and 2 matter for keys. */
  { name: 'value', type: 'u32' },
] as const;

/** struct input_event of 64-bit programs: seconds and microseconds of 8 bytes each. */
export const INPUT_EVENT_64 = table('input-event-64', [{ name: 'time', type: 'bytes', length: 16 }, ...REST]);
/** Of 32-bit programs, also on a 64-bit kernel. */
export const INPUT_EVENT_32 = table('input-event-32', [{ name: 'time', type: 'bytes', length: 8 }, ...REST]);

export type InputEventTable = typeof INPUT_EVENT_64;

const EV_SYN = 0;
const EV_KEY = 1;
const SYN_DROPPED = 3;
const RELEASED = 0;
const PRESSED = 1;

/** Key code → character without and with shift. */
const KEYS: ReadonlyMap<number, string> = new Map([
  ...run(2, '1234567890-=', '!@#$%^&*()_+'),
  ...run(16, 'qwertyuiop[]', 'QWERTYUIOP{}'),
  ...run(30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
  ...run(43, '\\zxcvbnm,./', '|ZXCVBNM<>?'),
  ...run(57, ' ', ' '),
  // The keypad, as with Num Lock: 55 is its asterisk, 98 its slash.
  ...run(55, '*', '*'),
  ...run(71, '789-456+1230.', '789-456+1230.'),
  ...run(98, '/', '/'),
  ...run(15, '\t', '\t'),
  ...run(28, '\r', '\r'),
  ...run(96, '\r', '\r'),
]);
const SHIFTS: readonly number[] = [42, 54];
/** Control, Alt and Meta, left and right: with one of them held, a key types nothing. */
const SILENCERS: readonly number[] = [29, 97, 56, 100, 125, 126];

export interface EvdevState {
  /** Bytes of an event that is not complete. */
  readonly rest: Uint8Array;
  /** Modifiers that are down. */
  readonly down: readonly number[];
}

export const INITIAL_EVDEV: EvdevState = { rest: new Uint8Array(0), down: [] };

/** Stands where keys were lost: no character of any text, so a code with a hole in it is never taken for a whole one. */
export const LOST_KEYS = '\uFFFD';

/** `typed`: Enter as carriage return, Tab as tab. Keys without a character type nothing. */
export function stepEvdev(
  layout: InputEventTable,
  state: EvdevState,
  bytes: Uint8Array,
): { readonly state: EvdevState; readonly typed: string } {
  const all = new Uint8Array(state.rest.length + bytes.length);
  all.set(state.rest);
  all.set(bytes, state.rest.length);
  let down = state.down;
  let typed = '';
  let offset = 0;
  for (; ; offset += layout.size) {
    const event = layout.decode(all, offset);
    if (!event.ok) break;
    const { type, code, value } = event.value;
    if (type === EV_SYN && code === SYN_DROPPED) {
      down = [];
      typed += LOST_KEYS;
    }
    if (type !== EV_KEY) continue;
    if (SHIFTS.includes(code) || SILENCERS.includes(code)) down = hold(down, code, value !== RELEASED);
    else if (value === PRESSED) typed += characterOf(code, down);
  }
  return { state: { rest: all.slice(offset), down }, typed };
}

function hold(down: readonly number[], code: number, isDown: boolean): readonly number[] {
  const others = down.filter((one) => one !== code);
  return isDown ? [...others, code] : others;
}

function characterOf(code: number, down: readonly number[]): string {
  if (down.some((one) => SILENCERS.includes(one))) return '';
  return KEYS.get(code)?.[down.length > 0 ? 1 : 0] ?? '';
}

function run(first: number, plain: string, shifted: string): [number, string][] {
  return Array.from(plain, (character, index) => [first + index, `${character}${shifted[index]}`]);
}

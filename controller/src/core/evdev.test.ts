// SPDX-License-Identifier: Apache-2.0
// What a keyboard scanner typed is what was on the code, however its events are cut up.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keysFor, press, release, typing } from './evdev.test-support.ts';
import { type EvdevState, INITIAL_EVDEV, INPUT_EVENT_32, INPUT_EVENT_64, LOST_KEYS, stepEvdev } from './evdev.ts';

function typed(...chunks: Uint8Array[]): string {
  let state: EvdevState = INITIAL_EVDEV;
  let all = '';
  for (const chunk of chunks) {
    const stepped = stepEvdev(INPUT_EVENT_64, state, chunk);
    state = stepped.state;
    expect(state.rest.length).toBeLessThan(INPUT_EVENT_64.size);
    all += stepped.typed;
  }
  return all;
}

const LEFT_SHIFT = 42;
const RIGHT_SHIFT = 54;
const LEFT_CONTROL = 29;
const KEY_A = 30;
const KEY_1 = 2;

describe('input events', () => {
  it('are laid out as Linux does', () => {
    expect([INPUT_EVENT_64.size, INPUT_EVENT_32.size]).toEqual([24, 16]);
    // KEY_A pressed at 1 s 2 µs, as /dev/input gives it on x86-64.
    const bytes = Buffer.from('0100000000000000020000000000000001001e0001000000', 'hex');
    expect(INPUT_EVENT_64.decode(bytes)).toMatchObject({ ok: true, value: { type: 1, code: KEY_A, value: 1 } });
    expect(stepEvdev(INPUT_EVENT_32, INITIAL_EVDEV, bytes.subarray(8)).typed).toBe('a');
  });

  it('give every printable character, Enter and Tab', () => {
    const printable = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index)).join('');
    expect(typed(typing(`${printable}\t\r`))).toBe(`${printable}\t\r`);
  });

  it('give the digits and signs of the keypad, and its Enter', () => {
    const keypad = [82, 79, 80, 81, 75, 76, 77, 71, 72, 73, 83, 55, 98, 74, 78, 96];
    expect(typed(...keypad.map(press))).toBe('0123456789.*/-+\r');
  });

  it('count either shift as long as it is held', () => {
    expect(typed(press(LEFT_SHIFT), press(RIGHT_SHIFT), release(LEFT_SHIFT), press(KEY_A))).toBe('A');
    expect(typed(press(LEFT_SHIFT), release(LEFT_SHIFT), press(KEY_1))).toBe('1');
  });

  it('type nothing while Control is held, nor for a key that has no character, nor for repeats', () => {
    const KEY_F1 = 59;
    const repeat = keysFor(KEY_A, 2);
    expect(typed(press(LEFT_CONTROL), press(KEY_A), release(LEFT_CONTROL), press(KEY_F1), repeat)).toBe('');
  });

  it('that the kernel dropped leave a mark and no shift behind', () => {
    const dropped = INPUT_EVENT_64.encode({ time: new Uint8Array(16), type: 0, code: 3, value: 0 });
    expect(typed(press(LEFT_SHIFT), press(KEY_A), dropped, press(KEY_A))).toBe(`A${LOST_KEYS}a`);
  });

  it('mean the same however they are cut', () => {
    const text = fc.stringMatching(/^[ -~\t\r]{0,40}$/);
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 6 }), (text, at) => {
        const all = typing(text);
        const places = [0, ...at.map((place) => place % (all.length + 1)).sort((a, b) => a - b), all.length];
        expect(typed(...places.slice(1).map((end, index) => all.slice(places[index], end)))).toBe(text);
      }),
    );
  });

  it('of any bytes are read without a fault', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 4 }), (chunks) => {
        expect(typed(...chunks)).toMatch(/^[ -~\t\r\uFFFD]*$/);
      }),
    );
  });
});

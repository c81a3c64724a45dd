// SPDX-License-Identifier: Apache-2.0
// What a scanner meant, whatever stands between it and the page.
import { describe, expect, it } from 'vitest';
import { plainKey, scanned, scannedKeys } from './scan-text.ts';

describe('scanned text', () => {
  it('is plain where an input method made full-width signs of it', () => {
    expect(scanned(' ＴＰ３１２／ａ－７ ')).toBe('TP312/a-7');
  });

  it('is what the keys say while an input method holds them back', () => {
    const key = (code: string, shiftKey = false, capsLock = false) => plainKey({ code, shiftKey, capsLock });
    expect(['KeyT', 'KeyP', 'Digit3', 'Numpad1', 'Slash', 'Minus'].map((code) => key(code)).join('')).toBe('tp31/-');
    expect(key('KeyT', true)).toBe('T');
    expect(key('KeyT', false, true)).toBe('T');
    expect(key('KeyT', true, true)).toBe('t');
    expect(key('Minus', true)).toBe('_');
    expect(key('Digit4', true)).toBe('$');
    expect(key('ShiftLeft')).toBeUndefined();
    expect(key('F2')).toBeUndefined();
  });
});

describe('a scan into a field that people type in', () => {
  const every = (ms: number, count: number, from = 0) => Array.from({ length: count }, (_, at) => from + at * ms);

  it('is known by its speed', () => expect(scannedKeys(every(8, 9))).toBe(8));
  it('is told from what was typed before it', () => expect(scannedKeys([0, 180, 420, ...every(10, 7, 900)])).toBe(6));
  it('is never what a person types', () => {
    expect(scannedKeys(every(90, 12))).toBe(0);
    expect(scannedKeys([0, 200, 420, 600, 620])).toBe(0);
    expect(scannedKeys([])).toBe(0);
  });
});

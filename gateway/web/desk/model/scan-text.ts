// SPDX-License-Identifier: Apache-2.0
// What a keyboard-wedge scanner meant. It types as a person does, only faster, and knows nothing of the input method that the
// librarian has switched on or of the field that has the focus.

/** Full-width digits and letters, which a Chinese input method makes of plain ones, become plain; spaces around go. */
export const scanned = (text: string): string => text.normalize('NFKC').trim();

const SHIFTED: Readonly<Record<string, string>> = {
  '1': '!',
  '2': '@',
  '3': '#',
  '4': '$',
  '5': '%',
  '6': '^',
  '7': '&',
  '8': '*',
  '9': '(',
  '0': ')',
  '-': '_',
  '=': '+',
  '/': '?',
  '.': '>',
  ',': '<',
  ';': ':',
};
const SIGNS: Readonly<Record<string, string>> = {
  Minus: '-',
  Equal: '=',
  Slash: '/',
  Period: '.',
  Comma: ',',
  Semicolon: ';',
  Space: ' ',
};

interface Key {
  /** Place on the keyboard (KeyboardEvent.code). */
  readonly code: string;
  readonly shiftKey: boolean;
  readonly capsLock: boolean;
}

/** What the key types where no input method stands between, on the layout that scanners are delivered with. */
export function plainKey({ code, shiftKey, capsLock }: Key): string | undefined {
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter !== undefined) return shiftKey !== capsLock ? letter : letter.toLowerCase();
  const plain = /^(?:Digit|Numpad)([0-9])$/.exec(code)?.[1] ?? SIGNS[code];
  if (plain === undefined) return undefined;
  return shiftKey ? (SHIFTED[plain] ?? plain) : plain;
}

const FASTEST_TYPIST_MS = 35;
const SHORTEST_SCAN = 4;

/**
 * How many of the last keys came as fast as a scanner types: that text was not meant for the field that a person types in.
 * `timesMs` are those of the printable keys so far, ending with Enter's.
 */
export function scannedKeys(timesMs: readonly number[]): number {
  let keys = 0;
  for (let at = timesMs.length - 1; at > 0; at -= 1) {
    if ((timesMs[at] ?? 0) - (timesMs[at - 1] ?? 0) > FASTEST_TYPIST_MS) break;
    keys += 1;
  }
  return keys >= SHORTEST_SCAN ? keys : 0;
}

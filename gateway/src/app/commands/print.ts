// SPDX-License-Identifier: Apache-2.0
// Plain tables for terminals. Chinese characters take two columns.

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;
/** Terminals act on control characters: what others named must not reach them. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

export const printable = (text: string) => text.replace(CONTROL, '?');

export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const clean = [head, ...rows].map((row) => row.map(printable));
  const widths = head.map((_, column) => Math.max(...clean.map((row) => widthOf(row[column] ?? ''))));
  for (const row of clean) {
    const cells = row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)));
    process.stdout.write(`${cells.join('  ').trimEnd()}\n`);
  }
}

function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += WIDE.test(character) ? 2 : 1;
  return width;
}

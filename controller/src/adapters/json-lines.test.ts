// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineReader, MAX_LINE_BYTES } from './json-lines.ts';

describe('lines from a socket', () => {
  it('are the same however the bytes are cut', () => {
    const line = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\n') && text.trim() !== '');
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(9), { minLength: 1 }), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const heard: string[] = [];
        const read = lineReader(
          (text) => heard.push(text),
          () => heard.push('too long'),
        );
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const next = at + 1 + (cuts[turn % cuts.length] ?? 0);
          read(bytes.subarray(at, next));
          at = next;
        }
        expect(heard).toEqual(lines.map((text) => Buffer.from(text).toString()));
      }),
    );
  });

  it.each([
    ['without an end', 'x'.repeat(MAX_LINE_BYTES + 1)],
    ['with one', `${'x'.repeat(MAX_LINE_BYTES + 1)}\n{}\n`],
  ])('are refused once when one is too long: %s', (_, text) => {
    const heard: string[] = [];
    let refused = 0;
    const read = lineReader(
      (line) => heard.push(line),
      () => {
        refused += 1;
      },
    );
    read(Buffer.from(text));
    read(Buffer.from('{}\n'));
    expect([heard, refused]).toEqual([[], 1]);
  });
});

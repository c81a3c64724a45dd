// SPDX-License-Identifier: Apache-2.0
// Files in steps: the same as at once, and no step that others would have to wait for.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTable } from './csv-table.ts';
import { peopleCsvInSteps } from './people.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const timeZone = 'Asia/Shanghai';
const peopleFile = (lines: number) =>
  utf8(`学号,姓名\n${Array.from({ length: lines }, (_, index) => `S${index},学生${index}`).join('\n')}\n`);

describe('a file in steps', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '学', '"', '\n', ',', ' '), maxLength: 12 });
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

  it('has the cells and lines it was written with, wherever a block ends', () => {
    const rows = fc.array(fc.tuple(cell, cell), { minLength: 40, maxLength: 60 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 0, max: 700 }), (some, shift) => {
        // Long enough for several blocks; the shift moves their ends through the quotes.
        const all = [['x'.repeat(shift), 'head'], ...Array.from({ length: 60 }, () => some).flat()];
        const written = all.map((row) => row.map(quoted).join(','));
        const table = readTable(utf8(`${written.join('\n')}\n`));
        if (!table.ok) throw new Error(table.detail);
        let line = 1;
        const wanted = all.map((cells, at) => {
          const record = { line, cells };
          line += (written[at] ?? '').split('\n').length;
          return record;
        });
        const full = wanted.filter(({ cells }) => cells.some((text) => text.trim() !== ''));
        expect([table.value.header, ...table.value.records]).toEqual(full);
      }),
      { numRuns: 20 },
    );
  });

  it('names the line of a broken quote, however far down', () => {
    const good = Array.from({ length: 9_000 }, (_, index) => `S${index},"a ""b"" 学生"`);
    const stray = readTable(utf8(['number,name', ...good, 'S,a"b', ...good].join('\n')));
    expect(stray).toMatchObject({ ok: false, problems: [{ code: 'broken-quotes', line: 9_002 }] });
    const open = readTable(utf8(['number,name', ...good, 'S,"ab'].join('\n')));
    expect(open).toMatchObject({ ok: false, problems: [{ code: 'broken-quotes', line: 9_002 }] });
  });

  it('is read a little at a time, so that no door waits for a campus of people', () => {
    const steps = peopleCsvInSteps(peopleFile(23_000), { timeZone });
    const took: number[] = [];
    for (let done: boolean | undefined = false; done !== true; ) {
      const startedMs = performance.now();
      ({ done } = steps.next());
      took.push(performance.now() - startedMs);
    }
    const [longest, whole] = [Math.max(...took), took.reduce((sum, ms) => sum + ms, 0)];
    process.stdout.write(`people file of 23,000: ${whole.toFixed(0)} ms, longest step ${longest.toFixed(0)} ms\n`);
    expect(took.length).toBeGreaterThan(50);
    expect(longest / whole).toBeLessThan(0.3);
  });
});

// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCardCsv } from './cards.ts';
import { detectDelimiter, readTable } from './csv-table.ts';
import { decodeText, MAX_FILE_BYTES } from './decode-text.ts';
import { readLevelCsv } from './levels.ts';
import { readPeopleCsv } from './people.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const timeZone = 'Asia/Shanghai';
const people = (...rows: string[]) => readPeopleCsv(utf8(`${rows.join('\r\n')}\r\n`), { timeZone });
const codes = (outcome: ReturnType<typeof people>) =>
  outcome.ok ? [] : outcome.problems.map(({ line, column, code }) => [line, column, code]);
const rows = (outcome: ReturnType<typeof people>) => (outcome.ok ? outcome.value.rows : []);

/** Made with Python 3: '学号,姓名,楼栋,班级…'.encode('gb18030'); 㐂 is one of the characters GBK lacks. */
const GB18030 = hex(
  'd1a7bac52cd0d5c3fb2cc2a5b6b02cb0e0bcb60d0a323032363030303030312cd5c5c8fd2c31bac5c2a52cbbfab5e7323630310d0a323032363030303030322cc0ee8139ef312c32bac5c2a52cbba4c0ed323630320d0a',
);
/** Made with Python 3: '学号;姓名\r\n1;张三\r\n'.encode('gbk'). */
const GBK = hex('d1a7bac53bd0d5c3fb0d0a313bd5c5c8fd0d0a');

describe('text', () => {
  it('GBK and GB18030 are recognised, semicolons too', () => {
    expect(rows(readPeopleCsv(GB18030, { timeZone }))).toEqual([
      { line: 2, number: '2026000001', name: '张三', building: '1号楼', className: '机电2601' },
      { line: 3, number: '2026000002', name: '李㐂', building: '2号楼', className: '护理2602' },
    ]);
    const outcome = readPeopleCsv(GBK, { timeZone });
    expect(outcome).toMatchObject({ ok: true, value: { encoding: 'gb18030', rows: [{ number: '1', name: '张三' }] } });
  });
  it('UTF-8 with and without byte order mark and UTF-16 of Excel are recognised', () => {
    const text = '学号,姓名\n1,张三\n';
    expect(decodeText(utf8(text))).toMatchObject({ value: { encoding: 'utf-8', text } });
    expect(decodeText(utf8(`\ufeff${text}`))).toMatchObject({ value: { encoding: 'utf-8', text } });
    const wide = new Uint8Array(Buffer.from(`\ufeff${text}`, 'utf16le'));
    expect(decodeText(wide)).toMatchObject({ value: { encoding: 'utf-16le', text } });
  });
  it.each([
    ['an Excel workbook', hex('504b0304140006')],
    ['an old Excel workbook', hex('d0cf11e0a1b11ae1')],
    ['bytes of no encoding', hex('ff80ff80')],
    ['NUL bytes', utf8('a\0b')],
  ])('%s is refused and the message says how to save it', (_, bytes) => {
    expect(decodeText(bytes)).toMatchObject({ ok: false, problems: [{ code: 'not-text' }] });
    const refused = decodeText(bytes);
    expect(!refused.ok && refused.detail).toContain('CSV UTF-8');
  });
  it('a file above 32 MiB is refused', () => {
    expect(decodeText(new Uint8Array(MAX_FILE_BYTES + 1))).toMatchObject({ problems: [{ code: 'too-large' }] });
  });
});

describe('table', () => {
  it.each([
    ['a,b,c', ','],
    ['a;b;c', ';'],
    ['a\tb\tc', '\t'],
    ['"a;b;c;d",e', ','],
    ['\n\na;b', ';'],
    ['one', ','],
  ])('the delimiter of %j is %j', (text, delimiter) => {
    expect(detectDelimiter(text)).toBe(delimiter);
  });
  it('blank lines, quoted line breaks and any line end leave the line numbers right', () => {
    const table = readTable(utf8('学号,姓名\r\n\r\n1,"a\r\nb"\r\n2,c'));
    expect(table).toMatchObject({ value: { header: { line: 1 }, records: [{ line: 3 }, { line: 5 }] } });
  });
  it('an unterminated quote is refused at the line where it opens', () => {
    expect(codes(people('学号,姓名', '1,"张三"', '2,"李四', '3,王五'))).toEqual([[3, 0, 'broken-quotes']]);
  });
  it('a quote inside a value is refused at its line', () => {
    expect(codes(people('学号,姓名', '1,张"三'))).toEqual([[2, 0, 'broken-quotes']]);
    expect(codes(people('学号,姓名', '1,"张"三'))).toEqual([[2, 0, 'broken-quotes']]);
  });
  it('lines with too many or too few cells are refused, empty cells at the end are not', () => {
    expect(codes(people('学号,姓名', '1,张三,机电', '2', '3,李四,,'))).toEqual([
      [2, 0, 'cell-count'],
      [3, 0, 'cell-count'],
    ]);
  });
  it('an empty file is refused, a header alone is no people', () => {
    expect(codes(readPeopleCsv(new Uint8Array(0), { timeZone }))).toEqual([[1, 0, 'empty-file']]);
    expect(rows(people('学号,姓名'))).toEqual([]);
  });
});

describe('hostile files', () => {
  it('never throw, whatever the bytes', () => {
    const piece = fc.oneof(
      fc.constantFrom('学号', '姓名', '卡号', ',', ';', '\t', '"', '\r\n', '\n', '1', '张三', '\0'),
      fc.string(),
    );
    const text = fc.array(piece, { maxLength: 60 }).map((parts) => utf8(parts.join('')));
    fc.assert(
      fc.property(fc.oneof(text, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        for (const outcome of [
          readPeopleCsv(bytes, { timeZone }),
          readCardCsv(bytes, { timeZone, form: 'hex' }),
          readLevelCsv(bytes, { timeZone }),
        ]) {
          if (!outcome.ok) expect(outcome.problems.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });
});

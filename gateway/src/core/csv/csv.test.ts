// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { readCardCsv } from './cards.ts';
import { normaliseHeader } from './columns.ts';
import type { CsvProblem } from './csv-problem.ts';
import { readLevelCsv } from './levels.ts';
import { readPeopleCsv } from './people.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const lines = (...rows: string[]) => utf8(`${rows.join('\r\n')}\r\n`);
const timeZone = 'Asia/Shanghai';
const people = (...rows: string[]) => readPeopleCsv(lines(...rows), { timeZone });
const cards = (form: string, ...rows: string[]) => readCardCsv(lines(...rows), { timeZone, form });
const levels = (...rows: string[]) => readLevelCsv(lines(...rows), { timeZone });
type Outcome = ReturnType<typeof people> | ReturnType<typeof cards> | ReturnType<typeof levels>;
const problems = (outcome: Outcome): readonly CsvProblem[] => (outcome.ok ? [] : outcome.problems);
const codes = (outcome: Outcome) => problems(outcome).map(({ line, column, code }) => [line, column, code]);
const rows = <Row>(outcome: { ok: true; value: { rows: readonly Row[] } } | { ok: false; detail: string }) => {
  if (!outcome.ok) throw new Error(outcome.detail);
  return outcome.value.rows;
};

describe('columns', () => {
  it.each([
    ['学号*', '学号'],
    ['卡 号(必填)', '卡号'],
    ['Student_No.', 'studentno'],
    [' STUDENT NO ', 'studentno'],
    ['学号/工号', '学号工号'],
  ])('%j is the name %j', (header, name) => {
    expect(normaliseHeader(header)).toBe(name);
  });
  it('a missing column is named in both languages, with what the file has', () => {
    const [problem] = problems(people('学号,名称', '1,张三'));
    expect(problem).toMatchObject({ line: 1, code: 'column-missing' });
    for (const text of ['姓名', 'name', '名称']) expect(problem?.message).toContain(text);
  });
  it('two columns of one meaning are refused at the second', () => {
    expect(codes(people('学号,姓名,Student Number', '1,张三,2'))).toEqual([[1, 3, 'column-twice']]);
  });
  it('columns nothing reads are listed', () => {
    expect(people('学号,姓名,籍贯', '1,张三,南宁')).toMatchObject({ value: { ignoredColumns: ['籍贯'] } });
  });
  it('English headers do as well', () => {
    const file = [
      'Student number,Full name,Building,Room,Bed,Class,College,Category',
      '1,Li,B1,101,2,ME2601,ME,student',
    ];
    expect(rows(people(...file))).toEqual([
      {
        line: 2,
        number: '1',
        name: 'Li',
        building: 'B1',
        room: '101',
        bed: '2',
        className: 'ME2601',
        college: 'ME',
        kind: 'resident',
      },
    ]);
  });
});

describe('people', () => {
  it('every problem of a file is reported at once, by line and column, and nothing is taken', () => {
    const file = ['学号,姓名,类别,有效期至', '1,张三,学生,2026-09-01', ',李四,宇航员,昨天', '1,,教师,', '2 3,王五,,'];
    const outcome = people(...file);
    expect(outcome.ok).toBe(false);
    expect(codes(outcome)).toEqual([
      [3, 1, 'blank'],
      [3, 3, 'unknown-word'],
      [3, 4, 'malformed'],
      [4, 2, 'blank'],
      [5, 1, 'malformed'],
    ]);
  });
  it('a number that stands twice is refused at the second line, which names the first', () => {
    const outcome = people('学号,姓名', '1,张三', '2,李四', '1,王五');
    expect(codes(outcome)).toEqual([[4, 1, 'duplicate']]);
    expect(problems(outcome)[0]?.message).toContain('line 2');
  });
  it('a missing column leaves as is, a blank cell clears', () => {
    expect(rows(people('学号,姓名,房间', '1,张三,'))).toEqual([{ line: 2, number: '1', name: '张三', room: null }]);
  });
  it('full-width digits of a number are normalised', () => {
    expect(rows(people('学号,姓名', '\uff12\uff10\uff12\uff16,张三'))).toMatchObject([{ number: '2026' }]);
  });
  it('a number in scientific notation is refused: the spreadsheet lost digits', () => {
    const [problem] = problems(people('学号,姓名', '2.026E+09,张三'));
    expect(problem).toMatchObject({ line: 2, column: 1, code: 'spreadsheet-damage', header: '学号' });
    expect(problem?.message).toContain('format the column as text');
  });
  it('="0012" and a leading apostrophe, which protect zeros in a spreadsheet, are undone', () => {
    expect(rows(people('学号,姓名', '"=""0012""",张三', "'0013,李四"))).toMatchObject([
      { number: '0012' },
      { number: '0013' },
    ]);
  });
  it('groups are parted by semicolons, full-width ones and 、', () => {
    expect(rows(people('学号,姓名,组', '1,张三,甲;乙;丙、甲'))).toMatchObject([{ groups: ['甲', '乙', '丙'] }]);
  });
  it('validity: dates mean whole days of the campus, times are kept, 永久 is without end', () => {
    const file = ['学号,姓名,有效期起,有效期止', '1,a,2026-09-01,2027/6/30', '2,b,20260901 08:30,永久'];
    const minute = (iso: string) => Date.parse(iso) / 60_000;
    expect(rows(people(...file))).toMatchObject([
      { validFromMinute: minute('2026-08-31T16:00Z'), validUntilMinute: minute('2027-06-30T16:00Z') },
      { validFromMinute: minute('2026-09-01T00:30Z'), validUntilMinute: null },
    ]);
  });
  it('an end before the beginning is refused', () => {
    expect(codes(people('学号,姓名,开始日期,结束日期', '1,a,2026-09-02,2026-09-01'))).toEqual([
      [2, 4, 'contradiction'],
    ]);
  });
  it('a name with a line break, or longer than 120 characters, is refused', () => {
    expect(codes(people('学号,姓名', '1,"张\n三"', `2,${'长'.repeat(121)}`))).toEqual([
      [2, 2, 'malformed'],
      [4, 2, 'too-long'],
    ]);
  });
});

describe('cards', () => {
  it('numbers are read in the form of the office', () => {
    expect(rows(cards('decimal-reversed', '学号,卡号,卡类型', '1,0166735958,CPU卡', '2,1386022627,'))).toEqual([
      { line: 2, person: '1', uid: hex('5630f009'), kind: 'authenticated-card' },
      { line: 3, person: '2', uid: hex('e3069d52'), kind: null },
    ]);
  });
  it('several cards of one person are taken, one card of two people is not', () => {
    const file = ['工号,卡号', '1,529D06E3', '1,5630F009', '2,529d06e3'];
    expect(codes(cards('hex', ...file))).toEqual([[4, 2, 'duplicate']]);
  });
  it('card numbers in messages show their last four characters only', () => {
    const [problem] = problems(cards('hex', '学号,卡号', '1,529D06EX'));
    expect(problem).toMatchObject({ line: 2, column: 2, code: 'malformed', value: '…06EX' });
    expect(JSON.stringify(problem)).not.toContain('529D06');
  });
  it('lost leading zeros are refused and the message says how to keep them', () => {
    const [problem] = problems(cards('decimal', '学号,卡号', '1,13961168'));
    expect(problem).toMatchObject({ code: 'lost-zeros' });
    expect(problem?.message).toContain('format the column as text');
  });
  it('scientific notation is refused, a hexadecimal number that looks like it is not', () => {
    expect(codes(cards('decimal', '学号,卡号', '1,1.39E+09'))).toEqual([[2, 2, 'spreadsheet-damage']]);
    expect(rows(cards('hex', '学号,卡号', '1,1E234567'))).toMatchObject([{ uid: hex('1e234567') }]);
  });
  it('a column rounded to 15 digits is refused, one card that ends in zeros is not', () => {
    const file = ['学号,卡号', '1,01303516170159400', '2,01303516170157500'];
    expect(codes(cards('decimal', ...file))).toEqual([
      [2, 2, 'spreadsheet-damage'],
      [3, 2, 'spreadsheet-damage'],
    ]);
    expect(cards('decimal', '学号,卡号', '1,01303516170159400', '2,01303516170157568').ok).toBe(true);
  });
  it('a form that keeps a part of the number is refused for the whole file', () => {
    expect(codes(cards('weg-last', '学号,卡号', '1,15701763'))).toEqual([[1, 0, 'lossy-form']]);
    expect(codes(cards('morse', '学号,卡号'))).toEqual([[1, 0, 'unknown-word']]);
  });
  it('blank, random and cut UIDs are refused', () => {
    const file = ['学号,卡号', '1,00000000', '2,08123456', '3,8804A1B2', '4,'];
    expect(codes(cards('hex', ...file)).map(([, , code]) => code)).toEqual([
      'unusable-card',
      'unusable-card',
      'unusable-card',
      'blank',
    ]);
  });
});

describe('levels', () => {
  it('are read with their groups, portals, directions, schedule and validity', () => {
    const file = [
      '权限名称,人员组,门,方向,时段,有效期止',
      '宿舍住户,1号楼;2号楼,gate-1;gate-2,,daytime,2027-07-01 12:00',
      '访客出门,visitors,gate-1,出,always,',
    ];
    expect(rows(levels(...file))).toEqual([
      {
        line: 2,
        name: '宿舍住户',
        groups: ['1号楼', '2号楼'],
        portals: ['gate-1', 'gate-2'],
        directions: ['in', 'out'],
        schedule: 'daytime',
        validUntilMinute: Date.parse('2027-07-01T04:00Z') / 60_000,
      },
      {
        line: 3,
        name: '访客出门',
        groups: ['visitors'],
        portals: ['gate-1'],
        directions: ['out'],
        schedule: 'always',
        validUntilMinute: null,
      },
    ]);
  });
  it('what is missing or no identifier is refused by line and column', () => {
    const file = [
      'name,group,portals,schedule',
      'a,,gate-1,always',
      'b,x,gate one,always',
      'c,x,gate-1,a;b',
      'a,x,gate-1,always',
    ];
    expect(codes(levels(...file))).toEqual([
      [2, 2, 'blank'],
      [3, 3, 'malformed'],
      [4, 4, 'malformed'],
    ]);
    expect(codes(levels('name,group,portals,schedule', 'a,x,g,s', 'a,y,g,s'))).toEqual([[3, 1, 'duplicate']]);
  });
});

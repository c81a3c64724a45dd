// SPDX-License-Identifier: Apache-2.0
// Header names of offices' files, Chinese and English with their synonyms, → the columns we read.
import type { CsvProblem } from './csv-problem.ts';
import type { CsvRecord } from './csv-table.ts';

export interface ColumnSpec {
  /** The first is the one we show in messages. Compared without case, width, spaces and punctuation. */
  readonly names: readonly [string, ...string[]];
  readonly required?: true;
  /** Card numbers: messages show the last four characters only. */
  readonly secret?: true;
  /** Not even those. */
  readonly hidden?: true;
}

export interface ColumnSet<Field extends string> {
  readonly fields: readonly Field[];
  readonly specs: Readonly<Record<Field, ColumnSpec>>;
  /** Normalised names → field. */
  readonly byName: ReadonlyMap<string, Field>;
}

export interface ColumnMap<Field extends string> {
  /** Index in the line of each column found. */
  readonly index: ReadonlyMap<Field, number>;
  /** Headers of columns that nothing reads. */
  readonly ignored: readonly string[];
}

const VALID_FROM = [
  'valid from',
  'start',
  'start date',
  'from',
  '有效期起',
  '有效期开始',
  '开始日期',
  '生效日期',
  '起始日期',
  '开始时间',
  '生效时间',
] as const;
const VALID_UNTIL = [
  'valid until',
  'valid to',
  'expires',
  'expiry',
  'end',
  'end date',
  'until',
  '有效期止',
  '有效期至',
  '有效期结束',
  '结束日期',
  '失效日期',
  '截止日期',
  '到期日期',
  '结束时间',
  '失效时间',
] as const;
const NUMBER = [
  'student number',
  'number',
  'student no',
  'student id',
  'person number',
  'person',
  'staff number',
  'staff no',
  'employee number',
  'employee id',
  'id',
  '学号',
  '工号',
  '学工号',
  '学号工号',
  '职工号',
  '教工号',
  '人员编号',
  '编号',
] as const;

export const PEOPLE_COLUMNS = columnSet({
  number: { names: NUMBER, required: true },
  name: { names: ['name', 'full name', 'student name', '姓名', '名字', '学生姓名'], required: true },
  kind: { names: ['kind', 'category', 'type', 'person kind', '类别', '人员类别', '身份', '人员类型', '类型'] },
  building: { names: ['building', 'dormitory', 'dorm', '楼栋', '楼号', '宿舍楼', '楼宇', '公寓'] },
  room: { names: ['room', 'room number', '房间', '房间号', '宿舍', '宿舍号', '寝室', '寝室号'] },
  bed: { names: ['bed', 'bed number', '床位', '床号', '床位号'] },
  className: { names: ['class', 'class name', '班级', '行政班', '班级名称'] },
  college: { names: ['college', 'school', 'faculty', 'department', '学院', '院系', '系部', '二级学院', '部门'] },
  groups: { names: ['groups', 'group', '组', '分组', '人员组'] },
  idNumber: {
    names: [
      'id number',
      'id card',
      'id card number',
      'identity number',
      '证件号',
      '证件号码',
      '身份证号',
      '身份证',
      '身份证号码',
    ],
    hidden: true,
  },
  validFrom: { names: VALID_FROM },
  validUntil: { names: VALID_UNTIL },
});

export const CARD_COLUMNS = columnSet({
  person: { names: NUMBER, required: true },
  card: {
    names: [
      'card number',
      'card',
      'card no',
      'card id',
      'uid',
      'serial number',
      '卡号',
      '卡片号',
      '物理卡号',
      '卡序列号',
      '芯片号',
      '卡内码',
      '内码',
      'ic卡号',
      '校园卡号',
    ],
    required: true,
    secret: true,
  },
  kind: { names: ['kind', 'card kind', 'card type', 'type', '类别', '卡类别', '卡类型', '卡种', '类型'] },
  validUntil: { names: VALID_UNTIL },
});

export const LEVEL_COLUMNS = columnSet({
  id: { names: ['id', 'level id', '编号', '权限编号', '标识'] },
  name: {
    names: ['name', 'level', 'access level', 'level name', '名称', '权限', '权限名称', '权限组', '门禁权限'],
    required: true,
  },
  groups: { names: ['groups', 'group', '组', '分组', '人员组', '人员分组'], required: true },
  portals: {
    names: ['portals', 'portal', 'doors', 'door', 'gates', 'gate', '门', '门禁点', '通道', '闸机', '出入口'],
    required: true,
  },
  directions: { names: ['directions', 'direction', '方向', '进出', '进出方向'] },
  schedule: {
    names: ['schedule', 'time', 'times', 'timetable', '时间段', '时段', '时间表', '通行时段', '日程'],
    required: true,
  },
  validFrom: { names: VALID_FROM },
  validUntil: { names: VALID_UNTIL },
});

export const LOCK_COLUMNS = columnSet({
  portal: { names: ['portal', 'door', 'id', '门', '门禁点', '门编号', '编号'], required: true },
  building: { names: ['building', 'dormitory', 'dorm', '楼栋', '楼号', '宿舍楼', '楼宇', '公寓'], required: true },
  floor: { names: ['floor', '楼层', '层'] },
  room: { names: ['room', 'room number', '房间', '房间号', '宿舍', '宿舍号', '寝室', '寝室号'], required: true },
  lockId: { names: ['lock', 'lock id', 'serial number', '门锁', '锁编号', '门锁编号', '锁序列号'], required: true },
  code: { names: ['code', 'label code', 'pairing code', '配对码', '标签码'], required: true, hidden: true },
  corridors: {
    names: ['corridors', 'corridor', 'controllers', 'controller', '走廊控制器', '控制器'],
    required: true,
  },
});

/** 学号* , 卡 号(必填), Student_No. and STUDENT NO are one name each. */
export function normaliseHeader(header: string): string {
  return header
    .normalize('NFKC')
    .replace(/[((【[].*?[))】\]]/g, '')
    .toLowerCase()
    .replace(/[\s_\-.*:/'"\u200b\ufeff]/g, '');
}

function columnSet<Field extends string>(specs: Readonly<Record<Field, ColumnSpec>>): ColumnSet<Field> {
  const fields = Object.keys(specs) as Field[];
  const names = fields.flatMap((field) => specs[field].names.map((name) => [normaliseHeader(name), field] as const));
  return { fields, specs, byName: new Map(names) };
}

export function mapColumns<Field extends string>(
  header: CsvRecord,
  { fields, specs, byName }: ColumnSet<Field>,
): { readonly map: ColumnMap<Field>; readonly problems: readonly CsvProblem[] } {
  const index = new Map<Field, number>();
  const ignored: string[] = [];
  const problems: CsvProblem[] = [];
  for (const [at, text] of header.cells.entries()) {
    const field = byName.get(normaliseHeader(text));
    const before = field === undefined ? undefined : index.get(field);
    if (field === undefined) ignored.push(text.trim());
    else if (before === undefined) index.set(field, at);
    else problems.push(twice(header, at, before));
  }
  for (const field of fields)
    if (specs[field].required && !index.has(field)) problems.push(missing(header, specs[field]));
  return { map: { index, ignored: ignored.filter((text) => text !== '') }, problems };
}

function twice(header: CsvRecord, at: number, before: number): CsvProblem {
  const first = header.cells[before]?.trim();
  const message = `column ${before + 1} (${first}) holds the same; remove or rename one of them`;
  return { line: header.line, column: at + 1, header: header.cells[at]?.trim() ?? '', code: 'column-twice', message };
}

function missing(header: CsvRecord, spec: ColumnSpec): CsvProblem {
  const [english] = spec.names;
  const chinese = spec.names.find((name) => /\p{Script=Han}/u.test(name)) ?? english;
  const found = header.cells
    .map((cell) => cell.trim())
    .filter((cell) => cell !== '')
    .join(', ')
    .slice(0, 200);
  const message = `a column named "${chinese}" or "${english}" is needed; the first line has: ${found}`;
  return { line: header.line, column: 0, header: '', code: 'column-missing', message };
}

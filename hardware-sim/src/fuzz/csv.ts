// SPDX-License-Identifier: Apache-2.0
// Files of offices, as an administrator uploads them: any bytes become rows or a refusal that names lines.
import { readCardCsv } from '@latchkey/gateway/core/csv/cards';
import { readLevelCsv } from '@latchkey/gateway/core/csv/levels';
import { readPeopleCsv } from '@latchkey/gateway/core/csv/people';
import type { FuzzTarget } from './target.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const timeZone = 'Asia/Shanghai';

const PEOPLE = [
  '学号,姓名,类别,楼栋,有效期止\r\n2026000001,张三,学生,1号楼,2027-06-30\r\n',
  'number;name;groups\n1;"Li ""A"" Lei";a|b\n',
];
const CARDS = ['学号,卡号\r\n1,529D06E3\r\n2,5630F009\r\n', 'person\tcard type\tuid\n1\tcpu\t04A1B2C3D4E580\n'];
const LEVELS = ['name,group,portals,direction,schedule,start\nDorm,g1;g2,gate-1,in,day,2026/9/1 08:00\n'];

type Outcome = { readonly ok: true } | { readonly ok: false; readonly problems: readonly { readonly line: number }[] };

function checkOutcome(outcome: Outcome): void {
  if (!outcome.ok && !outcome.problems.every(({ line }) => line >= 1)) throw new Error('a refusal names no line');
  if (!outcome.ok && outcome.problems.length === 0) throw new Error('a refusal without a reason');
}

export const CSV_TARGETS: readonly FuzzTarget[] = [
  { name: 'csv/people', seeds: PEOPLE.map(utf8), run: (bytes) => checkOutcome(readPeopleCsv(bytes, { timeZone })) },
  {
    name: 'csv/cards',
    seeds: CARDS.map(utf8),
    run: (bytes) => checkOutcome(readCardCsv(bytes, { timeZone, form: 'hex' })),
  },
  { name: 'csv/levels', seeds: LEVELS.map(utf8), run: (bytes) => checkOutcome(readLevelCsv(bytes, { timeZone })) },
];

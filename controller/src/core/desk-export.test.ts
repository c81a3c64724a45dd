// SPDX-License-Identifier: Apache-2.0
// Files that library systems and people read.
import { describe, expect, it } from 'vitest';
import { addLines, EMPTY_LEDGER } from './circulation.ts';
import { csv, type ExportLine, koc } from './desk-export.ts';

const AT = Date.parse('2026-11-22T14:03:09.045+08:00');
const ledger = addLines(EMPTY_LEDGER, [
  {
    kind: 'began',
    number: 1,
    act: 'loan',
    item: '=CMD()',
    patron: '2026001',
    ref: null,
    at: AT,
    clock: 'synced',
    boot: 'b',
    monotonicMs: 0,
  },
  { kind: 'kept', number: 1, due: AT, unsure: false },
  {
    kind: 'began',
    number: 2,
    act: 'return',
    item: 'a\tb',
    patron: null,
    ref: null,
    at: AT,
    clock: 'synced',
    boot: 'b',
    monotonicMs: 0,
  },
]);
const lines: ExportLine[] = [...ledger.entries.values()].map((entry) => ({ entry, atMs: entry.at, dueMs: entry.due }));

describe('export', () => {
  it('is a .koc file of version 1.0 with the time of the loan, not of the upload', () => {
    expect(koc(lines, '0.1.0', 'Asia/Shanghai')).toBe(
      'Version=1.0\tGenerator=latchkey\tGeneratorVersion=0.1.0\n2026-11-22 14:03:09 045\tissue\t2026001\t=CMD()\n2026-11-22 14:03:09 045\treturn\ta b\n',
    );
  });

  it('is CSV in which no barcode becomes a formula', () => {
    const [head, first] = csv(lines, 'Asia/Shanghai').split('\r\n');
    expect(head).toBe('number,at,act,item,patron,due,state');
    expect(first).toBe('"1","2026-11-22 14:03:09","loan","\'=CMD()","2026001","2026-11-22 14:03:09","kept"');
  });
});

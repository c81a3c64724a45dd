// SPDX-License-Identifier: Apache-2.0
// A file of locks as facilities staff keep it: read whole, or refused by line and column.
import { describe, expect, it } from 'vitest';
import { readLockCsv } from './locks.ts';

const CODE = 'ABCDEFGHIJKLMNOPQRSTUVWX23';
const read = (...lines: string[]) => readLockCsv(new TextEncoder().encode(lines.join('\n')));

describe('the file of locks', () => {
  it('has door, room, lock, code of the label and controllers, headers in either language', () => {
    const chinese = read(
      '门编号,楼栋,楼层,房间号,门锁编号,配对码,控制器',
      `b1-101,1号楼,1,101,0011223344556677,${CODE.toLowerCase()},corridor-1;corridor-2`,
    );
    const body = {
      portal: 'b1-101',
      lockId: '0011223344556677',
      corridors: ['corridor-1', 'corridor-2'],
      code: CODE,
    };
    expect(chinese).toMatchObject({
      ok: true,
      value: { rows: [{ line: 2, building: '1号楼', floor: '1', room: '101', body }] },
    });
    const english = read(
      'portal,building,room,lock,code,corridors',
      `b1-101,1号楼,101,0011223344556677,ABCD-EFGH IJKLMNOPQRSTUVWX23,corridor-1`,
    );
    expect(english).toMatchObject({ ok: true, value: { rows: [{ body: { code: CODE } }] } });
  });

  it('is refused whole, each fault by line and column, and codes are not repeated', () => {
    const refused = read(
      'portal,building,room,lock,code,corridors',
      `b1-101,1号楼,101,0011223344556677,${CODE},corridor-1`,
      `b1-102,1号楼,102,1.12233E+15,${CODE},corridor-1`,
      `b1-103,1号楼,103,0011223344556678,SECRETCODE,corridor-1`,
      `b1-104,1号楼,,0011223344556679,${CODE},corridor-1`,
      `b1-101,1号楼,105,001122334455667a,${CODE},corridor-1`,
    );
    expect(refused.ok).toBe(false);
    const problems = refused.ok ? [] : refused.problems;
    expect(problems.map(({ line, header }) => [line, header])).toEqual([
      [3, 'lock'],
      [4, 'code'],
      [5, 'room'],
      [6, 'portal'],
    ]);
    expect(JSON.stringify(problems)).not.toMatch(/SECRETCODE/);
  });
});

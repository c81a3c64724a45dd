// SPDX-License-Identifier: Apache-2.0
// latchkey level import: which groups pass which portals, when.
import type { Command } from 'commander';
import { addImport } from './import-file.ts';

const HELP = `
Columns (Chinese or English): 名称 name, 组 groups, 门 portals, 时段 schedule; where they are there also 编号 id,
方向 direction (进 in, 出 out, 双向 both), 有效期起 valid from, 有效期至 valid until. Several values in a cell: a;b.
Groups by id or name; portals and schedules by id. The schedule "always" is there from the start.

Example:
  $ latchkey level import levels.csv --dry-run
`;

export function registerLevel(program: Command): void {
  addImport(program, 'level', 'access levels: import', {
    kind: 'levels',
    description: 'add and change access levels from a CSV file',
    help: HELP,
  });
}

// SPDX-License-Identifier: Apache-2.0
// The file of access levels: which groups pass which portals, when.
import { finish } from '../steps.ts';
import { LEVEL_COLUMNS } from './columns.ts';
import type { CsvOutcome } from './csv-problem.ts';
import { readList, readName, readSlugs, readValidity, readWord, refuse, type Validity } from './fields.ts';
import { type Cells, type CsvRows, readRows } from './read-rows.ts';
import { createZone, type Zone } from './wall-time.ts';

export interface LevelRow extends Validity {
  readonly line: number;
  /** Absent or null: made from the name by whoever imports. */
  readonly id?: string | null;
  readonly name: string;
  /** Ids or names of groups, as the file has them. */
  readonly groups: readonly string[];
  readonly portals: readonly string[];
  readonly directions: readonly ('in' | 'out')[];
  readonly schedule: string;
}

type Field = (typeof LEVEL_COLUMNS)['fields'][number];

const DIRECTIONS = {
  both: ['双向', '进出', '出入', '全部', 'in;out', 'in|out', 'all'],
  in: ['进', '入', '进入'],
  out: ['出', '离开'],
} as const;

/** A campus has some hundred levels at most: there is nothing to take in steps. */
export function readLevelCsv(
  bytes: Uint8Array,
  { timeZone }: { readonly timeZone: string },
): CsvOutcome<CsvRows<LevelRow>> {
  const zone = createZone(timeZone);
  const rows = readRows<Field, LevelRow>(bytes, {
    columns: LEVEL_COLUMNS,
    read: (cells) => readLevel(cells, zone),
    unique: [{ field: 'name', key: ({ name }) => name, what: 'a level of this name' }],
  });
  return finish(rows);
}

function readLevel(cells: Cells<Field>, zone: Zone): LevelRow | undefined {
  const id = cells.text('id') === '' ? null : single(cells, 'id', readSlugs(cells, 'id'));
  const name = readName(cells, 'name');
  const groups = readList(cells, 'groups');
  const portals = readSlugs(cells, 'portals');
  const schedule = single(cells, 'schedule', readSlugs(cells, 'schedule'));
  const direction = readWord(cells, 'directions', DIRECTIONS);
  const validity = readValidity(cells, 'validFrom', 'validUntil', zone);
  if (groups?.length === 0) return refuse(cells, 'groups', 'blank', 'name at least one group');
  if (name === undefined || groups === undefined || portals === undefined || schedule === undefined) return undefined;
  if (direction === undefined || validity === undefined || id === undefined) return undefined;
  const directions = direction === null || direction === 'both' ? (['in', 'out'] as const) : ([direction] as const);
  return { line: cells.line, ...(cells.has('id') && { id }), name, groups, portals, directions, schedule, ...validity };
}

function single(cells: Cells<Field>, field: Field, values: readonly string[] | undefined): string | undefined {
  if (values === undefined || values.length === 1) return values?.[0];
  return refuse(cells, field, 'malformed', 'name exactly one');
}

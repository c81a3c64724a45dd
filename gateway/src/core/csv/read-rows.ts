// SPDX-License-Identifier: Apache-2.0
// Runs a row reader over a file and gathers every problem before saying no: a clerk corrects a file once, not line by line.
import type { Steps } from '../steps.ts';
import { type ColumnSet, mapColumns } from './columns.ts';
import { type CsvOutcome, type CsvProblem, type CsvProblemCode, maskNumber, refused } from './csv-problem.ts';
import { type CsvRecord, type CsvTable, tableInSteps } from './csv-table.ts';

export interface CsvRows<Row> {
  readonly rows: readonly Row[];
  readonly encoding: CsvTable['encoding'];
  /** Header of each column found, as the file has it: for problems that show only later, against the registry. */
  readonly headers: Readonly<Partial<Record<string, string>>>;
  /** Headers that nothing reads, to be shown in a dry run: a misspelt optional column is among them. */
  readonly ignoredColumns: readonly string[];
}

/** One line, by column name. */
export interface Cells<Field extends string> {
  readonly line: number;
  /** Has the file this column? A missing column leaves things as they are, a blank cell clears them. */
  has(field: Field): boolean;
  /** Trimmed; empty where the cell or the column is. */
  text(field: Field): string;
  refuse(field: Field, code: CsvProblemCode, message: string): void;
}

export interface RowSchema<Field extends string, Row> {
  readonly columns: ColumnSet<Field>;
  /** `undefined` after a refusal. */
  readonly read: (cells: Cells<Field>) => Row | undefined;
  /** Columns of which a value may stand once only; the key is what is compared. */
  readonly unique: readonly { readonly field: Field; readonly key: (row: Row) => string; readonly what: string }[];
  /** Looks at the rows together, after all were read. */
  readonly review?: (rows: readonly { readonly row: Row; readonly cells: Cells<Field> }[]) => void;
}

/** Lines between two steps. */
const STEP_LINES = 500;

export function* readRows<Field extends string, Row>(
  bytes: Uint8Array,
  schema: RowSchema<Field, Row>,
): Steps<CsvOutcome<CsvRows<Row>>> {
  const table = yield* tableInSteps(bytes);
  if (!table.ok) return table;
  const { header, records, encoding } = table.value;
  const { map, problems: headerProblems } = mapColumns(header, schema.columns);
  if (headerProblems.length > 0) return refused(headerProblems);
  const problems: CsvProblem[] = [];
  const read: { row: Row; cells: Cells<Field> }[] = [];
  for (const [at, record] of records.entries()) {
    if (at % STEP_LINES === 0) yield;
    const counted = cellCountProblem(header, record);
    if (counted) problems.push(counted);
    const cells = cellsOf(record, header, map.index, schema.columns, problems);
    const row = counted ? undefined : schema.read(cells);
    if (row !== undefined) read.push({ row, cells });
  }
  yield;
  refuseDuplicates(read, schema);
  yield;
  schema.review?.(read);
  if (problems.length > 0) return refused(problems);
  const headers = Object.fromEntries([...map.index].map(([field, at]) => [field, header.cells[at]?.trim()]));
  return { ok: true, value: { rows: read.map(({ row }) => row), encoding, headers, ignoredColumns: map.ignored } };
}

function cellCountProblem(header: CsvRecord, record: CsvRecord): CsvProblem | undefined {
  const want = header.cells.length;
  const have = record.cells.length;
  if (have === want || (have > want && record.cells.slice(want).every((cell) => cell.trim() === ''))) return undefined;
  const message = `this line has ${have} cells, the header ${want}; look for a missing or extra delimiter`;
  return { line: record.line, column: 0, header: '', code: 'cell-count', message };
}

function cellsOf<Field extends string>(
  record: CsvRecord,
  header: CsvRecord,
  index: ReadonlyMap<Field, number>,
  columns: ColumnSet<Field>,
  problems: CsvProblem[],
): Cells<Field> {
  const text = (field: Field) => unquoteFormula(record.cells[index.get(field) ?? -1] ?? '');
  return {
    line: record.line,
    has: (field) => index.has(field),
    text,
    refuse(field, code, message) {
      const at = index.get(field) ?? -1;
      const { secret, hidden } = columns.specs[field];
      const value = hidden ? '' : secret ? maskNumber(text(field)) : text(field).slice(0, 60);
      const place = { line: record.line, column: at + 1, header: header.cells[at]?.trim() ?? '' };
      problems.push({ ...place, code, message, ...(value === '' || value === '…' ? {} : { value }) });
    },
  };
}

/** ="0012" and '0012 are how people keep a spreadsheet from dropping zeros. */
function unquoteFormula(cell: string): string {
  const trimmed = cell.trim();
  return /^="(.*)"$/.exec(trimmed)?.[1]?.trim() ?? trimmed.replace(/^'/, '').trim();
}

function refuseDuplicates<Field extends string, Row>(
  read: readonly { readonly row: Row; readonly cells: Cells<Field> }[],
  schema: RowSchema<Field, Row>,
): void {
  for (const { field, key, what } of schema.unique) {
    const first = new Map<string, number>();
    for (const { row, cells } of read) {
      const value = key(row);
      const before = first.get(value);
      if (before === undefined) first.set(value, cells.line);
      else cells.refuse(field, 'duplicate', `${what} stands in line ${before} already; remove one of the two`);
    }
  }
}

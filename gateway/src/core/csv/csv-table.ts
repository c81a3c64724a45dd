// SPDX-License-Identifier: Apache-2.0
// Text → header and rows with their line numbers. The delimiter is told from the header line.
import { type CsvError, parse } from 'csv-parse/sync';
import { type CsvOutcome, fileProblem } from './csv-problem.ts';
import { decodeText, type TextEncodingName } from './decode-text.ts';

export type Delimiter = ',' | ';' | '\t';

export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

export interface CsvTable {
  readonly encoding: TextEncodingName;
  readonly delimiter: Delimiter;
  readonly header: CsvRecord;
  readonly records: readonly CsvRecord[];
}

const DELIMITERS = [',', ';', '\t'] as const;
const MAX_RECORD_CHARACTERS = 65_536;
/** With more columns than this the file is no list of people, cards or levels. */
const MAX_COLUMNS = 200;

/** Whichever separates most outside quotes in the first line that holds anything; a comma when none does. */
export function detectDelimiter(text: string): Delimiter {
  const line = text.split('\n', 20).find((candidate) => candidate.trim() !== '') ?? '';
  const outside = line.replace(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((delimiter) => outside.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] as Delimiter;
}

export function readTable(bytes: Uint8Array): CsvOutcome<CsvTable> {
  const decoded = decodeText(bytes);
  if (!decoded.ok) return decoded;
  const { encoding } = decoded.value;
  // One kind of line end, or csv-parse counts CR LF inside quotes as two lines.
  const text = decoded.value.text.replace(/\r\n?/g, '\n');
  const delimiter = detectDelimiter(text);
  const parsed = parseRecords(text, delimiter);
  if (!parsed.ok) return parsed;
  const [header, ...records] = parsed.value.filter(({ cells }) => cells.some((cell) => cell.trim() !== ''));
  if (header === undefined) return fileProblem('empty-file', 'the file is empty; its first line names the columns');
  if (header.cells.length > MAX_COLUMNS) return fileProblem('malformed', `use at most ${MAX_COLUMNS} columns`);
  return { ok: true, value: { encoding, delimiter, header, records } };
}

interface ParsedRecord {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

function parseRecords(text: string, delimiter: Delimiter): CsvOutcome<CsvRecord[]> {
  try {
    const records = parse(text, {
      delimiter,
      info: true,
      record_delimiter: '\n',
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MAX_RECORD_CHARACTERS,
    }) as unknown as ParsedRecord[];
    return {
      ok: true,
      value: records.map(({ record, info }) => ({ line: firstLine(record, info.lines), cells: record })),
    };
  } catch (error) {
    return quoteProblem(error as CsvError & { lines?: number }, text);
  }
}

/** csv-parse counts the line a record ends on; line breaks inside quotes are part of it. */
function firstLine(record: readonly string[], lastLine: number): number {
  return lastLine - record.reduce((sum, cell) => sum + (cell.split('\n').length - 1), 0);
}

function quoteProblem(error: CsvError & { lines?: number }, text: string): CsvOutcome<never> {
  if (error.code === 'CSV_MAX_RECORD_SIZE') {
    return fileProblem(
      'broken-quotes',
      'a record is longer than 65,536 characters; look for a quote that is not closed',
    );
  }
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
    return fileProblem(
      'broken-quotes',
      'a quote opened here is never closed; close it or remove it',
      openQuoteLine(text),
    );
  }
  const fix = 'a quote stands inside a value; put the whole value in quotes and double the one inside, or remove it';
  return fileProblem('broken-quotes', fix, error.lines ?? 1);
}

/** Line of the quote that opened last: a doubled quote opens and closes, so it changes nothing. */
function openQuoteLine(text: string): number {
  const opening = text.lastIndexOf('"');
  return text.slice(0, opening).split('\n').length;
}

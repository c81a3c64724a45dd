// SPDX-License-Identifier: Apache-2.0
// Text → header and rows with their line numbers, in steps of a thousand lines or so. The delimiter is told from the header line.
import { type CsvError, parse } from 'csv-parse/sync';
import { finish, type Steps } from '../steps.ts';
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
/** A few milliseconds of parsing. */
const BLOCK_CHARACTERS = 65_536;
/** With more columns than this the file is no list of people, cards or levels. */
const MAX_COLUMNS = 200;

/** Whichever separates most outside quotes in the first line that holds anything; a comma when none does. */
export function detectDelimiter(text: string): Delimiter {
  const line = text.split('\n', 20).find((candidate) => candidate.trim() !== '') ?? '';
  const outside = line.replace(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((delimiter) => outside.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] as Delimiter;
}

export const readTable = (bytes: Uint8Array): CsvOutcome<CsvTable> => finish(tableInSteps(bytes));

export function* tableInSteps(bytes: Uint8Array): Steps<CsvOutcome<CsvTable>> {
  const decoded = decodeText(bytes);
  if (!decoded.ok) return decoded;
  const { encoding } = decoded.value;
  // One kind of line end, or csv-parse counts CR LF inside quotes as two lines.
  const text = decoded.value.text.replace(/\r\n?/g, '\n');
  yield;
  const delimiter = detectDelimiter(text);
  const parsed = yield* parseRecords(text, delimiter);
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

function* parseRecords(text: string, delimiter: Delimiter): Steps<CsvOutcome<CsvRecord[]>> {
  const all: CsvRecord[] = [];
  let lines = 0;
  for (const block of blocksOf(text)) {
    try {
      const records = parse(block, {
        delimiter,
        info: true,
        record_delimiter: '\n',
        relax_column_count: true,
        skip_empty_lines: true,
        max_record_size: MAX_RECORD_CHARACTERS,
      }) as unknown as ParsedRecord[];
      for (const { record, info } of records) all.push({ line: lines + firstLine(record, info.lines), cells: record });
    } catch (error) {
      return quoteProblem(error as CsvError & { lines?: number }, text, lines);
    }
    lines += block.split('\n').length - 1;
    yield;
  }
  return { ok: true, value: all };
}

/** Parts of about `BLOCK_CHARACTERS` that end with a line outside quotes: there the quotes so far are even in number. */
function* blocksOf(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    let quoted = false;
    let end = start;
    do {
      const next = text.indexOf('\n', end === start ? Math.min(start + BLOCK_CHARACTERS, text.length) : end);
      const after = next < 0 ? text.length : next + 1;
      if (quotesIn(text, end, after) % 2 === 1) quoted = !quoted;
      end = after;
    } while (quoted && end < text.length);
    yield text.slice(start, end);
    start = end;
  }
}

const QUOTE = 0x22;

function quotesIn(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += 1) if (text.charCodeAt(at) === QUOTE) count += 1;
  return count;
}

/** csv-parse counts the line a record ends on; line breaks inside quotes are part of it. */
function firstLine(record: readonly string[], lastLine: number): number {
  return lastLine - record.reduce((sum, cell) => sum + (cell.split('\n').length - 1), 0);
}

/** `before`: lines of the text before those that the parser counted. */
function quoteProblem(error: CsvError & { lines?: number }, text: string, before: number): CsvOutcome<never> {
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
  return fileProblem('broken-quotes', fix, before + (error.lines ?? 1));
}

/** Line of the quote that opened last: a doubled quote opens and closes, so it changes nothing. */
function openQuoteLine(text: string): number {
  const opening = text.lastIndexOf('"');
  return text.slice(0, opening).split('\n').length;
}

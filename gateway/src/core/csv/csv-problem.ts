// SPDX-License-Identifier: Apache-2.0
// What is wrong in a CSV file, by line and column, for the person who can correct it. A file with one problem is refused whole.

export interface CsvProblem {
  /** Line in the file, 1 is the header. A record over several lines counts from its first. */
  readonly line: number;
  /** Position in the line, 1 is the first; 0 where the whole line or file is meant. */
  readonly column: number;
  /** Header of that column as the file has it; empty where there is none. */
  readonly header: string;
  readonly code: CsvProblemCode;
  /** The offending value; of card numbers only the last four characters. */
  readonly value?: string;
  /** What is wrong and what to do about it. */
  readonly message: string;
}

export type CsvProblemCode =
  | 'not-text'
  | 'too-large'
  | 'empty-file'
  | 'broken-quotes'
  | 'column-missing'
  | 'column-twice'
  | 'cell-count'
  | 'blank'
  | 'malformed'
  | 'unknown-word'
  | 'too-long'
  | 'spreadsheet-damage'
  | 'lost-zeros'
  | 'unusable-card'
  | 'lossy-form'
  | 'duplicate'
  | 'contradiction';

export type CsvOutcome<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly code: 'csv-refused';
      readonly detail: string;
      /** At most the first `MAX_PROBLEMS`; `problemCount` counts all. */
      readonly problems: readonly CsvProblem[];
      readonly problemCount: number;
    };

export const MAX_PROBLEMS = 1_000;

export function refused(problems: readonly CsvProblem[]): CsvOutcome<never> {
  const [first] = problems;
  const rest = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const place = first ? `line ${first.line}${first.header ? `, ${first.header}` : ''}: ${first.message}${rest}` : '';
  const shown = [...problems].sort((a, b) => a.line - b.line || a.column - b.column).slice(0, MAX_PROBLEMS);
  return { ok: false, code: 'csv-refused', detail: place, problems: shown, problemCount: problems.length };
}

export const fileProblem = (code: CsvProblemCode, message: string, line = 1): CsvOutcome<never> =>
  refused([{ line, column: 0, header: '', code, message }]);

/** Of a card number only what tells two cards apart at the counter (promise 7). */
export const maskNumber = (value: string): string => `…${value.slice(-4)}`;

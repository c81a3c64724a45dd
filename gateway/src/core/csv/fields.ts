// SPDX-License-Identifier: Apache-2.0
// Readers of single cells, shared by people, cards and levels. Each refuses with what to do, and answers undefined.
import { personNumber, slug } from '@latchkey/protocols/api/common';
import { initialPasswordOf } from '../sign-in/initial-password.ts';
import type { Cells } from './read-rows.ts';
import { parseWallTime, type Zone } from './wall-time.ts';

const MAX_NAME = 120;
const MAX_LIST = 500;
const FOREVER = new Set(['永久', '长期', '无限期', '不限', 'forever', 'unlimited', 'none', '-']);

export const SCIENTIFIC = /^\d(?:\.\d+)?e[+-]?\d+$/i;
const AS_TEXT = 'format the column as text in the spreadsheet, fill it in again from the source and export';

const isControl = (text: string) => /\p{Cc}/u.test(text);

/** Student or staff number. Full-width digits are forgiven; a number a spreadsheet has rounded is not. */
export function readPersonNumber<F extends string>(cells: Cells<F>, field: F): string | undefined {
  const text = cells.text(field).normalize('NFKC');
  if (text === '') return refuse(cells, field, 'blank', 'fill in the number');
  if (SCIENTIFIC.test(text)) {
    return refuse(cells, field, 'spreadsheet-damage', `the spreadsheet shortened this number; ${AS_TEXT}`);
  }
  if (!personNumber.safeParse(text).success) {
    return refuse(cells, field, 'malformed', 'use 1 to 32 letters, digits, ".", "_" and "-"');
  }
  return text;
}

/** The ID number itself ends here: what leaves is the password people first sign in with. `null` where the cell is blank. */
export function readInitialPassword<F extends string>(cells: Cells<F>, field: F): string | null | undefined {
  const text = cells.text(field);
  if (text === '') return null;
  if (SCIENTIFIC.test(text))
    return refuse(cells, field, 'spreadsheet-damage', `the spreadsheet shortened this number; ${AS_TEXT}`);
  const initial = initialPasswordOf(text);
  if (initial.ok) return initial.value;
  if (initial.code === 'mistyped')
    return refuse(cells, field, 'spreadsheet-damage', `the check digit does not fit: mistyped, or rounded; ${AS_TEXT}`);
  return refuse(cells, field, 'malformed', 'use the number as in the document: 6 to 30 letters and digits');
}

export function readName<F extends string>(cells: Cells<F>, field: F): string | undefined {
  const text = cells.text(field).normalize('NFC');
  if (text === '') return refuse(cells, field, 'blank', 'fill in the name');
  return readOptionalText(cells, field) ?? undefined;
}

/** `null` where the cell is blank, `undefined` after a refusal. */
export function readOptionalText<F extends string>(cells: Cells<F>, field: F): string | null | undefined {
  const text = cells.text(field).normalize('NFC');
  if (text === '') return null;
  if (text.length > MAX_NAME) return refuse(cells, field, 'too-long', `use at most ${MAX_NAME} characters`);
  if (isControl(text))
    return refuse(cells, field, 'malformed', 'remove the line break or control character in this cell');
  return text;
}

/** One of several words, in either language. `null` where blank. */
export function readWord<F extends string, W extends string>(
  cells: Cells<F>,
  field: F,
  words: Readonly<Record<W, readonly string[]>>,
): W | null | undefined {
  const text = cells.text(field).normalize('NFKC').toLowerCase();
  if (text === '') return null;
  const found = (Object.keys(words) as W[]).find((word) => word === text || words[word].includes(text));
  if (found !== undefined) return found;
  const known = (Object.keys(words) as W[]).map((word) => [...words[word].slice(0, 1), word].join(' / ')).join(', ');
  return refuse(cells, field, 'unknown-word', `use one of: ${known}`);
}

/** Several values in a cell, parted by ; 、 or | (a comma would part columns). */
export function readList<F extends string>(cells: Cells<F>, field: F): string[] | undefined {
  const parts = cells
    .text(field)
    .normalize('NFC')
    .split(/[;;、|]/);
  const values = parts.map((part) => part.trim()).filter((part) => part !== '');
  if (values.length > MAX_LIST) return refuse(cells, field, 'too-long', `use at most ${MAX_LIST} values in one cell`);
  const wrong = values.find((value) => value.length > MAX_NAME || isControl(value));
  if (wrong !== undefined) return refuse(cells, field, 'malformed', `use at most ${MAX_NAME} plain characters a value`);
  return [...new Set(values)];
}

/** Identifiers of things in the registry: portals, schedules. */
export function readSlugs<F extends string>(cells: Cells<F>, field: F): string[] | undefined {
  const values = readList(cells, field)?.map((value) => value.normalize('NFKC').toLowerCase());
  if (values === undefined) return undefined;
  if (values.length === 0) return refuse(cells, field, 'blank', 'name at least one');
  const wrong = values.find((value) => !slug.safeParse(value).success);
  if (wrong !== undefined)
    return refuse(cells, field, 'malformed', `"${wrong}" is no identifier: use a-z, 0-9 and "-"`);
  return values;
}

export function readInstant<F extends string>(
  cells: Cells<F>,
  field: F,
  zone: Zone,
  edge: 'start' | 'end',
): number | null | undefined {
  const text = cells.text(field);
  if (text === '' || FOREVER.has(text.toLowerCase())) return null;
  const time = parseWallTime(text);
  if (!time.ok) {
    const code = time.code === 'spreadsheet-damage' ? time.code : 'malformed';
    return refuse(cells, field, code, time.detail ?? 'use a date such as 2026-09-01');
  }
  return edge === 'start' ? zone.startMinute(time.value) : zone.endMinute(time.value);
}

export interface Validity {
  /** Epoch minutes (UTC), inclusive; null: since ever; absent: the file has no such column. */
  readonly validFromMinute?: number | null;
  /** Epoch minutes (UTC), exclusive; null: without end. */
  readonly validUntilMinute?: number | null;
}

export function readValidity<F extends string>(cells: Cells<F>, from: F, until: F, zone: Zone): Validity | undefined {
  const start = readInstant(cells, from, zone, 'start');
  const end = readInstant(cells, until, zone, 'end');
  if (start === undefined || end === undefined) return undefined;
  if (start !== null && end !== null && end <= start) {
    return refuse(cells, until, 'contradiction', 'the end is not after the beginning; correct one of the two');
  }
  return { ...(cells.has(from) && { validFromMinute: start }), ...(cells.has(until) && { validUntilMinute: end }) };
}

/** Also makes `return refuse(…)` the undefined that a reader answers. */
export function refuse<F extends string>(
  cells: Cells<F>,
  field: F,
  code: Parameters<Cells<F>['refuse']>[1],
  message: string,
) {
  cells.refuse(field, code, message);
  return undefined;
}

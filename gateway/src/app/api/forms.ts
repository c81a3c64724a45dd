// SPDX-License-Identifier: Apache-2.0
// Between the database's forms and the API's: instants, classes, cursors.

import type { Page } from '@latchkey/protocols/api/common';
import { CREDENTIAL_CLASSES, type CredentialClass } from '@latchkey/protocols/ids';
import { err, ok } from '@latchkey/protocols/result';
import type { ApiResult } from '../../http/services.ts';

export const toInstant = (ms: number): string => new Date(ms).toISOString();
export const toInstantOrNull = (ms: number | null): string | null => (ms === null ? null : toInstant(ms));
export const fromInstant = (text: string): number => Date.parse(text);
export const fromInstantOrNull = (text: string | null): number | null => (text === null ? null : Date.parse(text));

const CLASS_NAMES = Object.fromEntries(Object.entries(CREDENTIAL_CLASSES).map(([name, value]) => [value, name]));

export function toClass(value: number): CredentialClass {
  return (CLASS_NAMES[value] as CredentialClass | undefined) ?? 'uid-only';
}

/** Row numbers as cursors: the page after the row named. */
export function readCursor(cursor: string | undefined): ApiResult<number | undefined> {
  if (cursor === undefined) return ok(undefined);
  return /^\d{1,15}$/.test(cursor) ? ok(Number(cursor)) : err('invalid-cursor');
}

/** `rows` was asked for with one more than `limit`: that one only says there is a next page. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => number,
  toItem: (row: Row) => Item,
): Page<Item> {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  const items = kept.map(toItem);
  return rows.length > limit && last !== undefined ? { items, next: String(cursorOf(last)) } : { items };
}

/** Buildings of a reach for a filter: a thing without a building is the whole campus's and in no such reach. */
export const namesOf = (reach: ReadonlySet<string>): string[] => [...reach].filter((name) => name !== '');

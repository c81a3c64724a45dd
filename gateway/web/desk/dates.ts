// SPDX-License-Identifier: Apache-2.0
// Dates as people at the desk read them, in the zone of the machine.
import type { DeskItem } from '@latchkey/protocols/api/desk';
import type { Language } from '../ui/language.ts';

const format = (atMs: number, language: Language, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(language, { hourCycle: 'h23', ...options }).format(new Date(atMs));

export const clockOf = (atMs: number, language: Language): string =>
  format(atMs, language, { hour: '2-digit', minute: '2-digit' });

export const momentOf = (atMs: number, language: Language): string =>
  format(atMs, language, { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });

/** Due dates are of a day; as the library wrote it where it is no date. */
export const dueText = (due: NonNullable<DeskItem['due']>, language: Language): string =>
  due.at === null
    ? due.text
    : format(due.at, language, { year: 'numeric', month: 'short', day: 'numeric', weekday: 'short' });

export const sumText = ({ amount, currency }: { amount: string; currency: string | null }): string =>
  currency === null || currency === '' ? amount : `${currency} ${amount}`;

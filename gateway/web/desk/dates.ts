// SPDX-License-Identifier: Apache-2.0
// Dates as people at the desk read them, in the campus's zone: a due date is a day there.
import type { DeskItem } from '@latchkey/protocols/api/desk';
import type { Language } from '../ui/language.ts';

export interface DateStyle {
  readonly language: Language;
  /** IANA name; undefined: the zone of this machine. */
  readonly timeZone: string | undefined;
}

/** A browser older than the name of a zone shows the times of its machine. */
export function dateStyle(language: Language, timeZone: string | undefined): DateStyle {
  try {
    return { language, timeZone: new Intl.DateTimeFormat(language, { timeZone }).resolvedOptions().timeZone };
  } catch {
    return { language, timeZone: undefined };
  }
}

const format = (atMs: number, { language, timeZone }: DateStyle, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(language, { hourCycle: 'h23', timeZone, ...options }).format(new Date(atMs));

export const clockOf = (atMs: number, style: DateStyle): string =>
  format(atMs, style, { hour: '2-digit', minute: '2-digit' });

export const momentOf = (atMs: number, style: DateStyle): string =>
  format(atMs, style, { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });

/** Due dates are of a day; as the library wrote it where it is no date. */
export const dueText = (due: NonNullable<DeskItem['due']>, style: DateStyle): string =>
  due.at === null
    ? due.text
    : format(due.at, style, { year: 'numeric', month: 'short', day: 'numeric', weekday: 'short' });

export const sumText = ({ amount, currency }: { amount: string; currency: string | null }): string =>
  currency === null || currency === '' ? amount : `${currency} ${amount}`;

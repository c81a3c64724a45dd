// SPDX-License-Identifier: Apache-2.0
// Dates as people read them, in the phone's own zone.
import type { Language } from '../ui/language.ts';

const format = (instant: string, language: Language, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(language, { hourCycle: 'h23', ...options }).format(new Date(instant));

export const dayOf = (instant: string, language: Language): string =>
  format(instant, language, { year: 'numeric', month: 'short', day: 'numeric' });

export const weekdayOf = (instant: string, language: Language): string =>
  format(instant, language, { month: 'long', day: 'numeric', weekday: 'long' });

export const clockOf = (instant: string, language: Language): string =>
  format(instant, language, { hour: '2-digit', minute: '2-digit' });

export const momentOf = (instant: string, language: Language): string =>
  format(instant, language, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });

// SPDX-License-Identifier: Apache-2.0
// What the answers of a made-up library have in common: its dates, due dates, language and lists, as its quirks have them.
import type { SipMessage } from '@latchkey/protocols/sip2/message';
import { fieldOf } from '@latchkey/protocols/sip2/message';
import type { RequestCode } from '@latchkey/protocols/sip2/message-table';
import { type SipDate, sipDateAt, writeSipDate } from '@latchkey/protocols/sip2/sip-date';
import type { Quirks, SipAnswer } from './answer-message.ts';
import type { Acting, Refusal } from './circulation.ts';
import { type Language, type Note, noteText, refusalText } from './library-words.ts';

export interface Answering extends Acting {
  readonly quirks: Quirks;
}

export type Request<C extends RequestCode = RequestCode> = SipMessage<C>;

const LANGUAGES: Readonly<Record<string, Language>> = { '001': 'en', '019': 'zh-CN' };

/** `code`: what the request asks for; only 23 and 63 have it. */
export const languageOf = ({ policy }: Acting, code = ''): Language => LANGUAGES[code] ?? policy.language;

export const refusalLine = (answering: Answering, refusal: Refusal, language?: Language): string =>
  refusalText(refusal, language ?? answering.policy.language);
export const noteLine = (answering: Answering, note: Note, language?: Language): string =>
  noteText(note, language ?? answering.policy.language);

/** The library's clock, as its answers write it. */
export function dateNow({ nowMs, calendar, quirks }: Answering): SipDate {
  if (!quirks.has('dates-in-utc')) return calendar.dateAt(nowMs);
  return { ...sipDateAt(nowMs, 'UTC'), zone: 'Z' };
}

/** AH, free text by the standard. */
export function dueText({ calendar, quirks }: Answering, dueMs: number): string {
  const date = calendar.dateAt(dueMs);
  const [year, month, day] = date.local.slice(0, 10).split('-');
  if (quirks.has('due-date-iso')) return `${year}-${month}-${day}`;
  if (quirks.has('due-date-chinese')) return `${year}年${Number(month)}月${Number(day)}日`;
  if (quirks.has('due-date-words')) return '学期末 / end of term';
  const written = writeSipDate(date);
  return written.ok ? written.value : '';
}

export const moneyText = (cents: number): string =>
  `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;

export const textOf = (request: Request, id: string): string => fieldOf(request, id) ?? '';

/** When an act of no-block happened, in the desk's words; now, for everything else. */
export function actTime(answering: Answering, noBlock: boolean, date: SipDate | null): number {
  return noBlock && date ? answering.calendar.instantOf(date) : answering.nowMs;
}

/** Whether no-block is honoured, by what the request says and what this library does with it. */
export const isStored = ({ quirks }: Answering, noBlock: boolean | null): boolean =>
  noBlock === true && !quirks.has('no-block-ignored');

export const barcodeText = ({ state, quirks }: Answering, barcode: string): string =>
  quirks.has('lists-with-titles') ? `${barcode} ${state.items.get(barcode)?.title ?? ''}` : barcode;

export type AnswerTo<C extends RequestCode> = (answering: Answering, request: Request<C>) => SipAnswer;

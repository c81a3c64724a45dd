// SPDX-License-Identifier: Apache-2.0
// SIP2's date of 18 characters: YYYYMMDD, a zone of four characters, HHMMSS (p.14). A blank zone is the server's local time,
// which is what we write; due dates (AH) are free text and are only guessed at.
import { err, ok, type Result } from '../result.ts';

/** Wall-clock time of whoever wrote it; `zone` is its one letter, `''` for local time. */
export interface SipDate {
  /** YYYY-MM-DDTHH:MM:SS. */
  readonly local: string;
  readonly zone: string;
}

export const SIP_DATE_WIDTH = 18;
const LOCAL = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})$/;
const WIRE = /^(\d{4})(\d{2})(\d{2})([ A-Z]{4})(\d{2})(\d{2})(\d{2})$/;

export function writeSipDate(date: SipDate | null): Result<string, 'bad-date'> {
  if (date === null) return ok(' '.repeat(SIP_DATE_WIDTH));
  const parts = LOCAL.exec(date.local);
  if (!parts || !/^[A-Z]?$/.test(date.zone) || !isReal(parts)) {
    return err('bad-date', `use YYYY-MM-DDTHH:MM:SS and a zone of one letter or none`);
  }
  const [, year, month, day, hour, minute, second] = parts;
  return ok(`${year}${month}${day}${date.zone.padStart(4)}${hour}${minute}${second}`);
}

/** `null` for blanks, zeros and anything that is no date: servers send all three. */
export function readSipDate(text: string): SipDate | null {
  const parts = WIRE.exec(text);
  if (!parts) return null;
  const [, year, month, day, zone = '', hour, minute, second] = parts;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const again = LOCAL.exec(local);
  return again && isReal(again) ? { local, zone: zone.trim() } : null;
}

/** The wall clock of an IANA zone at an instant, with the blank zone that servers take as their own time. */
export function sipDateAt(epochMs: number, timeZone: string): SipDate {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  const part = Object.fromEntries(format.formatToParts(epochMs).map(({ type, value }) => [type, value]));
  const { year, month, day, hour, minute, second } = part;
  return { local: `${year?.padStart(4, '0')}-${month}-${day}T${hour}:${minute}:${second}`, zone: '' };
}

const GUESSES: readonly RegExp[] = [
  /^(\d{4})(\d{2})(\d{2})(?:.{0,4}?(\d{2})(\d{2})(\d{2}))?$/,
  /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?.*)?$/,
];

/** Day (and time) of a due date, for sorting and reminders only; what is shown is always the library's own text. */
export function guessDueDate(text: string): string | undefined {
  for (const guess of GUESSES) {
    const parts = guess.exec(text.trim());
    if (!parts) continue;
    const [, year, month, day, hour, minute, second] = parts.map((part) => part?.padStart(2, '0'));
    const local = `${year}-${month}-${day}T${hour ?? '23'}:${minute ?? '59'}:${second ?? '59'}`;
    const again = LOCAL.exec(local);
    if (again && isReal(again)) return local;
  }
  return undefined;
}

function isReal(parts: RegExpExecArray): boolean {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number);
  if (year < 1 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return false;
  return day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

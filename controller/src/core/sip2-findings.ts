// SPDX-License-Identifier: Apache-2.0
// What a server's answers give away of its settings: charset, sums, delimiter, clock (reference: sip2, 8). Guesses say so.
import { CHARSETS, type Charset, decodeText } from '@latchkey/protocols/sip2/charset';
import { type ChecksumMode, checksumOf } from '@latchkey/protocols/sip2/checksum';
import type { SipDate } from '@latchkey/protocols/sip2/sip-date';

export interface CharsetFinding {
  readonly charset: Charset | null;
  /** `sure`: nothing else reads so; `likely`: the best reading; `unseen`: nothing but ASCII came. */
  readonly certainty: 'sure' | 'likely' | 'unseen';
}

const isAscii = (bytes: Uint8Array): boolean => bytes.every((byte) => byte < 0x80);
const MULTIBYTE_UTF8 = /[\u0080-\u{10ffff}]/u;

export function findCharset(lines: readonly Uint8Array[]): CharsetFinding {
  const telling = lines.filter((line) => !isAscii(line));
  if (telling.length === 0) return { charset: null, certainty: 'unseen' };
  const read = (charset: Charset) => telling.map((line) => decodeText(line, charset)).join('\n');
  const utf8 = read('utf-8');
  if (!utf8.includes('\ufffd') && MULTIBYTE_UTF8.test(utf8)) return { charset: 'utf-8', certainty: 'sure' };
  // Sums over characters hold in one reading only.
  const bySum = CHARSETS.filter((charset) => telling.every((line) => fitsOnly(line, charset)));
  if (bySum.length === 1) return { charset: bySum[0] ?? null, certainty: 'sure' };
  if (isChinese(read('gbk'))) return { charset: 'gbk', certainty: 'likely' };
  return {
    charset: strangeness(read('cp850')) <= strangeness(read('latin1')) ? 'cp850' : 'latin1',
    certainty: 'likely',
  };
}

/** Words of Chinese: several characters in a row. Letters with accents before ASCII read as single ones. */
function isChinese(gbk: string): boolean {
  const inWords = gbk.match(/\p{Script=Han}{2,}/gu)?.join('').length ?? 0;
  const all = gbk.match(/\p{Script=Han}/gu)?.length ?? 0;
  const strange = gbk.match(/[^\p{ASCII}\p{Script=Han}\u3000-\u303f\uff00-\uffef]/gu)?.length ?? 0;
  return inWords * 2 > all && strange * 5 < all;
}

/** Control characters, box drawings and signs amid words: the wrong reading. */
function strangeness(text: string): number {
  let score = 0;
  for (const character of text) {
    if (/[\u0080-\u009f]/.test(character)) score += 3;
    else if (/[\u2500-\u259f¤¦§¨¬±µ¶¸¹²³¼½¾×÷ƒ]/.test(character)) score += 2;
    else if (/[À-ÞŒ]/.test(character)) score += 1;
  }
  return score;
}

const TAIL = /AZ([0-9A-Fa-f]{4})[ \t]*$/;
export type SumForm = 'bytes' | 'code-units' | 'short';

/** Which ways of summing give the sum at the end; `undefined` where there is none. */
export function sumForms(line: Uint8Array, charset: Charset): readonly SumForm[] | undefined {
  const text = decodeText(line, charset);
  const tail = TAIL.exec(text);
  const [, sum = ''] = tail ?? [];
  if (!tail) return undefined;
  const summed = text.slice(0, tail.index + 2);
  const fits = (of: string, mode: ChecksumMode) => checksumOf(of, charset, mode) === sum.toUpperCase();
  const forms: SumForm[] = [];
  if (byteSum(line, tail[0].length - 2) === sum.toUpperCase()) forms.push('bytes');
  if (fits(summed, 'code-units')) forms.push('code-units');
  const body = summed.replace(/(?:AY\d)?AZ$/, '');
  if (forms.length === 0 && [body, body.slice(0, -1)].some((each) => fits(each, 'bytes') || fits(each, 'code-units')))
    forms.push('short');
  return forms;
}

/** Over what came, whatever its charset. */
function byteSum(line: Uint8Array, ending: number): string {
  const sum = line.subarray(0, line.length - ending).reduce((total, byte) => total + byte, 0);
  return (-sum & 0xffff).toString(16).toUpperCase().padStart(4, '0');
}

function fitsOnly(line: Uint8Array, charset: Charset): boolean {
  const forms = sumForms(line, charset);
  return forms !== undefined && forms.includes('code-units') && !forms.includes('bytes');
}

/** Of a 98, from the end of BX's row of letters. */
export function findDelimiter(status: Uint8Array): string | undefined {
  return /BX[YN ]{1,16}([^A-Za-z0-9 ])/.exec(String.fromCharCode(...status))?.[1];
}

export interface ClockFinding {
  /** Minutes ahead of UTC, to a quarter of an hour. */
  readonly offsetMinutes: number;
  /** Of its clock against ours, beyond the offset. */
  readonly aheadSeconds: number;
  readonly zone: string;
}

const QUARTER_MS = 900_000;

export function findClock(date: SipDate, nowMs: number): ClockFinding {
  const aheadMs = Date.parse(`${date.local}Z`) - nowMs;
  const quarters = Math.round(aheadMs / QUARTER_MS);
  return {
    // Never -0.
    offsetMinutes: quarters * 15 + 0,
    aheadSeconds: Math.round((aheadMs - quarters * QUARTER_MS) / 1_000),
    zone: date.zone,
  };
}

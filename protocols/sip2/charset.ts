// SPDX-License-Identifier: Apache-2.0
// Character sets of SIP2 connections: CP850 by the standard, others by agreement (p.14). Text is decoded before it is split: a
// trail byte of GBK may be 0x7C, the delimiter.
import iconv from 'iconv-lite';

export const CHARSETS = ['utf-8', 'cp850', 'gbk', 'latin1', 'ascii'] as const;
export type Charset = (typeof CHARSETS)[number];

const NAMES: Readonly<Record<Charset, string>> = {
  'utf-8': 'utf8',
  cp850: 'cp850',
  gbk: 'gbk',
  latin1: 'latin1',
  ascii: 'ascii',
};

/** What has no place in the charset becomes `?`. */
export const encodeText = (text: string, charset: Charset): Uint8Array =>
  new Uint8Array(iconv.encode(text, NAMES[charset], { addBOM: false }));

/** Never throws: what is no text of the charset becomes U+FFFD. */
export const decodeText = (bytes: Uint8Array, charset: Charset): string =>
  iconv.decode(bytes, NAMES[charset], { stripBOM: false });

/** Longest beginning of `text` that takes at most `most` bytes; never half a character. */
export function clipText(text: string, charset: Charset, most: number): string {
  if (encodeText(text, charset).length <= most) return text;
  let kept = '';
  let bytes = 0;
  for (const character of text) {
    bytes += encodeText(character, charset).length;
    if (bytes > most) break;
    kept += character;
  }
  return kept;
}

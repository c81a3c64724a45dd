// SPDX-License-Identifier: Apache-2.0
// Bytes of an office's file → text. UTF-8 where it is valid UTF-8, else GB18030, which contains GBK and GB2312: what Chinese
// versions of Excel save. Text in GBK is practically never valid UTF-8, so the order decides.
import { type CsvOutcome, fileProblem } from './csv-problem.ts';

export type TextEncodingName = 'utf-8' | 'gb18030' | 'utf-16le';

export interface DecodedText {
  readonly text: string;
  readonly encoding: TextEncodingName;
}

export const MAX_FILE_BYTES = 32 * 1024 * 1024;

const startsWith = (bytes: Uint8Array, prefix: readonly number[]) =>
  prefix.every((byte, index) => bytes[index] === byte);

function strictly(bytes: Uint8Array, encoding: TextEncodingName): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export function decodeText(bytes: Uint8Array): CsvOutcome<DecodedText> {
  if (bytes.length > MAX_FILE_BYTES) return fileProblem('too-large', 'split the file: at most 32 MiB are read at once');
  if (startsWith(bytes, [0x50, 0x4b, 0x03, 0x04]) || startsWith(bytes, [0xd0, 0xcf, 0x11, 0xe0])) {
    return fileProblem(
      'not-text',
      'this is an Excel workbook; save it as "CSV UTF-8 (Comma delimited)" and import that',
    );
  }
  const candidates: readonly TextEncodingName[] = startsWith(bytes, [0xff, 0xfe])
    ? ['utf-16le']
    : startsWith(bytes, [0xef, 0xbb, 0xbf])
      ? ['utf-8']
      : ['utf-8', 'gb18030'];
  for (const encoding of candidates) {
    const text = strictly(bytes, encoding);
    // NUL is valid in every encoding and in no CSV file.
    if (text !== undefined && !text.includes('\0')) return { ok: true, value: { text, encoding } };
  }
  return fileProblem('not-text', 'the file is neither UTF-8 nor GBK text; save it as "CSV UTF-8" and import that');
}

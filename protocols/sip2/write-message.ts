// SPDX-License-Identifier: Apache-2.0
// Writes SIP2 messages strictly: exact widths, required fields present, values clean of delimiters, at most 255 bytes each.
import { err, ok, type Result } from '../result.ts';
import { clipText, decodeText, encodeText } from './charset.ts';
import { checksumOf } from './checksum.ts';
import { FIELD_IDS, isFieldId } from './field-ids.ts';
import type { FieldsOf, FixedOf, SipOptions } from './message.ts';
import { type FixedField, formOf, type MessageCode, type MessageForm } from './message-table.ts';
import { type SipDate, writeSipDate } from './sip-date.ts';

export type WriteError = 'bad-fixed-field' | 'missing-field' | 'unknown-field' | 'repeated-field' | 'bad-sequence';

/** "0..255 chars" by the standard; servers count bytes. */
const MOST_BYTES = 255;
const TERMINATORS = { cr: '\r', crlf: '\r\n', lf: '\n' } as const;
/** 96 and 97 carry a checksum but never a sequence number (p.16). */
const WITHOUT_SEQUENCE: readonly string[] = ['96', '97'];

/** `sequence`: AY, 0 to 9. Not used where error detection is off. */
export function writeMessage<C extends MessageCode>(
  code: C,
  fixed: FixedOf<C>,
  fields: FieldsOf<C>,
  sequence: number,
  options: SipOptions,
): Result<Uint8Array, WriteError> {
  const form = formOf(code);
  const block = writeFixed(form, fixed);
  if (!block.ok) return block;
  const written = writeFields(form, fields, options);
  if (!written.ok) return written;
  const tail = writeTail(code + block.value + written.value, code, sequence, options);
  if (!tail.ok) return tail;
  return ok(encodeText(tail.value + TERMINATORS[options.terminator], options.charset));
}

function writeFixed(form: MessageForm, fixed: object): Result<string, 'bad-fixed-field'> {
  let block = '';
  for (const field of form.fixed) {
    const text = fixedText(field, (fixed as Record<string, unknown>)[field.name]);
    if (text === undefined || text.length !== field.width) {
      return err('bad-fixed-field', `${field.name}: has no form of ${field.width} characters`);
    }
    block += text;
  }
  return ok(block);
}

function fixedText({ type, width }: FixedField, value: unknown): string | undefined {
  switch (type) {
    case 'yes-no':
      return value === null ? ' ' : typeof value === 'boolean' ? (value ? 'Y' : 'N') : undefined;
    case 'one-zero':
      return typeof value === 'boolean' ? (value ? '1' : '0') : undefined;
    case 'number':
      if (value === null) return ' '.repeat(width);
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) return undefined;
      return String(value).padStart(width, '0');
    case 'date': {
      const date = writeSipDate(value as SipDate | null);
      return date.ok ? date.value : undefined;
    }
    case 'flags':
      return typeof value === 'string' && /^[YN ]*$/.test(value) ? value.padEnd(width) : undefined;
    case 'text':
      return typeof value === 'string' && /^[ -~]*$/.test(value) ? value.padEnd(width) : undefined;
  }
}

function writeFields(
  form: MessageForm,
  fields: Readonly<Record<string, string | readonly string[] | undefined>>,
  options: SipOptions,
): Result<string, WriteError> {
  let written = '';
  for (const id of form.required) if (fields[id] === undefined) return err('missing-field', `${id}: is required`);
  for (const [id, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (!isFieldId(id) || !(form.required.includes(id) || form.optional.includes(id))) {
      return err('unknown-field', `${id}: is no field of ${form.name}`);
    }
    const values = typeof value === 'string' ? [value] : value;
    if (values.length > 1 && !('repeats' in FIELD_IDS[id])) return err('repeated-field', `${id}: may stand once only`);
    for (const each of values) written += id + cleanValue(each, options) + options.delimiter;
  }
  return ok(written);
}

/** What would end a field or a message is written as others write it: the delimiter as an entity, line ends as blanks. */
function cleanValue(value: string, { charset, delimiter }: SipOptions): string {
  const clean = value
    .replace(/\r\n?|\n/g, ' ')
    .replace(/\p{Cc}/gu, '')
    .replaceAll(delimiter, `&#${delimiter.charCodeAt(0)};`);
  return clipText(clean, charset, MOST_BYTES);
}

function writeTail(body: string, code: string, sequence: number, options: SipOptions): Result<string, 'bad-sequence'> {
  if (options.checksum === 'off') return ok(body);
  if (!Number.isInteger(sequence) || sequence < 0 || sequence > 9)
    return err('bad-sequence', 'use a digit from 0 to 9');
  const text = `${body}${WITHOUT_SEQUENCE.includes(code) ? '' : `AY${sequence}`}AZ`;
  // As whoever reads it will have it: what has no place in the charset is another character by then.
  const onWire = decodeText(encodeText(text, options.charset), options.charset);
  return ok(text + checksumOf(onWire, options.charset, options.checksum));
}

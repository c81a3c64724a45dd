// SPDX-License-Identifier: Apache-2.0
// Reads SIP2 messages tolerantly: fields in any order, unknown, repeated, empty or too long, a tail in either case. What cannot
// be told is an error by name; nothing throws.
import { err, ok, type Result } from '../result.ts';
import { decodeText } from './charset.ts';
import { checksumOf } from './checksum.ts';
import type { SipMessage, SipOptions } from './message.ts';
import { type FixedField, fixedWidth, formOf, isMessageCode, type MessageCode } from './message-table.ts';
import { readSipDate } from './sip-date.ts';

export type ReadError = 'too-short' | 'unknown-code' | 'fixed-block-short' | 'bad-fixed-field';

/** `bytes`: one message without its terminator, as sip-stream.ts cuts them. */
export function readMessage(bytes: Uint8Array, options: SipOptions): Result<SipMessage, ReadError> {
  const text = decodeText(bytes, options.charset);
  const code = text.slice(0, 2);
  if (code.length < 2) return err('too-short', 'a message has at least two characters');
  if (!isMessageCode(code)) return err('unknown-code', 'no message of SIP2 2.00 has this code');
  const { body, sequence, checksum } = takeTail(text, 2 + fixedWidth(code), options);
  const fixed = readFixed(code, body);
  if (!fixed.ok) return fixed;
  const fields = readFields(body.slice(2 + fixed.value.width), options.delimiter);
  // The table that made the block made its type.
  return ok({ code, fixed: fixed.value.block, fields, sequence, checksum } as unknown as SipMessage);
}

const TAIL = /(?:AY([0-9]))?AZ([0-9A-Fa-f]{4})[ \t]*$/;
/** dp2 leaves the delimiter out before it; a sequence without checksum is seen too. */
const SEQUENCE_ONLY = /AY([0-9])[ \t]*$/;

/** `from`: the end of the fixed block, whose text may look like a tail. */
function takeTail(
  text: string,
  from: number,
  options: SipOptions,
): Pick<SipMessage, 'sequence' | 'checksum'> & { body: string } {
  const rest = text.slice(from);
  const tail = TAIL.exec(rest);
  if (!tail) {
    const bare = SEQUENCE_ONLY.exec(rest);
    const sequence = bare?.[1] === undefined ? undefined : Number(bare[1]);
    return { body: bare ? text.slice(0, from + bare.index) : text, sequence, checksum: 'absent' };
  }
  const [whole, digit, sum = ''] = tail;
  const summed = text.slice(0, from + tail.index + whole.indexOf('AZ') + 2);
  const right = checksumOf(summed, options.charset, options.checksum) === sum.toUpperCase();
  const ignored = options.checksum === 'ignored' || options.checksum === 'off';
  return {
    body: text.slice(0, from + tail.index),
    sequence: digit === undefined ? undefined : Number(digit),
    checksum: right || ignored ? 'right' : 'wrong',
  };
}

function readFixed(
  code: MessageCode,
  body: string,
): Result<{ block: Record<string, unknown>; width: number }, 'fixed-block-short' | 'bad-fixed-field'> {
  const block: Record<string, unknown> = {};
  let at = 2;
  for (const field of formOf(code).fixed) {
    const text = body.slice(at, at + field.width);
    if (text.length < field.width) return err('fixed-block-short', `${field.name}: the message ends before it`);
    const value = fixedValue(field, text);
    if (value === undefined) return err('bad-fixed-field', `${field.name}: unexpected characters`);
    block[field.name] = value;
    at += field.width;
  }
  return ok({ block, width: at - 2 });
}

/** `undefined`: nothing that it could mean. Only a yes or no that decides something is held to its letters. */
function fixedValue({ type }: FixedField, text: string): unknown {
  switch (type) {
    case 'yes-no':
      return text === 'Y' || text === '1' ? true : text === 'N' || text === '0' ? false : null;
    case 'one-zero':
      return text === '1' || text === 'Y' ? true : text === '0' || text === 'N' ? false : undefined;
    case 'number':
      return /^\s*\d+\s*$/.test(text) ? Number(text) : null;
    case 'date':
      return readSipDate(text);
    case 'flags':
      return text;
    case 'text':
      return text.trimEnd();
  }
}

function readFields(text: string, delimiter: string): Record<string, string[]> {
  const fields: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const part of text.split(delimiter)) {
    const id = part.slice(0, 2);
    if (!/^[A-Z][A-Z0-9]$/.test(id)) continue;
    const value = part.slice(2).replaceAll(`&#${delimiter.charCodeAt(0)};`, delimiter);
    const known = fields[id];
    if (known) known.push(value);
    else fields[id] = [value];
  }
  return fields;
}

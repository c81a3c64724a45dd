// SPDX-License-Identifier: Apache-2.0
// An answer of a made-up library and its bytes: written by the strict codec, then made wrong where a quirk wants it so.
import { decodeText, encodeText } from '@latchkey/protocols/sip2/charset';
import { checksumOf } from '@latchkey/protocols/sip2/checksum';
import type { FieldsOf, FixedOf, SipOptions } from '@latchkey/protocols/sip2/message';
import { fixedWidth, type MessageCode } from '@latchkey/protocols/sip2/message-table';
import { writeMessage } from '@latchkey/protocols/sip2/write-message';
import type { Quirk } from './quirks.ts';

export type SipAnswer<C extends MessageCode = MessageCode> = {
  [K in C]: {
    readonly code: K;
    readonly fixed: FixedOf<K>;
    readonly fields: FieldsOf<K>;
    /** Fields that the standard does not give this message. */
    readonly extra?: readonly (readonly [id: string, value: string])[];
  };
}[C];

/** Of one connection by agreement; the rest is quirks. */
export type AnswerOptions = Pick<SipOptions, 'charset' | 'terminator' | 'delimiter'>;

export type Quirks = ReadonlySet<Quirk>;

/** AY of the question; `undefined` where it came without error detection. */
export type Detection = { readonly sequence: number | undefined } | undefined;

const LONG = '请注意：图书馆本周六闭馆。The library is closed on Saturday. '.repeat(12);
const ENDS = { cr: '\r', crlf: '\r\n', lf: '\n' } as const;
const REPEATING = ['AS', 'AT', 'AU', 'AV', 'BU', 'CD'];

export function answerBytes(answer: SipAnswer, detection: Detection, options: AnswerOptions, quirks: Quirks) {
  const whole = quirkyBody(answer, bodyOf(answer, options), options, quirks);
  const isBare = detection !== undefined && quirks.has('no-delimiter-before-tail') && whole.endsWith(options.delimiter);
  const body = isBare ? whole.slice(0, -1) : whole;
  const text = body + tailOf(answer.code, body, detection, options, quirks) + ENDS[options.terminator];
  return encodeText(quirks.has('leading-lf') ? `\n${text}` : text, options.charset);
}

function bodyOf({ code, fixed, fields }: SipAnswer, options: AnswerOptions): string {
  // What made the answer made its fields.
  const plain = { ...options, checksum: 'off', terminator: 'cr' } as const;
  const bytes = writeMessage(code, fixed as never, fields as never, 0, plain);
  if (!bytes.ok) throw new Error(`the library has no answer ${code}: ${bytes.detail}`);
  return decodeText(bytes.value.subarray(0, -1), options.charset);
}

function quirkyBody({ code, extra = [] }: SipAnswer, body: string, options: AnswerOptions, quirks: Quirks): string {
  const { delimiter } = options;
  const width = 2 + fixedWidth(code);
  let fields = body.slice(width).split(delimiter).slice(0, -1);
  if (code !== '96') fields.push(...extra.map(([id, value]) => id + value.replaceAll(delimiter, ' ')));
  if (quirks.has('long-values') && fields.length > 0 && code !== '98') fields.push(`AF${LONG}`);
  if (quirks.has('unknown-fields') && fields.length > 0) fields.push('XI10442', 'ZYno field of the standard');
  if (quirks.has('empty-repeats') && code === '64') fields.push(...REPEATING.flatMap((id) => [id, id]));
  if (quirks.has('shuffled-fields')) fields = fields.toReversed();
  const text = fields.map((field) => field + delimiter).join('');
  const entity = `&#${delimiter.charCodeAt(0)};`;
  return body.slice(0, width) + (quirks.has('bare-delimiter') ? text.replaceAll(entity, delimiter) : text);
}

function tailOf(code: MessageCode, body: string, detection: Detection, options: AnswerOptions, quirks: Quirks): string {
  if (!detection || quirks.has('checksum-none')) return '';
  const { sequence } = detection;
  const mark = code === '96' || sequence === undefined ? 'AZ' : `AY${sequence}AZ`;
  const mode = quirks.has('checksum-code-units') ? 'code-units' : 'bytes';
  const isCut = quirks.has('checksum-short') && body.endsWith(options.delimiter);
  const summed = quirks.has('checksum-short') ? (isCut ? body.slice(0, -1) : body) : body + mark;
  const sum = checksumOf(summed, options.charset, mode);
  return mark + (quirks.has('checksum-lower-case') ? sum.toLowerCase() : sum);
}

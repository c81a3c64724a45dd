// SPDX-License-Identifier: Apache-2.0
// What a SIP2 message is once read, and the options of one connection: servers agree on little (reference: sip2, Quirks).
import type { Charset } from './charset.ts';
import type { ChecksumMode } from './checksum.ts';
import type { FixedField, MESSAGES, MessageCode } from './message-table.ts';
import type { SipDate } from './sip-date.ts';

/** Of one connection, by agreement with the library's server. */
export interface SipOptions {
  readonly charset: Charset;
  readonly checksum: ChecksumMode;
  /** Written at the end; CR, LF and CR LF are all understood. */
  readonly terminator: 'cr' | 'crlf' | 'lf';
  /** One character; `|` by the standard. */
  readonly delimiter: string;
}

export const STANDARD_OPTIONS: SipOptions = { charset: 'cp850', checksum: 'bytes', terminator: 'cr', delimiter: '|' };

type FixedValue<F extends FixedField> = {
  'yes-no': boolean | null;
  'one-zero': boolean;
  number: number | null;
  date: SipDate | null;
  flags: string;
  text: string;
}[F['type']];

/** Values of a message's fixed block by name. */
export type FixedOf<C extends MessageCode> = {
  readonly [F in (typeof MESSAGES)[C]['fixed'][number] as F['name']]: FixedValue<F>;
};

type RequiredId<C extends MessageCode> = (typeof MESSAGES)[C]['required'][number];
type OptionalId<C extends MessageCode> = (typeof MESSAGES)[C]['optional'][number];

/** Fields to write: every required one, any of the optional ones; several values where the field repeats. */
export type FieldsOf<C extends MessageCode> = { readonly [Id in RequiredId<C>]: string } & {
  readonly [Id in OptionalId<C>]?: string | readonly string[] | undefined;
};

interface MessageOf<C extends MessageCode> {
  readonly code: C;
  readonly fixed: FixedOf<C>;
  /** Every field that was there, also unknown ones and ones that this message should not have; values in order. */
  readonly fields: { readonly [id: string]: readonly string[] };
  /** AY, where error detection is on. */
  readonly sequence: number | undefined;
  readonly checksum: 'right' | 'wrong' | 'absent';
}

/** One of the messages, told apart by its code. */
export type SipMessage<C extends MessageCode = MessageCode> = { [K in C]: MessageOf<K> }[C];

/** First value of a field, `undefined` where it is absent or empty. */
export function fieldOf(message: Pick<SipMessage, 'fields'>, id: string): string | undefined {
  const value = message.fields[id]?.[0];
  return value === undefined || value === '' ? undefined : value;
}

/** All values that are not empty. */
export const fieldsOf = (message: Pick<SipMessage, 'fields'>, id: string): readonly string[] =>
  (message.fields[id] ?? []).filter((value) => value !== '');

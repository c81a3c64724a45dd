// SPDX-License-Identifier: Apache-2.0
// What a desk asks, as SIP2 messages (reference: sip2, 4 and 7). What has happened already goes with no block, its own time and
// the due date that the desk gave.

import { PAYMENT_TYPES, type SummaryList, summaryFlags } from '@latchkey/protocols/sip2/enumerations';
import type { FieldsOf, FixedOf, SipMessage } from '@latchkey/protocols/sip2/message';
import type { RequestCode } from '@latchkey/protocols/sip2/message-table';
import { type SipDate, sipDateAt } from '@latchkey/protocols/sip2/sip-date';
import type { AskedAct } from './desk-state.ts';

export interface SipContext {
  readonly institution: string;
  readonly location: string;
  readonly terminalPassword: string;
  /** SIP2's three digits. */
  readonly language: string;
  readonly timeZone: string;
  readonly nowMs: number;
}

export type SipRequest<C extends RequestCode = RequestCode> = {
  [K in C]: { readonly code: K; readonly fixed: FixedOf<K>; readonly fields: FieldsOf<K> };
}[C];

/** Whether a question left at all decides what may be done next. */
export type SipOutcome =
  | { readonly ok: true; readonly message: SipMessage }
  /** `unsupported`: the library's server does not offer this message, and so it was not sent. */
  | { readonly ok: false; readonly sent: boolean; readonly unsupported?: true };

export interface SipExchange {
  /** Never rejects. */
  ask(request: SipRequest): Promise<SipOutcome>;
}

interface Stored {
  readonly atMs: number;
  readonly dueMs: number | null;
}

const dateOf = ({ timeZone }: SipContext, ms: number): SipDate => sipDateAt(ms, timeZone);

export function actRequest(
  context: SipContext,
  { act, item, patron }: AskedAct,
  feeAccepted: boolean,
  stored: Stored | undefined,
): SipRequest<'09' | '11' | '29'> {
  const transactionDate = dateOf(context, stored?.atMs ?? context.nowMs);
  const noBlock = stored !== undefined;
  const noBlockDueDate = stored?.dueMs == null ? null : dateOf(context, stored.dueMs);
  const place = { AO: context.institution, AB: item, AC: context.terminalPassword };
  if (act === 'return') {
    const fixed = { noBlock, transactionDate, returnDate: transactionDate };
    return { code: '09', fixed, fields: { ...place, AP: context.location } };
  }
  const fields = { ...place, AA: patron ?? '', BO: feeAccepted ? 'Y' : 'N' };
  if (act === 'renewal')
    return { code: '29', fixed: { thirdPartyAllowed: false, noBlock, transactionDate, noBlockDueDate }, fields };
  return { code: '11', fixed: { renewalPolicy: true, noBlock, transactionDate, noBlockDueDate }, fields };
}

export function patronRequest(context: SipContext, number: string, list?: SummaryList): SipRequest<'63'> {
  const { language, institution, terminalPassword } = context;
  const fixed = { language, transactionDate: dateOf(context, context.nowMs), summary: summaryFlags(list) };
  return { code: '63', fixed, fields: { AO: institution, AA: number, AC: terminalPassword, AD: '' } };
}

export function patronStatusRequest(context: SipContext, number: string): SipRequest<'23'> {
  const { language, institution, terminalPassword } = context;
  const fixed = { language, transactionDate: dateOf(context, context.nowMs) };
  return { code: '23', fixed, fields: { AO: institution, AA: number, AC: terminalPassword, AD: '' } };
}

export function itemRequest(context: SipContext, item: string): SipRequest<'17'> {
  const fixed = { transactionDate: dateOf(context, context.nowMs) };
  return { code: '17', fixed, fields: { AO: context.institution, AB: item, AC: context.terminalPassword } };
}

export function renewAllRequest(context: SipContext, number: string): SipRequest<'65'> {
  const fixed = { transactionDate: dateOf(context, context.nowMs) };
  return { code: '65', fixed, fields: { AO: context.institution, AA: number, AC: context.terminalPassword } };
}

export function endRequest(context: SipContext, number: string): SipRequest<'35'> {
  const fixed = { transactionDate: dateOf(context, context.nowMs) };
  return { code: '35', fixed, fields: { AO: context.institution, AA: number, AC: context.terminalPassword } };
}

export interface Payment {
  readonly number: string;
  readonly amount: string;
  readonly currency: string | null;
  readonly payment: keyof typeof PAYMENT_TYPES;
}

const OTHER_FEE = '01';
const DEFAULT_CURRENCY = 'CNY';

export function feeRequest(context: SipContext, { number, amount, currency, payment }: Payment): SipRequest<'37'> {
  const fixed = {
    transactionDate: dateOf(context, context.nowMs),
    feeType: OTHER_FEE,
    paymentType: PAYMENT_TYPES[payment],
    currency: currency ?? DEFAULT_CURRENCY,
  };
  return {
    code: '37',
    fixed,
    fields: { BV: amount, AO: context.institution, AA: number, AC: context.terminalPassword },
  };
}

// SPDX-License-Identifier: Apache-2.0
// The library of a desk over SIP2: each question a message, each answer a value. What cannot be asked of this server is told
// apart from what it did not answer.
import { languageCode } from '@latchkey/protocols/sip2/enumerations';
import type { SipMessage } from '@latchkey/protocols/sip2/message';
import {
  feeAnswer,
  holderOf,
  loanAnswer,
  patronAnswer,
  renewAllAnswer,
  returnAnswer,
} from '../core/desk-sip-answers.ts';
import * as requests from '../core/desk-sip-requests.ts';
import type { ActAnswer, AskedAct } from '../core/desk-state.ts';
import type { DeskLibrary, Finding, StoredAct } from './desk-library.ts';

export interface DeskSipParts {
  readonly exchange: requests.SipExchange;
  readonly state: DeskLibrary['state'];
  readonly institution: string;
  readonly location: string;
  readonly terminalPassword: string;
  /** As in zh-CN. */
  readonly language: string;
  readonly timeZone: () => string;
  readonly now: () => number;
}

const NO_ANSWER = { outcome: 'no-answer' } as const;
const NOBODY_KNOWS = { outcome: 'not-so', holder: 'unknown', holderDue: null } as const;
/** Asking later brings no more. */
const wasTold = (outcome: requests.SipOutcome): boolean => outcome.ok || outcome.unsupported === true;

export function createDeskSip(parts: DeskSipParts): DeskLibrary {
  const { exchange, institution, location, terminalPassword } = parts;
  const context = (): requests.SipContext => ({
    institution,
    location,
    terminalPassword,
    language: languageCode(parts.language),
    timeZone: parts.timeZone(),
    nowMs: parts.now(),
  });

  async function act(asked: AskedAct, feeAccepted: boolean, stored?: StoredAct): Promise<ActAnswer> {
    const answered = await exchange.ask(requests.actRequest(context(), asked, feeAccepted, stored));
    // What the server never takes is not kept for later either.
    if (!answered.ok && answered.unsupported) return { outcome: 'refused' };
    if (!answered.ok) return { outcome: answered.sent ? 'unknown' : 'not-sent' };
    const { message } = answered;
    if (message.code === '10') return returnAnswer(message);
    if (message.code === '12' || message.code === '30') return loanAnswer(message, feeAccepted, parts.timeZone());
    return { outcome: 'unknown' };
  }

  async function find({ act: wanted, item, patron }: AskedAct): Promise<Finding> {
    const asked = await exchange.ask(requests.itemRequest(context(), item));
    const found = asked.ok && asked.message.code === '18' ? asked.message : undefined;
    if (wanted === 'return') {
      if (!found) return wasTold(asked) ? NOBODY_KNOWS : NO_ANSWER;
      const holder = holderOf(found, undefined, item);
      return holder === 'nobody' ? { outcome: 'as-said' } : { outcome: 'not-so', holder, holderDue: dueText(found) };
    }
    const said = await exchange.ask(requests.patronRequest(context(), patron ?? '', 'charged'));
    if (!said.ok || said.message.code !== '64') return wasTold(said) ? NOBODY_KNOWS : NO_ANSWER;
    const holder = holderOf(found, said.message, item);
    return holder === 'this-patron' ? { outcome: 'as-said' } : { outcome: 'not-so', holder, holderDue: dueText(found) };
  }

  return {
    state: parts.state,
    act,
    find,
    async patron(number) {
      const asked = await exchange.ask(requests.patronRequest(context(), number, 'holds'));
      if (asked.ok && asked.message.code === '64') return patronAnswer(asked.message);
      if (asked.ok || !asked.unsupported) return NO_ANSWER;
      // Older servers know the patron's status only.
      const less = await exchange.ask(requests.patronStatusRequest(context(), number));
      return less.ok && less.message.code === '24' ? patronAnswer(less.message) : NO_ANSWER;
    },
    async renewAll(number) {
      const asked = await exchange.ask(requests.renewAllRequest(context(), number));
      if (asked.ok && asked.message.code === '66') return renewAllAnswer(asked.message);
      if (!asked.ok && asked.unsupported) return { ...NONE_RENEWED, outcome: 'refused' };
      return { ...NONE_RENEWED, ...NO_ANSWER };
    },
    async pay(fee) {
      const asked = await exchange.ask(requests.feeRequest(context(), fee));
      if (asked.ok && asked.message.code === '38') return feeAnswer(asked.message);
      return { paid: asked.ok || asked.sent ? null : false, detail: null };
    },
    async endSession(number) {
      await exchange.ask(requests.endRequest(context(), number));
    },
  };
}

const NONE_RENEWED = { renewed: [], unrenewed: [], detail: null } as const;

const dueText = (item: SipMessage<'18'> | undefined): string | null => item?.fields['AH']?.[0]?.slice(0, 255) ?? null;

// SPDX-License-Identifier: Apache-2.0
// Every request that SIP2 has, and what a made-up library answers to it (reference: sip2, 4).
import { type SupportedMessage, supportedFlags } from '@latchkey/protocols/sip2/enumerations';
import { MESSAGES, type RequestCode } from '@latchkey/protocols/sip2/message-table';
import type { SipAnswer } from './answer-message.ts';
import { type Answering, type AnswerTo, dateNow, noteLine, type Request } from './answering.ts';
import { loanAnswer, renewAllAnswer, renewalAnswer, returnAnswer } from './answers-circulation.ts';
import { holdAnswer, itemAnswer, propertiesAnswer } from './answers-items.ts';
import { blockAnswer, enableAnswer, endAnswer, feeAnswer, informationAnswer, statusAnswer } from './answers-people.ts';

type Answerers = { readonly [C in Exclude<RequestCode, '93'>]: AnswerTo<C> };

/** Position in BX. */
const NAMES: Readonly<Record<RequestCode, SupportedMessage>> = {
  '23': 'patronStatus',
  '11': 'checkout',
  '09': 'checkin',
  '01': 'blockPatron',
  '99': 'status',
  '93': 'login',
  '63': 'patronInformation',
  '35': 'endSession',
  '37': 'feePaid',
  '17': 'itemInformation',
  '19': 'itemStatusUpdate',
  '25': 'patronEnable',
  '15': 'hold',
  '29': 'renew',
  '65': 'renewAll',
};
const UNDERSTATED: readonly SupportedMessage[] = ['feePaid', 'renewAll'];
const OVERSTATED: readonly SupportedMessage[] = ['hold', 'renewAll', 'itemStatusUpdate'];

export const isRequest = (code: string): code is RequestCode => Object.hasOwn(NAMES, code);

/** Whether there is an answer at all, whatever BX says. */
export function answersTo({ policy, quirks }: Pick<Answering, 'policy' | 'quirks'>, code: RequestCode): boolean {
  const name = NAMES[code];
  return policy.supports.includes(name) && !(quirks.has('bx-overstates') && OVERSTATED.includes(name));
}

const MOST_RETRIES = 999;

export const acsStatus = (answering: Answering): SipAnswer => {
  const { policy, quirks } = answering;
  const claimed = policy.supports.filter((name) => !quirks.has('bx-understates') || !UNDERSTATED.includes(name));
  const { onLine } = policy;
  return {
    code: '98',
    fixed: {
      onLine,
      checkinOk: onLine,
      checkoutOk: onLine,
      renewalPolicy: onLine,
      statusUpdateOk: onLine,
      offLineOk: !quirks.has('no-block-hidden'),
      timeoutPeriod: onLine ? policy.timeoutTenths : 0,
      retriesAllowed: Math.min(policy.retries, MOST_RETRIES),
      dateTimeSync: dateNow(answering),
      protocolVersion: '2.00',
    },
    fields: {
      AO: policy.institution,
      AM: policy.name,
      BX: supportedFlags(claimed),
      AF: onLine ? undefined : noteLine(answering, 'off-line'),
    },
  };
};

const ANSWERERS: Answerers = {
  '99': acsStatus,
  '23': statusAnswer,
  '63': informationAnswer,
  '11': loanAnswer,
  '09': returnAnswer,
  '29': renewalAnswer,
  '65': renewAllAnswer,
  '15': holdAnswer,
  '17': itemAnswer,
  '19': propertiesAnswer,
  '37': feeAnswer,
  '35': endAnswer,
  '01': blockAnswer,
  '25': enableAnswer,
};

/** Carries the request out and says what came of it. Off line, everything is answered with 98 and nothing carried out. */
export function answerRequest(answering: Answering, request: Request<Exclude<RequestCode, '93'>>): SipAnswer {
  if (!answering.policy.onLine) return acsStatus(answering);
  // The code that finds the row in the table makes its type.
  return (ANSWERERS[request.code] as (answering: Answering, request: Request) => SipAnswer)(answering, request);
}

export const loginAnswer = (ok: boolean): SipAnswer => ({ code: MESSAGES['93'].answer, fixed: { ok }, fields: {} });

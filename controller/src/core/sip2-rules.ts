// SPDX-License-Identifier: Apache-2.0
// What a desk may send to a library's server, and how often (reference: sip2, 2 and 8): only what it offers, and again only
// what changes nothing there.
import { type SupportedMessage, supportedMessages } from '@latchkey/protocols/sip2/enumerations';
import { fieldOf, type SipMessage } from '@latchkey/protocols/sip2/message';
import type { RequestCode } from '@latchkey/protocols/sip2/message-table';

/** Which message of BX a code is. */
const NAMES: Readonly<Record<RequestCode, SupportedMessage>> = {
  '01': 'blockPatron',
  '09': 'checkin',
  '11': 'checkout',
  '15': 'hold',
  '17': 'itemInformation',
  '19': 'itemStatusUpdate',
  '23': 'patronStatus',
  '25': 'patronEnable',
  '29': 'renew',
  '35': 'endSession',
  '37': 'feePaid',
  '63': 'patronInformation',
  '65': 'renewAll',
  '93': 'login',
  '99': 'status',
};
export const messageName = (code: RequestCode): SupportedMessage => NAMES[code];

/** Asked twice, nothing differs: the only ones that go again without an answer (quirk 1). */
const WITHOUT_EFFECT: readonly RequestCode[] = ['17', '23', '63', '93', '99'];
export const isWithoutEffect = (code: RequestCode): boolean => WITHOUT_EFFECT.includes(code);

/** The operator's word over BX. */
export type Supports = Readonly<Partial<Record<SupportedMessage, boolean | undefined>>>;

/** Without any BX nothing is known, and an unknown code may cost the connection at worst (quirks 6 and 12). */
export function isOffered(name: SupportedMessage, status: SipMessage<'98'> | undefined, supports: Supports): boolean {
  const said = supports[name];
  if (said !== undefined) return said;
  const flags = status && fieldOf(status, 'BX');
  return flags === undefined || supportedMessages(flags).includes(name);
}

/** By its own word: the front answers, the system behind it does not. */
export const isAway = ({ fixed }: SipMessage<'98'>): boolean => fixed.onLine === false || fixed.timeoutPeriod === 0;

export interface Patience {
  readonly timeoutMs: number;
  /** How often a question without effect goes again. */
  readonly retries: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;
const LEAST_TIMEOUT_MS = 2_000;
const MOST_TIMEOUT_MS = 10_000;
const DEFAULT_RETRIES = 1;
const UNKNOWN = 999;

/** The server's own numbers are hints: somebody stands at the counter. What the operator says holds. */
export function patienceOf(
  said: { readonly timeoutMs?: number | undefined; readonly retries?: number | undefined },
  status: SipMessage<'98'> | undefined,
): Patience {
  const tenths = status?.fixed.timeoutPeriod ?? UNKNOWN;
  const hinted = tenths === 0 || tenths === UNKNOWN ? DEFAULT_TIMEOUT_MS : tenths * 100;
  const retries = status?.fixed.retriesAllowed ?? UNKNOWN;
  return {
    timeoutMs: said.timeoutMs ?? Math.min(Math.max(hinted, LEAST_TIMEOUT_MS), MOST_TIMEOUT_MS),
    retries: said.retries ?? Math.min(retries, DEFAULT_RETRIES),
  };
}

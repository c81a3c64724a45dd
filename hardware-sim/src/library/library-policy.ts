// SPDX-License-Identifier: Apache-2.0
// Rules of a made-up library: how long and how many, when a patron may not, what being late costs; and what of SIP2 it offers.
import type { PatronCondition, SupportedMessage } from '@latchkey/protocols/sip2/enumerations';
import { SUPPORTED_MESSAGES } from '@latchkey/protocols/sip2/enumerations';

export interface LibraryPolicy {
  readonly name: string;
  readonly institution: string;
  /** Of what it says to people, where a request does not say. */
  readonly language: 'zh-CN' | 'en';
  readonly timeZone: string;
  readonly currency: string;
  readonly loanDays: number;
  /** How often one loan may be renewed. */
  readonly renewals: number;
  readonly loanLimit: number;
  /** Overdue books beyond which nobody borrows. */
  readonly overdueLimit: number;
  readonly holdLimit: number;
  /** Owed beyond this, nobody borrows. */
  readonly feeLimitCents: number;
  readonly finePerDayCents: number;
  /** A loan of what the patron has already is a renewal. */
  readonly loanRenews: boolean;
  /** A password of the patron's is asked for, not only looked at when it is there. */
  readonly needsPin: boolean;
  /** Patrons and books that nobody entered are made up when they are first asked for. */
  readonly takesAnything: boolean;
  /** A stored loan (no block) of a book that another patron has takes it over, instead of being refused. */
  readonly reissues: boolean;
  /** What 98 says; off line it answers everything with 98. */
  readonly onLine: boolean;
  /** Requests that it knows; BX says so. */
  readonly supports: readonly SupportedMessage[];
  /** Of 98: tenths of a second, and how often. */
  readonly timeoutTenths: number;
  readonly retries: number;
  /** A connection that says nothing for so long is closed. 0: never. */
  readonly idleMs: number;
}

export const DEFAULT_POLICY: LibraryPolicy = {
  name: '示例图书馆',
  institution: 'LIB',
  language: 'zh-CN',
  timeZone: 'Asia/Shanghai',
  currency: 'CNY',
  loanDays: 30,
  renewals: 2,
  loanLimit: 10,
  overdueLimit: 2,
  holdLimit: 5,
  feeLimitCents: 2_000,
  finePerDayCents: 10,
  loanRenews: true,
  needsPin: false,
  takesAnything: false,
  reissues: false,
  onLine: true,
  supports: SUPPORTED_MESSAGES,
  timeoutTenths: 50,
  retries: 3,
  idleMs: 0,
};

/** How a patron stands at a moment. */
export interface Standing {
  readonly charged: number;
  readonly overdue: number;
  readonly owedCents: number;
}

/** What the fourteen positions say: blocks set by people, and those that follow from how the patron stands. */
export function conditionsOf(
  set: readonly PatronCondition[],
  { charged, overdue, owedCents }: Standing,
  policy: LibraryPolicy,
): PatronCondition[] {
  const found = new Set(set);
  if (charged >= policy.loanLimit) found.add('tooManyCharged');
  if (overdue > policy.overdueLimit) found.add('tooManyOverdue');
  if (owedCents > policy.feeLimitCents) found.add('excessiveFines');
  // Being full keeps nobody from renewing; being late or in debt does.
  const isBlocked = found.has('tooManyOverdue') || found.has('excessiveFines') || found.has('cardReportedLost');
  if (isBlocked) found.add('renewalDenied');
  if (isBlocked || found.has('tooManyCharged')) found.add('chargeDenied');
  return [...found];
}

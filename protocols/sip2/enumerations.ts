// SPDX-License-Identifier: Apache-2.0
// Rows of flags and short codes of SIP2 (3M rev 2.12) by name. Reasons of refusal come as free text only, so the fourteen
// flags of a patron are what a screen may rely on.

/** `Y`: the condition holds. */
export const PATRON_CONDITIONS = [
  'chargeDenied',
  'renewalDenied',
  'recallDenied',
  'holdDenied',
  'cardReportedLost',
  'tooManyCharged',
  'tooManyOverdue',
  'tooManyRenewals',
  'tooManyClaimsReturned',
  'tooManyLost',
  'excessiveFines',
  'excessiveFees',
  'recallOverdue',
  'tooManyBilled',
] as const;
export type PatronCondition = (typeof PATRON_CONDITIONS)[number];

/** Denials of recalls and holds alone do not keep a patron from borrowing. */
const HARMLESS: readonly PatronCondition[] = ['renewalDenied', 'recallDenied', 'holdDenied'];

export function patronConditions(flags: string): PatronCondition[] {
  return PATRON_CONDITIONS.filter((_, position) => flags[position] === 'Y');
}
export const blocksLoans = (condition: PatronCondition): boolean => !HARMLESS.includes(condition);

/** Lists that Patron Information can be asked for: position in the summary and the field that answers. */
export const SUMMARY_LISTS = { holds: 0, overdue: 1, charged: 2, fines: 3, recalls: 4, unavailableHolds: 5 } as const;
export type SummaryList = keyof typeof SUMMARY_LISTS;
export const SUMMARY_FIELDS = {
  holds: 'AS',
  overdue: 'AT',
  charged: 'AU',
  fines: 'AV',
  recalls: 'BU',
  unavailableHolds: 'CD',
} as const satisfies Record<SummaryList, string>;

/** One `Y` at most: servers answer one list a request. */
export function summaryFlags(list?: SummaryList): string {
  const at = list === undefined ? -1 : SUMMARY_LISTS[list];
  return Array.from({ length: 10 }, (_, position) => (position === at ? 'Y' : ' ')).join('');
}

/** Requests in the order of BX's positions. */
export const SUPPORTED_MESSAGES = [
  'patronStatus',
  'checkout',
  'checkin',
  'blockPatron',
  'status',
  'resend',
  'login',
  'patronInformation',
  'endSession',
  'feePaid',
  'itemInformation',
  'itemStatusUpdate',
  'patronEnable',
  'hold',
  'renew',
  'renewAll',
] as const;
export type SupportedMessage = (typeof SUPPORTED_MESSAGES)[number];
export const supportedMessages = (bx: string): SupportedMessage[] =>
  SUPPORTED_MESSAGES.filter((_, position) => bx[position] === 'Y');
export const supportedFlags = (messages: readonly SupportedMessage[]): string =>
  SUPPORTED_MESSAGES.map((message) => (messages.includes(message) ? 'Y' : 'N')).join('');

export const CIRCULATION_STATUS = {
  '01': 'other',
  '02': 'onOrder',
  '03': 'available',
  '04': 'charged',
  '05': 'chargedNoRecall',
  '06': 'inProcess',
  '07': 'recalled',
  '08': 'onHoldShelf',
  '09': 'toBeReshelved',
  '10': 'inTransit',
  '11': 'claimedReturned',
  '12': 'lost',
  '13': 'missing',
} as const;

export const FEE_TYPES = {
  '01': 'other',
  '02': 'administrative',
  '03': 'damage',
  '04': 'overdue',
  '05': 'processing',
  '06': 'rental',
  '07': 'replacement',
  '08': 'computerAccess',
  '09': 'holdFee',
} as const;

export const PAYMENT_TYPES = { cash: '00', visa: '01', creditCard: '02' } as const;
export const SECURITY_MARKERS = { '00': 'other', '01': 'none', '02': 'tattleTape', '03': 'whisperTape' } as const;
export const MEDIA_TYPES = {
  '000': 'other',
  '001': 'book',
  '002': 'magazine',
  '003': 'boundJournal',
  '004': 'audioTape',
  '005': 'videoTape',
  '006': 'cd',
  '007': 'diskette',
  '008': 'bookWithDiskette',
  '009': 'bookWithCd',
  '010': 'bookWithAudioTape',
} as const;
export const HOLD_TYPES = { other: '1', anyCopy: '2', specificCopy: '3', anyCopyAtBranch: '4' } as const;
/** Of a desk, in 99. */
export const DESK_STATUS = { ok: '0', outOfPaper: '1', shuttingDown: '2' } as const;

const LANGUAGES: Readonly<Record<string, string>> = { zh: '019', en: '001', ko: '020', ja: '014', ru: '015' };
/** `zh-CN` → 019. Unspecified where the standard's list has no such language. */
export const languageCode = (tag: string): string => LANGUAGES[tag.split('-')[0]?.toLowerCase() ?? ''] ?? '000';

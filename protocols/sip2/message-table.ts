// SPDX-License-Identifier: Apache-2.0
// Every message of SIP2 2.00 both ways, as tables of its fixed block (widths and order, 3M rev 2.12 p.14–29) and of its id'd
// fields. Reader, writer and their types derive from here.

/** How a place of the fixed block reads. All are ASCII. */
export type FixedType =
  /** Y or N; blank where nothing is said. */
  | 'yes-no'
  /** 0 or 1. */
  | 'one-zero'
  /** Decimal digits, zero-padded; blanks where unknown. */
  | 'number'
  /** 18 characters, see sip-date.ts; blanks or zeros where there is none. */
  | 'date'
  /** A row of flags, one character each. */
  | 'flags'
  | 'text';

export interface FixedField {
  readonly name: string;
  readonly width: number;
  readonly type: FixedType;
}

export interface MessageForm {
  readonly name: string;
  readonly fixed: readonly FixedField[];
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** Code of the answer; absent in an answer. */
  readonly answer?: string;
}

const yesNo = <const N extends string>(name: N) => ({ name, width: 1, type: 'yes-no' }) as const;
const oneZero = <const N extends string>(name: N) => ({ name, width: 1, type: 'one-zero' }) as const;
const number = <const N extends string, const W extends number>(name: N, width: W) =>
  ({ name, width, type: 'number' }) as const;
const text = <const N extends string, const W extends number>(name: N, width: W) =>
  ({ name, width, type: 'text' }) as const;
const date = <const N extends string>(name: N) => ({ name, width: 18, type: 'date' }) as const;
const flags = <const N extends string, const W extends number>(name: N, width: W) =>
  ({ name, width, type: 'flags' }) as const;

const transactionDate = date('transactionDate');
const language = text('language', 3);
const screen = ['AF', 'AG'] as const;

const patronStatusFixed = [flags('patronStatus', 14), language, transactionDate] as const;
const loanFixed = [
  oneZero('ok'),
  yesNo('renewalOk'),
  text('magneticMedia', 1),
  yesNo('desensitize'),
  transactionDate,
] as const;
const loanFields = {
  required: ['AO', 'AA', 'AB', 'AJ', 'AH'],
  optional: ['BT', 'CI', 'BH', 'BV', 'CK', 'CH', 'BK', ...screen],
} as const;
const feeFields = ['BL', 'CQ', 'BH', 'BV'] as const;

export const MESSAGES = {
  '93': {
    name: 'Login',
    fixed: [text('userIdAlgorithm', 1), text('passwordAlgorithm', 1)],
    required: ['CN', 'CO'],
    optional: ['CP'],
    answer: '94',
  },
  '99': {
    name: 'SC Status',
    fixed: [text('statusCode', 1), number('maxPrintWidth', 3), text('protocolVersion', 4)],
    required: [],
    optional: [],
    answer: '98',
  },
  '97': { name: 'Request ACS Resend', fixed: [], required: [], optional: [] },
  '23': {
    name: 'Patron Status Request',
    fixed: [language, transactionDate],
    required: ['AO', 'AA', 'AC', 'AD'],
    optional: [],
    answer: '24',
  },
  '63': {
    name: 'Patron Information',
    fixed: [language, transactionDate, flags('summary', 10)],
    required: ['AO', 'AA'],
    optional: ['AC', 'AD', 'BP', 'BQ'],
    answer: '64',
  },
  '11': {
    name: 'Checkout',
    fixed: [yesNo('renewalPolicy'), yesNo('noBlock'), transactionDate, date('noBlockDueDate')],
    required: ['AO', 'AA', 'AB', 'AC'],
    optional: ['CH', 'AD', 'BO', 'BI'],
    answer: '12',
  },
  '09': {
    name: 'Checkin',
    fixed: [yesNo('noBlock'), transactionDate, date('returnDate')],
    required: ['AP', 'AO', 'AB', 'AC'],
    optional: ['CH', 'BI'],
    answer: '10',
  },
  '29': {
    name: 'Renew',
    fixed: [yesNo('thirdPartyAllowed'), yesNo('noBlock'), transactionDate, date('noBlockDueDate')],
    required: ['AO', 'AA'],
    optional: ['AD', 'AB', 'AJ', 'AC', 'CH', 'BO'],
    answer: '30',
  },
  '65': {
    name: 'Renew All',
    fixed: [transactionDate],
    required: ['AO', 'AA'],
    optional: ['AD', 'AC', 'BO'],
    answer: '66',
  },
  '15': {
    name: 'Hold',
    fixed: [text('holdMode', 1), transactionDate],
    required: ['AO', 'AA'],
    optional: ['BW', 'BS', 'BY', 'AD', 'AB', 'AJ', 'AC', 'BO'],
    answer: '16',
  },
  '17': {
    name: 'Item Information',
    fixed: [transactionDate],
    required: ['AO', 'AB'],
    optional: ['AC'],
    answer: '18',
  },
  '19': {
    name: 'Item Status Update',
    fixed: [transactionDate],
    required: ['AO', 'AB', 'CH'],
    optional: ['AC'],
    answer: '20',
  },
  '37': {
    name: 'Fee Paid',
    fixed: [transactionDate, text('feeType', 2), text('paymentType', 2), text('currency', 3)],
    required: ['BV', 'AO', 'AA'],
    optional: ['AC', 'AD', 'CG', 'BK'],
    answer: '38',
  },
  '35': {
    name: 'End Patron Session',
    fixed: [transactionDate],
    required: ['AO', 'AA'],
    optional: ['AC', 'AD'],
    answer: '36',
  },
  '01': {
    name: 'Block Patron',
    fixed: [yesNo('cardRetained'), transactionDate],
    required: ['AO', 'AL', 'AA', 'AC'],
    optional: [],
    answer: '24',
  },
  '25': {
    name: 'Patron Enable',
    fixed: [transactionDate],
    required: ['AO', 'AA'],
    optional: ['AC', 'AD'],
    answer: '26',
  },
  '94': { name: 'Login Response', fixed: [oneZero('ok')], required: [], optional: [] },
  '98': {
    name: 'ACS Status',
    fixed: [
      yesNo('onLine'),
      yesNo('checkinOk'),
      yesNo('checkoutOk'),
      yesNo('renewalPolicy'),
      yesNo('statusUpdateOk'),
      yesNo('offLineOk'),
      number('timeoutPeriod', 3),
      number('retriesAllowed', 3),
      date('dateTimeSync'),
      text('protocolVersion', 4),
    ],
    required: ['AO', 'BX'],
    optional: ['AM', 'AN', ...screen],
  },
  '96': { name: 'Request SC Resend', fixed: [], required: [], optional: [] },
  '24': {
    name: 'Patron Status Response',
    fixed: patronStatusFixed,
    required: ['AO', 'AA', 'AE'],
    optional: [...feeFields, ...screen],
  },
  '26': {
    name: 'Patron Enable Response',
    fixed: patronStatusFixed,
    required: ['AO', 'AA', 'AE'],
    optional: ['BL', 'CQ', ...screen],
  },
  '64': {
    name: 'Patron Information Response',
    fixed: [
      ...patronStatusFixed,
      number('holdItems', 4),
      number('overdueItems', 4),
      number('chargedItems', 4),
      number('fineItems', 4),
      number('recallItems', 4),
      number('unavailableHolds', 4),
    ],
    required: ['AO', 'AA', 'AE'],
    optional: [
      ...([
        'BZ',
        'CA',
        'CB',
        ...feeFields,
        'CC',
        'AS',
        'AT',
        'AU',
        'AV',
        'BU',
        'CD',
        'BD',
        'BE',
        'BF',
        ...screen,
      ] as const),
    ],
  },
  '12': { name: 'Checkout Response', fixed: loanFixed, ...loanFields },
  '30': { name: 'Renew Response', fixed: loanFixed, ...loanFields },
  '10': {
    name: 'Checkin Response',
    fixed: [oneZero('ok'), yesNo('resensitize'), text('magneticMedia', 1), yesNo('alert'), transactionDate],
    required: ['AO', 'AB', 'AQ'],
    optional: ['AJ', 'CL', 'AA', 'CK', 'CH', ...screen],
  },
  '16': {
    name: 'Hold Response',
    fixed: [oneZero('ok'), yesNo('available'), transactionDate],
    required: ['AO', 'AA'],
    optional: ['BW', 'BR', 'BS', 'AB', 'AJ', ...screen],
  },
  '18': {
    name: 'Item Information Response',
    fixed: [text('circulationStatus', 2), text('securityMarker', 2), text('feeType', 2), transactionDate],
    required: ['AB', 'AJ'],
    optional: ['CF', 'AH', 'CJ', 'CM', 'BG', 'BH', 'BV', 'CK', 'AQ', 'AP', 'CH', ...screen],
  },
  '20': {
    name: 'Item Status Update Response',
    fixed: [oneZero('itemPropertiesOk'), transactionDate],
    required: ['AB'],
    optional: ['AJ', 'CH', ...screen],
  },
  '36': {
    name: 'End Session Response',
    fixed: [yesNo('endSession'), transactionDate],
    required: ['AO', 'AA'],
    optional: [...screen],
  },
  '38': {
    name: 'Fee Paid Response',
    fixed: [yesNo('paymentAccepted'), transactionDate],
    required: ['AO', 'AA'],
    optional: ['BK', ...screen],
  },
  '66': {
    name: 'Renew All Response',
    fixed: [oneZero('ok'), number('renewedCount', 4), number('unrenewedCount', 4), transactionDate],
    required: ['AO'],
    optional: ['BM', 'BN', ...screen],
  },
} as const satisfies Readonly<Record<string, MessageForm>>;

export type MessageCode = keyof typeof MESSAGES;
/** Codes that a desk sends. */
export type RequestCode = {
  [C in MessageCode]: (typeof MESSAGES)[C] extends { readonly answer: string } ? C : never;
}[MessageCode];
export type AnswerOf<C extends RequestCode> = (typeof MESSAGES)[C]['answer'];

export const isMessageCode = (code: string): code is MessageCode => Object.hasOwn(MESSAGES, code);
export const formOf = (code: MessageCode): MessageForm => MESSAGES[code];
export const fixedWidth = (code: MessageCode): number => formOf(code).fixed.reduce((sum, { width }) => sum + width, 0);

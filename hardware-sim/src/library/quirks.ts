// SPDX-License-Identifier: Apache-2.0
// Ways in which servers differ from the standard, each a switch, with who does it (reference: sip2, 8). What differs by agreement
// (charset, terminator, delimiter) is no quirk but an option of the server.

export const QUIRKS = {
  'executes-again': 'a question sent again with the same AY and AZ is carried out again (Evergreen: 121N becomes 121Y)',
  'checksum-code-units': 'sums UTF-16 code units instead of bytes (php-sip2, dp2)',
  'checksum-short': 'sums without "|AY4AZ" (dp2)',
  'checksum-unchecked': 'takes questions with a wrong checksum, and never asks for them again',
  'checksum-none': 'answers without AY and AZ',
  'checksum-lower-case': 'writes AZ in lower case, which the standard does not forbid',
  'no-delimiter-before-tail': 'leaves out the delimiter before AY (dp2)',
  'needs-cr': 'a question that ends with LF alone gets no answer (Evergreen)',
  'needs-lf': 'a question that ends with CR alone gets no answer: it reads lines',
  'leading-lf': 'every answer begins with LF, as the end of the one before',
  'no-block-ignored': 'reads no-block and the dates with it, and acts as if it happened now (FOLIO)',
  'no-block-unchecked': 'takes whatever comes with no block, also a book that another patron has (Alma)',
  'no-block-dies': 'a question with no block ends the connection without an answer (Evergreen)',
  'no-block-hidden': 'says off-line ok N, and takes no-block all the same',
  'bx-understates': 'BX says N for Fee Paid and Renew All, which it answers (Evergreen)',
  'bx-overstates': 'BX says Y for Hold, Renew All and Item Status Update, which it does not answer',
  'due-date-iso': 'AH is 2026-12-06 (dp2)',
  'due-date-chinese': 'AH is 2026年12月6日',
  'due-date-words': 'AH is words that are no date',
  'dates-in-utc': 'writes its dates in UTC, zone Z',
  'long-values': 'sends a screen message longer than 255 bytes',
  'bare-delimiter': 'sends the delimiter inside a value as it is, not as &#124;',
  'drops-unknown': 'an unknown or unsupported code ends the connection',
  'no-queue': 'a question that comes before the last one is answered is thrown away',
  'status-first': 'a login before the first 99 ends the connection',
  'login-first': 'a 99 before the login ends the connection',
  'resend-ay0': 'after 97 the answer comes again with AY0',
  'resend-detection-off': 'a 97 without AZ switches error detection off for the connection',
  'shuffled-fields': "an answer's fields come in another order",
  'empty-repeats': 'repeating fields that have nothing to say come twice, empty',
  'unknown-fields': 'answers have fields that nobody knows (XI, ZY)',
  'harmless-denials': 'everybody is denied holds and recalls, and may borrow all the same',
  'no-valid-patron': 'leaves BL out',
  'blank-counts': 'the six counts of 64 are blanks',
  'no-lists': 'counts items but never lists them',
  'lists-with-titles': 'lists barcodes with titles behind them',
  extensions: "adds 3M's and EnvisionWare's fields: CV CY DA CT, PC (Koha, Evergreen)",
} as const satisfies Readonly<Record<string, string>>;

export type Quirk = keyof typeof QUIRKS;
export const QUIRK_NAMES = Object.keys(QUIRKS) as Quirk[];
export const isQuirk = (name: string): name is Quirk => Object.hasOwn(QUIRKS, name);

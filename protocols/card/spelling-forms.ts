// SPDX-License-Identifier: Apache-2.0
// The table of spellings that card offices, printers and readers use for one UID: which bytes, in which order, how written.
// Where a form's name ends in -reversed the last byte of the UID comes first (反码); the others follow the reader (正码).
import type { Notation } from './notation.ts';
import type { UidLength } from './uid.ts';

export interface Form {
  readonly id: string;
  readonly title: string;
  readonly notation: Notation;
  readonly order: 'as-read' | 'reversed';
  /** Bytes of the UID that the form writes. Anything but 'all' loses the rest for good. */
  readonly keep: 'all' | { readonly bytes: 3 | 4; readonly side: 'first' | 'last' };
  /** UID lengths it is used for. */
  readonly lengths: readonly UidLength[];
}

interface Writing {
  readonly id: string;
  readonly title: string;
  readonly notation: Notation;
  readonly lengths: readonly UidLength[];
}

const decimal = (digits: number | 'natural' | 'unpadded'): Notation => ({ kind: 'decimal', digits });

/** Of the whole UID: nothing is lost. */
const WHOLE: readonly Writing[] = [
  { id: 'hex', title: 'hexadecimal', notation: { kind: 'hex' }, lengths: [4, 7, 10] },
  { id: 'decimal', title: 'decimal, 10, 17 or 25 digits (8H10D)', notation: decimal('natural'), lengths: [4, 7, 10] },
  { id: 'decimal-unpadded', title: 'decimal, zeros dropped', notation: decimal('unpadded'), lengths: [4, 7] },
  { id: 'decimal-13', title: '13-digit decimal of 40 bits (10H13D)', notation: decimal(13), lengths: [4] },
  { id: 'decimal-18', title: '18-digit decimal', notation: decimal(18), lengths: [4, 7] },
  { id: 'decimal-20', title: '20-digit decimal of 64 bits', notation: decimal(20), lengths: [4, 7] },
  { id: '4h4h', title: 'two fields of 5 digits', notation: { kind: 'fields', high: 5, separator: ',' }, lengths: [4] },
  { id: 'hex-bcc', title: 'hexadecimal with check byte', notation: { kind: 'hex-bcc' }, lengths: [4] },
  { id: 'wiegand-34', title: 'Wiegand 34 bits', notation: { kind: 'wiegand' }, lengths: [4] },
];

/** Readers made for 4-byte cards cut longer UIDs to four bytes. */
const FOUR_OF_MORE: readonly Writing[] = [
  { id: 'hex-8', title: 'hexadecimal of 4 bytes', notation: { kind: 'hex' }, lengths: [7, 10] },
  { id: 'decimal-10', title: '10-digit decimal of 4 bytes', notation: decimal(10), lengths: [7, 10] },
  {
    id: '4h4h',
    title: 'two fields of 5 digits',
    notation: { kind: 'fields', high: 5, separator: ',' },
    lengths: [7, 10],
  },
  { id: 'wiegand-34', title: 'Wiegand 34 bits', notation: { kind: 'wiegand' }, lengths: [7, 10] },
];

/** Whatever passed a Wiegand 26 line has three bytes left. */
const THREE: readonly Writing[] = [
  { id: 'weg', title: '8 digits: facility 3, number 5', notation: { kind: 'fields', high: 3, separator: '' } },
  { id: '2h4h', title: 'facility,number', notation: { kind: 'fields', high: 3, separator: ',' } },
  { id: '6h8d', title: '8-digit decimal of 3 bytes', notation: decimal(8) },
  { id: 'hex-6', title: 'hexadecimal of 3 bytes', notation: { kind: 'hex' } },
  { id: 'wiegand-26', title: 'Wiegand 26 bits', notation: { kind: 'wiegand' } },
].map((writing) => ({ ...writing, lengths: [4, 7, 10] }) as Writing);

const ORDERS = ['as-read', 'reversed'] as const;
const SIDES = ['last', 'first'] as const;

function wholeForms(writing: Writing): Form[] {
  return ORDERS.map((order) => ({
    ...writing,
    id: order === 'reversed' ? `${writing.id}-reversed` : writing.id,
    title: order === 'reversed' ? `${writing.title}, bytes reversed` : writing.title,
    order,
    keep: 'all',
  }));
}

function cutForms(bytes: 3 | 4): (writing: Writing) => Form[] {
  return (writing) =>
    SIDES.flatMap((side) =>
      ORDERS.map((order): Form => {
        const suffix = order === 'reversed' ? '-reversed' : '';
        const title = `${writing.title}, ${side} ${bytes} bytes of the UID${suffix ? ', reversed' : ''}`;
        return { ...writing, id: `${writing.id}-${side}${suffix}`, title, order, keep: { bytes, side } };
      }),
    );
}

/** Exact forms first: where several fit, the earlier one is the better. */
export const FORMS: readonly Form[] = [
  ...WHOLE.flatMap(wholeForms),
  ...FOUR_OF_MORE.flatMap(cutForms(4)),
  ...THREE.flatMap(cutForms(3)),
];

const BY_ID: ReadonlyMap<string, Form> = new Map(FORMS.map((form) => [form.id, form]));

export const findForm = (id: string): Form | undefined => BY_ID.get(id);

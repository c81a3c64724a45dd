// SPDX-License-Identifier: Apache-2.0
// Writes and reads card numbers in the forms of spelling-forms and converts between them. A form that loses bytes says so in
// the type of the outcome: a UID is never made up from a part of one.
import { err, ok, type Result } from '../result.ts';
import { type NotationRefusal, naturalDigits, read, write } from './notation.ts';
import { FORMS, type Form, findForm } from './spelling-forms.ts';
import { type CardUid, cardUid, type UidLength, type UidRefusal } from './uid.ts';

/** What is known of a UID, in the order the reader gives it: `undefined` where the spelling lost the byte. */
export type PartialUid = readonly (number | undefined)[];

export type Spelled =
  | { readonly kind: 'exact'; readonly text: string }
  /** The text stands for `256 ** (uidBytes - keptBytes)` different cards. */
  | { readonly kind: 'lossy'; readonly text: string; readonly keptBytes: number; readonly uidBytes: number };

export type SpellRefusal = 'unknown-form' | 'not-applicable' | 'lossy';
export type ReadRefusal = 'unknown-form' | NotationRefusal;

const keptBytes = (form: Form, length: number) => (form.keep === 'all' ? length : form.keep.bytes);

/** Indexes of the UID in the order the form writes them. */
function positions(form: Form, length: number): number[] {
  const kept = keptBytes(form, length);
  const start = form.keep !== 'all' && form.keep.side === 'last' ? length - kept : 0;
  const indexes = Array.from({ length: kept }, (_, index) => start + index);
  return form.order === 'reversed' ? indexes.reverse() : indexes;
}

const unknownForm = (id: string) => err('unknown-form', `there is no form "${id}"`);

export function spell(uid: CardUid | PartialUid, formId: string): Result<Spelled, SpellRefusal> {
  const form = findForm(formId);
  if (form === undefined) return unknownForm(formId);
  const length = uid.length;
  if (!form.lengths.some((allowed) => allowed === length)) {
    return err('not-applicable', `the form "${form.id}" is for UIDs of ${form.lengths.join(', ')} bytes`);
  }
  const bytes = positions(form, length).map((index) => uid[index]);
  if (bytes.some((byte) => byte === undefined)) {
    return err('lossy', `the number does not hold all bytes that the form "${form.id}" writes`);
  }
  const text = write(Uint8Array.from(bytes as number[]), form.notation);
  if (guessLength(form, text) !== length && form.keep === 'all') {
    return err('not-applicable', `in the form "${form.id}" this UID reads like a shorter one`);
  }
  const kept = bytes.length;
  return ok(kept === length ? { kind: 'exact', text } : { kind: 'lossy', text, keptBytes: kept, uidBytes: length });
}

/** Reads what the text holds. `length`: bytes of the UID where it is known; else told from the number of digits. */
export function readSpelling(text: string, formId: string, length?: UidLength): Result<PartialUid, ReadRefusal> {
  const form = findForm(formId);
  if (form === undefined) return unknownForm(formId);
  const uidLength = length ?? guessLength(form, text);
  const bytes = read(text, form.notation, keptBytes(form, uidLength));
  if (!bytes.ok) return bytes;
  const partial: (number | undefined)[] = Array.from({ length: uidLength }, () => undefined);
  for (const [index, position] of positions(form, uidLength).entries()) partial[position] = bytes.value[index];
  return ok(partial);
}

/**
 * Bytes of the UID that this text most likely is of. Decimal columns of one width hold 4- and 7-byte cards: a number below
 * 2^32 is a 4-byte card, as the first byte of a 7-byte UID is a manufacturer's code and never 0.
 */
function guessLength(form: Form, text: string): UidLength {
  const [shortest = 4] = form.lengths;
  if (form.keep !== 'all' || form.lengths.length === 1) return shortest;
  const plain = text.normalize('NFKC').trim();
  const { notation } = form;
  if (notation.kind === 'hex') return byDigits(form, plain.replace(/[^0-9a-f]/gi, '').length, (bytes) => bytes * 2);
  if (notation.kind !== 'decimal') return shortest;
  if (notation.digits === 'natural') return byDigits(form, plain.length, naturalDigits);
  return /^\d{1,40}$/.test(plain) && BigInt(plain) >= 2n ** 32n ? 7 : 4;
}

/** The shortest UID whose spelling has at least that many digits, so that a number with lost zeros is refused as such. */
function byDigits(form: Form, digits: number, width: (bytes: number) => number): UidLength {
  return form.lengths.find((length) => width(length) >= digits) ?? (form.lengths.at(-1) as UidLength);
}

/** The UID behind a number, or why it can't be had. `lossy`: the form keeps only a part of a UID. */
export function readCardNumber(
  text: string,
  formId: string,
  length?: UidLength,
): Result<CardUid, ReadRefusal | UidRefusal | 'lossy'> {
  const partial = readSpelling(text, formId, length);
  if (!partial.ok) return partial;
  const known = partial.value.filter((byte) => byte !== undefined);
  if (known.length === partial.value.length) return cardUid(Uint8Array.from(known));
  const lost = `${known.length} of ${partial.value.length}`;
  return err('lossy', `the form "${formId}" keeps ${lost} bytes of a UID; ask for the full number`);
}

/** Does the number stand for this card, as far as the form can tell? */
export function matchesCard(text: string, formId: string, uid: CardUid): boolean {
  const form = findForm(formId);
  if (form === undefined || !form.lengths.some((allowed) => allowed === uid.length)) return false;
  const partial = readSpelling(text, formId, uid.length as UidLength);
  return partial.ok && partial.value.every((byte, index) => byte === undefined || byte === uid[index]);
}

/** `lossy` is refused where the source lacks bytes, and marked in the value where the target drops them. */
export function convertNumber(
  text: string,
  from: string,
  to: string,
  length?: UidLength,
): Result<Spelled, ReadRefusal | SpellRefusal> {
  const partial = readSpelling(text, from, length);
  return partial.ok ? spell(partial.value, to) : partial;
}

export interface Explained {
  readonly form: Form;
  readonly spelled: Spelled;
}

/** All spellings of one card, exact ones first: for card offices that don't know which they have. */
export function explainCard(uid: CardUid | PartialUid): Explained[] {
  return FORMS.flatMap((form) => {
    const spelled = spell(uid, form.id);
    return spelled.ok ? [{ form, spelled: spelled.value }] : [];
  });
}

/** Forms in which the text can be read as a whole UID. More than one: the form must be said. */
export function possibleForms(text: string): string[] {
  return FORMS.filter((form) => readCardNumber(text, form.id).ok).map((form) => form.id);
}

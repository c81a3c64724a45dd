// SPDX-License-Identifier: Apache-2.0
// The card file of a card office: who holds which card, the number in the spelling the office uses.
import { readCardNumber } from '@latchkey/protocols/card/spelling';
import { type Form, findForm } from '@latchkey/protocols/card/spelling-forms';
import { type CardUid, isRandomUid } from '@latchkey/protocols/card/uid';
import { finish, type Steps } from '../steps.ts';
import { CARD_COLUMNS } from './columns.ts';
import { type CsvOutcome, type CsvProblemCode, fileProblem } from './csv-problem.ts';
import { readInstant, readPersonNumber, readWord, refuse, SCIENTIFIC, type Validity } from './fields.ts';
import { type Cells, type CsvRows, readRows } from './read-rows.ts';
import { createZone, type Zone } from './wall-time.ts';

export interface CardRow extends Pick<Validity, 'validUntilMinute'> {
  readonly line: number;
  readonly person: string;
  readonly uid: CardUid;
  /** Absent: the file has no such column. null: blank. */
  readonly kind?: 'uid-only' | 'authenticated-card' | null;
}

type Field = (typeof CARD_COLUMNS)['fields'][number];

const KINDS = {
  'uid-only': ['普通卡', 'm1', 'm1卡', 'ic卡', '校园卡', 'mifare', 'uid', 'classic'],
  'authenticated-card': ['cpu卡', 'cpu', 'desfire', '加密卡', 'authenticated'],
} as const;

/** A spreadsheet keeps 15 digits of a number and writes zeros for the rest. */
const SPREADSHEET_DIGITS = 15;

export interface CardCsvOptions {
  readonly timeZone: string;
  /** Id of protocols/card/spelling-forms; what `latchkey card detect` finds. */
  readonly form: string;
}

type CardOutcome = CsvOutcome<CsvRows<CardRow>>;

export const readCardCsv = (bytes: Uint8Array, options: CardCsvOptions): CardOutcome =>
  finish(cardCsvInSteps(bytes, options));

export function* cardCsvInSteps(bytes: Uint8Array, { timeZone, form }: CardCsvOptions): Steps<CardOutcome> {
  const spelling = findForm(form);
  if (spelling === undefined)
    return fileProblem('unknown-word', `there is no form "${form}"; see "latchkey card convert"`);
  // Kept of 7-byte cards alone is a loss in every case, three bytes are a loss of any card.
  if (spelling.keep !== 'all') return fileProblem('lossy-form', lossyMessage(spelling));
  const zone = createZone(timeZone);
  return yield* readRows<Field, CardRow>(bytes, {
    columns: CARD_COLUMNS,
    read: (cells) => readCard(cells, spelling, zone),
    unique: [{ field: 'card', key: ({ uid }) => uid.join(), what: 'this card' }],
    review: (rows) => refuseRounded(rows.map(({ cells }) => cells)),
  });
}

const lossyMessage = ({ id, keep }: Form) =>
  `numbers in the form "${id}" hold ${keep === 'all' ? 'all' : `only ${keep.bytes}`} bytes of a card, so several cards share one; ask the card office for the full number`;

function readCard(cells: Cells<Field>, form: Form, zone: Zone): CardRow | undefined {
  const person = readPersonNumber(cells, 'person');
  const uid = readUid(cells, form);
  const kind = readWord(cells, 'kind', KINDS);
  const until = readInstant(cells, 'validUntil', zone, 'end');
  if (person === undefined || uid === undefined || kind === undefined || until === undefined) return undefined;
  const { line } = cells;
  return {
    line,
    person,
    uid,
    ...(cells.has('kind') && { kind }),
    ...(cells.has('validUntil') && { validUntilMinute: until }),
  };
}

const CODES: Readonly<Record<string, CsvProblemCode>> = {
  'lost-zeros': 'lost-zeros',
  'blank-uid': 'unusable-card',
  'cascade-tag': 'unusable-card',
  'wrong-length': 'unusable-card',
};

function readUid(cells: Cells<Field>, form: Form): CardUid | undefined {
  const text = cells.text('card');
  if (text === '') return refuse(cells, 'card', 'blank', 'fill in the card number, or remove the line');
  if (SCIENTIFIC.test(text.normalize('NFKC')) && !/^[0-9a-f]+$/i.test(text)) return refuseDamaged(cells);
  const uid = readCardNumber(text, form.id);
  if (!uid.ok) {
    const zeros =
      uid.code === 'lost-zeros'
        ? '; a spreadsheet drops leading zeros: format the column as text and export again'
        : '';
    return refuse(cells, 'card', CODES[uid.code] ?? 'malformed', `${uid.detail ?? 'not a card number'}${zeros}`);
  }
  if (isRandomUid(uid.value)) {
    const message = 'this number changes at every tap (a phone or a privacy card), it identifies nobody; issue a card';
    return refuse(cells, 'card', 'unusable-card', message);
  }
  return uid.value;
}

const refuseDamaged = (cells: Cells<Field>) =>
  refuse(
    cells,
    'card',
    'spreadsheet-damage',
    'the spreadsheet shortened this number; format the column as text and export again',
  );

/** All numbers above 15 digits ending in zeros: rounded, every card wrong. One such number may be a real card. */
function refuseRounded(rows: readonly Cells<Field>[]): void {
  const long = rows.filter((cells) => /^\d{16,}$/.test(cells.text('card').replace(/^0+/, '')));
  const rounded = long.filter((cells) => /^0+$/.test(cells.text('card').replace(/^0+/, '').slice(SPREADSHEET_DIGITS)));
  if (rounded.length >= 2 && rounded.length === long.length) for (const cells of rounded) refuseDamaged(cells);
}

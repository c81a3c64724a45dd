// SPDX-License-Identifier: Apache-2.0
// Card numbers as callers write them → ids of credentials. A number without its form may stand for several cards: a lookup
// takes the one the registry knows, an issue must not guess.
import { cardId } from '@latchkey/protocols/authorization/credential-id';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { possibleForms, readCardNumber } from '@latchkey/protocols/card/spelling';
import type { CardUid } from '@latchkey/protocols/card/uid';
import { err, ok } from '@latchkey/protocols/result';
import type { Kysely } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import type { ApiResult } from '../../http/services.ts';

/** The one card a number stands for. Hexadecimal says so by a letter; decimals need their form. */
export function readNumber(number: string, form: string | undefined): ApiResult<CardUid> {
  if (form !== undefined) {
    const uid = readCardNumber(number, form);
    return uid.ok ? uid : err('invalid-card-number', `number: ${uid.detail ?? uid.code}`);
  }
  const hex = /[a-f]/i.test(number) ? readCardNumber(number, 'hex') : undefined;
  if (hex?.ok === true) return hex;
  const forms = possibleForms(number);
  if (forms.length === 0) return err('invalid-card-number');
  return err('ambiguous-card-number', `form: one of ${forms.join(', ')}`);
}

/** Every card the number may stand for, by its id as the registry keeps it. */
export function possibleCards(number: string, form: string | undefined): ApiResult<ReadonlyMap<string, CardUid>> {
  const forms = form === undefined ? possibleForms(number) : [form];
  const cards = new Map<string, CardUid>();
  let refusal = 'number: give it as printed, and its form';
  for (const each of forms) {
    const uid = readCardNumber(number, each);
    if (uid.ok) cards.set(toHex(cardId(uid.value)), uid.value);
    else refusal = `number: ${uid.detail ?? uid.code}`;
  }
  return cards.size === 0 ? err('invalid-card-number', refusal) : ok(cards);
}

export interface FoundCard {
  /** Row of the card. */
  readonly id: number;
  readonly uid: CardUid;
}

/** The card in use that the number stands for. */
export async function findCard(
  db: Kysely<Database>,
  number: string,
  form: string | undefined,
): Promise<ApiResult<FoundCard>> {
  const cards = possibleCards(number, form);
  if (!cards.ok) return cards;
  const rows = await db
    .selectFrom('credential')
    .select(['id', 'credential_id'])
    .where('credential_id', 'in', [...cards.value.keys()])
    .where('state', '<>', 'withdrawn')
    .execute();
  const [first, second] = rows;
  const uid = cards.value.get(first?.credential_id ?? '');
  if (first === undefined || uid === undefined) return err('not-found', 'number: no card in use has it');
  return second === undefined ? ok({ id: first.id, uid }) : err('ambiguous-card-number');
}

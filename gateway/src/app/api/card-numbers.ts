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
    return uid.ok ? uid : err('invalid-card-number', uid.detail);
  }
  const hex = /[a-f]/i.test(number) ? readCardNumber(number, 'hex') : undefined;
  if (hex?.ok === true) return hex;
  const forms = possibleForms(number);
  if (forms.length === 0) return err('invalid-card-number');
  return err('ambiguous-card-number', `form: one of ${forms.join(', ')}`);
}

/** Ids of every card the number may stand for, as the registry keeps them. */
export function possibleIds(number: string, form: string | undefined): ApiResult<string[]> {
  const forms = form === undefined ? possibleForms(number) : [form];
  const ids = new Set<string>();
  let refusal = 'give the number as printed, and its form';
  for (const each of forms) {
    const uid = readCardNumber(number, each);
    if (uid.ok) ids.add(toHex(cardId(uid.value)));
    else refusal = uid.detail ?? refusal;
  }
  return ids.size === 0 ? err('invalid-card-number', refusal) : ok([...ids]);
}

/** Row of the card in use that the number stands for. */
export async function findCard(
  db: Kysely<Database>,
  number: string,
  form: string | undefined,
): Promise<ApiResult<number>> {
  const ids = possibleIds(number, form);
  if (!ids.ok) return ids;
  const rows = await db
    .selectFrom('credential')
    .select('id')
    .where('credential_id', 'in', ids.value)
    .where('state', '<>', 'withdrawn')
    .execute();
  const [first, second] = rows;
  if (first === undefined) return err('not-found', 'no card in use has this number');
  return second === undefined ? ok(first.id) : err('ambiguous-card-number');
}

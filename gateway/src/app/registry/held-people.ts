// SPDX-License-Identifier: Apache-2.0
// Whom the card office holds. A frozen card is a decision about its holder, unlike a lost one: their phones and the codes of
// other apps rest with it, or freezing a card would stop nobody who has a phone.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';

export const heldPeople = (db: Kysely<Database>) =>
  db.selectFrom('credential').select('person_id').where('state', '=', 'frozen');

/** Of the person of an outer query, by the index of their cards: a million others are not looked at. */
export const isHeld = (db: Kysely<Database>) =>
  sql<boolean>`exists ${heldPeople(db).where(sql.ref('credential.person_id'), '=', sql.ref('person.id'))}`;

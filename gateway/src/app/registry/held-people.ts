// SPDX-License-Identifier: Apache-2.0
// Whom the card office holds. A frozen card is a decision about its holder, unlike a lost one: their phones and the codes of
// other apps rest with it, or freezing a card would stop nobody who has a phone.
import type { Kysely } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';

export const heldPeople = (db: Kysely<Database>) =>
  db.selectFrom('credential').select('person_id').where('state', '=', 'frozen');

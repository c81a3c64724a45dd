// SPDX-License-Identifier: Apache-2.0
// Numbers under which people borrow at the library: of each one active person.
import type { Transaction } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';

/** Two people of one number would borrow on one another's name; a person's own number counts as theirs. */
export async function otherPatron(
  trx: Transaction<Database>,
  patron: string,
  person: number | undefined,
): Promise<string | undefined> {
  const row = await trx
    .selectFrom('person')
    .leftJoin('borrower', 'borrower.person_id', 'person.id')
    .select('person.number')
    .where('person.id', '<>', person ?? NOBODY)
    .where('person.active', '=', 1)
    .where((eb) =>
      eb.or([
        eb('borrower.patron', '=', patron),
        eb.and([eb('person.number', '=', patron), eb('borrower.patron', 'is', null)]),
      ]),
    )
    .executeTakeFirst();
  return row?.number;
}

const NOBODY = 0;

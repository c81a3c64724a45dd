// SPDX-License-Identifier: Apache-2.0
// Reads loan rules and borrowers for the API.
import type { Borrower, LoanRule } from '@latchkey/protocols/api/library';
import type { Kysely } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';

export async function listLoanRules(db: Kysely<Database>, group?: string): Promise<LoanRule[]> {
  let select = db.selectFrom('loan_rule').selectAll().orderBy('group_id');
  if (group !== undefined) select = select.where('group_id', '=', group);
  return (await select.execute()).map(({ group_id, most, days }) => ({ id: group_id, limit: most, days }));
}

/** Everybody in force has an entry; where none is kept, it is the plain one. */
export async function readBorrower(db: Kysely<Database>, number: string): Promise<Borrower | undefined> {
  const row = await db
    .selectFrom('person')
    .leftJoin('borrower', 'borrower.person_id', 'person.id')
    .select(['borrower.patron', 'borrower.blocked', 'borrower.reason'])
    .where('person.number', '=', number)
    .where('person.active', '=', 1)
    .executeTakeFirst();
  return row && { id: number, patron: row.patron, blocked: row.blocked === 1, reason: row.reason ?? '' };
}

/** Those with a number of their own or a block. */
export async function listBorrowers(db: Kysely<Database>): Promise<Borrower[]> {
  const rows = await db
    .selectFrom('borrower')
    .innerJoin('person', 'person.id', 'borrower.person_id')
    .select(['person.number', 'borrower.patron', 'borrower.blocked', 'borrower.reason'])
    .where('person.active', '=', 1)
    .where((eb) => eb.or([eb('borrower.patron', 'is not', null), eb('borrower.blocked', '=', 1)]))
    .orderBy('person.number')
    .execute();
  return rows.map(({ number, patron, blocked, reason }) => ({ id: number, patron, blocked: blocked === 1, reason }));
}

// SPDX-License-Identifier: Apache-2.0
// Loan rules of groups and what is known of single borrowers: both go into the lists of library desks.
import type { BorrowerBody, LoanRuleBody } from '@latchkey/protocols/api/library';
import { err, ok } from '@latchkey/protocols/result';
import type { Transaction } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import { otherPatron } from './patron-numbers.ts';
import { findPerson, type PutAnswer } from './people.ts';
import { change, type RegistryContext, type RegistryResult } from './registry-context.ts';
import { changedFields, flag, missingOf } from './rows.ts';

async function desks(trx: Transaction<Database>): Promise<number[]> {
  const rows = await trx.selectFrom('portal').select('scope_id').distinct().where('kind', '=', 'desk').execute();
  return rows.map(({ scope_id }) => scope_id);
}

export async function putLoanRule(
  context: RegistryContext,
  group: string,
  { limit, days }: LoanRuleBody,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    const { trx } = each;
    const unknown = await missingOf(trx, 'person_group', [group]);
    if (unknown !== undefined) return err('unknown-reference', `id: there is no group ${group}`);
    const fields = { most: limit, days };
    const known = await trx.selectFrom('loan_rule').selectAll().where('group_id', '=', group).executeTakeFirst();
    const altered = known === undefined ? [] : changedFields(known, fields);
    if (known !== undefined && altered.length === 0) return ok({ changed: false });
    await trx
      .insertInto('loan_rule')
      .values({ group_id: group, ...fields })
      .onConflict((conflict) => conflict.column('group_id').doUpdateSet(fields))
      .execute();
    each.touch(await desks(trx));
    const action = known === undefined ? 'loan-rule-add' : 'loan-rule-change';
    each.note({ action, subject: `group ${group}`, detail: { limit, days } });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

export async function removeLoanRule(
  context: RegistryContext,
  group: string,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    const { trx } = each;
    const { numDeletedRows } = await trx.deleteFrom('loan_rule').where('group_id', '=', group).executeTakeFirst();
    if (numDeletedRows === 0n) return err('not-found');
    each.touch(await desks(trx));
    each.note({ action: 'loan-rule-remove', subject: `group ${group}` });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

export async function putBorrower(
  context: RegistryContext,
  number: string,
  { patron, blocked, reason }: BorrowerBody,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  if (blocked && reason === '') return err('invalid-request', 'reason: say why, for whoever lifts the block');
  const done = await change(context, actor, async (each) => {
    const { trx } = each;
    const person = await findPerson(trx, number);
    if (person === undefined || person.active === 0) return err('not-found');
    const before = await trx.selectFrom('borrower').selectAll().where('person_id', '=', person.id).executeTakeFirst();
    const wanted = patron ?? person.number;
    // A number that stays is not looked at: a block is never refused for it.
    const isOther = wanted !== (before?.patron ?? person.number);
    if (isOther && (await otherPatron(trx, wanted, person.id)) !== undefined)
      return err('already-exists', 'patron: somebody else has this number');
    const fields = { patron, blocked: flag(blocked), reason };
    const altered = changedFields(before ?? NOTHING, fields);
    if (altered.length === 0) return ok({ changed: false });
    await trx
      .insertInto('borrower')
      .values({ person_id: person.id, ...fields })
      .onConflict((conflict) => conflict.column('person_id').doUpdateSet(fields))
      .execute();
    each.touch(await desks(trx));
    each.note({ action: 'borrower-change', subject: `person ${number}`, detail: { fields: altered, blocked } });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

const NOTHING = { patron: null, blocked: 0, reason: '' };

/** Back to what holds for everybody. */
export const removeBorrower = (
  context: RegistryContext,
  number: string,
  actor: string,
): Promise<RegistryResult<PutAnswer>> =>
  putBorrower(context, number, { patron: null, blocked: false, reason: '' }, actor);

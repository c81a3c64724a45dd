// SPDX-License-Identifier: Apache-2.0
// People and their groups: made, changed, taken out. Whoever leaves keeps a row for past events; the cards stop at once.
import type { PersonBody } from '@latchkey/protocols/api/people';
import { err, ok } from '@latchkey/protocols/result';
import type { Transaction } from 'kysely';
import type { Database, PersonRow } from '../../adapters/database/schema.ts';
import { withdrawCardsOf } from './cards.ts';
import { otherPatron } from './patron-numbers.ts';
import { certifiedScopesOf, withdrawPhonesOf } from './phones.ts';
import { type Change, change, type RegistryContext, type RegistryResult } from './registry-context.ts';
import { changedFields, flag, instantOf, missingOf } from './rows.ts';
import { HURRY, hurryScopes, scopesOfPeople } from './touched-scopes.ts';

export interface PutAnswer {
  readonly changed: boolean;
}

type PersonFields = Omit<PersonRow, 'id' | 'number' | 'college'>;

export async function putPerson(
  context: RegistryContext,
  number: string,
  body: PersonBody,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const fields = fieldsOf(body);
  if (fields.valid_from !== null && fields.valid_until !== null && fields.valid_until <= fields.valid_from)
    return err('invalid-request', 'validUntil: give an instant after validFrom');
  const done = await change(context, actor, async (each) => {
    const unknown = await missingOf(each.trx, 'person_group', body.groups);
    if (unknown !== undefined) return err('unknown-reference', `groups: there is no group ${unknown}`);
    const borrower = await borrowerOn(each.trx, number);
    if (borrower !== undefined)
      return err(
        'already-exists',
        `number: ${borrower} borrows at the library on it; give them another patron number first`,
      );
    return ok(await writePerson(each, number, fields, [...new Set(body.groups)].sort()));
  });
  return done.ok ? ok(done.value.value) : done;
}

/** Whoever comes, or comes back, must not borrow on the name of somebody who is here. */
async function borrowerOn(trx: Transaction<Database>, number: string): Promise<string | undefined> {
  const known = await findPerson(trx, number);
  if (known?.active === 1) return undefined;
  const own =
    known && (await trx.selectFrom('borrower').select('patron').where('person_id', '=', known.id).executeTakeFirst());
  return otherPatron(trx, own?.patron ?? number, known?.id);
}

async function writePerson(each: Change, number: string, fields: PersonFields, groups: string[]): Promise<PutAnswer> {
  const { trx } = each;
  const known = await trx.selectFrom('person').selectAll().where('number', '=', number).executeTakeFirst();
  if (known === undefined) {
    const { id } = await trx
      .insertInto('person')
      .values({ number, ...fields })
      .returning('id')
      .executeTakeFirstOrThrow();
    await setGroups(trx, id, groups);
    // A person without cards is in no list.
    each.note({ action: 'person-add', subject: `person ${number}` });
    return { changed: true };
  }
  const altered = changedFields(known, fields);
  if ((await groupsOf(trx, known.id)).join() !== groups.join()) altered.push('groups');
  if (altered.length === 0) return { changed: false };
  const before = await scopesOfPeople(trx, [known.id]);
  each.touch(before);
  each.touch(await certifiedScopesOf(trx, [known.id]));
  await trx.updateTable('person').set(fields).where('id', '=', known.id).execute();
  await setGroups(trx, known.id, groups);
  const after = await scopesOfPeople(trx, [known.id]);
  each.touch(after);
  if (altered.includes('room') || altered.includes('building'))
    await hurryScopes(trx, [...before, ...after], HURRY.one);
  each.note({ action: 'person-change', subject: `person ${number}`, detail: { fields: altered } });
  return { changed: true };
}

export async function removePerson(
  context: RegistryContext,
  number: string,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    const known = await findPerson(each.trx, number);
    if (known === undefined) return err('not-found');
    if (known.active === 0) return ok({ changed: false });
    each.touch(await scopesOfPeople(each.trx, [known.id]));
    await withdrawCardsOf(each, known.id);
    await withdrawPhonesOf(each, known.id);
    await each.trx.deleteFrom('group_member').where('person_id', '=', known.id).execute();
    // Whoever is entered again by the card office comes back as a student.
    await each.trx.deleteFrom('role_grant').where('person_id', '=', known.id).execute();
    await each.trx.updateTable('person').set({ active: 0 }).where('id', '=', known.id).execute();
    each.note({ action: 'person-remove', subject: `person ${number}` });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

export const findPerson = (trx: Transaction<Database>, number: string): Promise<PersonRow | undefined> =>
  trx.selectFrom('person').selectAll().where('number', '=', number).executeTakeFirst();

async function groupsOf(trx: Transaction<Database>, person: number): Promise<string[]> {
  const rows = await trx.selectFrom('group_member').select('group_id').where('person_id', '=', person).execute();
  return rows.map(({ group_id }) => group_id).sort();
}

async function setGroups(trx: Transaction<Database>, person: number, groups: readonly string[]): Promise<void> {
  await trx.deleteFrom('group_member').where('person_id', '=', person).execute();
  if (groups.length === 0) return;
  await trx
    .insertInto('group_member')
    .values(groups.map((group_id) => ({ group_id, person_id: person })))
    .execute();
}

const fieldsOf = (body: PersonBody): PersonFields => ({
  name: body.name,
  kind: body.kind,
  building: body.building,
  room: body.room,
  bed: body.bed,
  class_name: body.className,
  active: 1,
  extended_access: flag(body.extendedAccess),
  anti_passback_exempt: flag(body.antiPassbackExempt),
  valid_from: instantOf(body.validFrom),
  valid_until: instantOf(body.validUntil),
});

export async function putGroup(
  context: RegistryContext,
  id: string,
  { name }: { readonly name: string },
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    const known = await each.trx.selectFrom('person_group').selectAll().where('id', '=', id).executeTakeFirst();
    if (known?.name === name) return ok({ changed: false });
    await each.trx
      .insertInto('person_group')
      .values({ id, name })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ name }))
      .execute();
    each.note({ action: known === undefined ? 'group-add' : 'group-change', subject: `group ${id}` });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

/** Refused while a level names it: the rights of its members would go without a trace in the level. */
export async function removeGroup(
  context: RegistryContext,
  id: string,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    const level = await each.trx
      .selectFrom('level_group')
      .select('level_id')
      .where('group_id', '=', id)
      .executeTakeFirst();
    if (level !== undefined) return err('in-use', `take it out of the level ${level.level_id} first`);
    const { numDeletedRows } = await each.trx.deleteFrom('person_group').where('id', '=', id).executeTakeFirst();
    if (numDeletedRows === 0n) return err('not-found');
    each.note({ action: 'group-remove', subject: `group ${id}` });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

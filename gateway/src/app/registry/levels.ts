// SPDX-License-Identifier: Apache-2.0
// Access levels: groups × portals × schedule × validity.
import type { LevelBody } from '@latchkey/protocols/api/rights';
import { err, ok } from '@latchkey/protocols/result';
import type { Selectable, Transaction } from 'kysely';
import type { AccessLevelTable, Database } from '../../adapters/database/schema.ts';
import type { PutAnswer } from './people.ts';
import { type Change, change, type RegistryContext, type RegistryResult } from './registry-context.ts';
import { changedFields, flag, instantOf, missingOf } from './rows.ts';
import { scopesOfLevel } from './touched-scopes.ts';

export async function putLevel(
  context: RegistryContext,
  id: string,
  body: LevelBody,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const fields = fieldsOf(body);
  if (fields.valid_from !== null && fields.valid_until !== null && fields.valid_until <= fields.valid_from)
    return err('invalid-request', 'validUntil: give an instant after validFrom');
  const done = await change(context, actor, async (each) => {
    const unknown = await danglingOf(each.trx, body);
    if (unknown !== undefined) return err('unknown-reference', unknown);
    return ok(await writeLevel(each, id, { fields, groups: body.groups, portals: body.portals }));
  });
  return done.ok ? ok(done.value.value) : done;
}

async function danglingOf(trx: Transaction<Database>, body: LevelBody): Promise<string | undefined> {
  const group = await missingOf(trx, 'person_group', body.groups);
  if (group !== undefined) return `groups: there is no group ${group}`;
  const portal = await missingOf(trx, 'portal', body.portals);
  if (portal !== undefined) return `portals: there is no portal ${portal}`;
  const schedule = await missingOf(trx, 'schedule', [body.schedule]);
  return schedule === undefined ? undefined : `schedule: there is no schedule ${schedule}`;
}

export interface LevelContent {
  readonly fields: Omit<Selectable<AccessLevelTable>, 'id'>;
  readonly groups: readonly string[];
  readonly portals: readonly string[];
}

/** Within a change; the references exist. */
export async function writeLevel(each: Change, id: string, content: LevelContent): Promise<PutAnswer> {
  const { trx } = each;
  const known = await trx.selectFrom('access_level').selectAll().where('id', '=', id).executeTakeFirst();
  const groups = [...new Set(content.groups)].sort();
  const portals = [...new Set(content.portals)].sort();
  const altered = known === undefined ? [] : changedFields(known, content.fields);
  if (known !== undefined) {
    if ((await namesOf(trx, 'level_group', id)).join() !== groups.join()) altered.push('groups');
    if ((await namesOf(trx, 'level_portal', id)).join() !== portals.join()) altered.push('portals');
    if (altered.length === 0) return { changed: false };
    each.touch(await scopesOfLevel(trx, id));
  }
  await trx
    .insertInto('access_level')
    .values({ id, ...content.fields })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(content.fields))
    .execute();
  await trx.deleteFrom('level_group').where('level_id', '=', id).execute();
  await trx.deleteFrom('level_portal').where('level_id', '=', id).execute();
  await trx
    .insertInto('level_group')
    .values(groups.map((group_id) => ({ level_id: id, group_id })))
    .execute();
  await trx
    .insertInto('level_portal')
    .values(portals.map((portal_id) => ({ level_id: id, portal_id })))
    .execute();
  each.touch(await scopesOfLevel(trx, id));
  if (known === undefined) each.note({ action: 'level-add', subject: `level ${id}` });
  else each.note({ action: 'level-change', subject: `level ${id}`, detail: { fields: altered } });
  return { changed: true };
}

async function namesOf(
  trx: Transaction<Database>,
  table: 'level_group' | 'level_portal',
  id: string,
): Promise<string[]> {
  if (table === 'level_group') {
    const rows = await trx.selectFrom('level_group').select('group_id').where('level_id', '=', id).execute();
    return rows.map(({ group_id }) => group_id).sort();
  }
  const rows = await trx.selectFrom('level_portal').select('portal_id').where('level_id', '=', id).execute();
  return rows.map(({ portal_id }) => portal_id).sort();
}

const fieldsOf = (body: LevelBody): LevelContent['fields'] => ({
  name: body.name,
  schedule_id: body.schedule,
  allow_in: flag(body.directions.includes('in')),
  allow_out: flag(body.directions.includes('out')),
  valid_from: instantOf(body.validFrom),
  valid_until: instantOf(body.validUntil),
});

export async function removeLevel(
  context: RegistryContext,
  id: string,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    each.touch(await scopesOfLevel(each.trx, id));
    const { numDeletedRows } = await each.trx.deleteFrom('access_level').where('id', '=', id).executeTakeFirst();
    if (numDeletedRows === 0n) return err('not-found');
    each.note({ action: 'level-remove', subject: `level ${id}` });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

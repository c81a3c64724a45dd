// SPDX-License-Identifier: Apache-2.0
// Rights to rooms for a while: maintenance, a fire drill, somebody who stands in. Always with an end, a reason and whoever gave it.
import type { GrantBody } from '@latchkey/protocols/api/locks';
import { err, ok } from '@latchkey/protocols/result';
import type { Transaction } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import type { PutAnswer } from './people.ts';
import { change, type RegistryContext, type RegistryResult } from './registry-context.ts';
import { missingOf } from './rows.ts';
import { HURRY, hurryScopes } from './touched-scopes.ts';

export const LONGEST_GRANT_MS = 30 * 86_400_000;

export async function addGrant(
  context: RegistryContext,
  body: GrantBody,
  actor: string,
): Promise<RegistryResult<{ readonly id: number }>> {
  const [from, until] = [Date.parse(body.from), Date.parse(body.until)];
  if (until <= from) return err('invalid-request', 'until: give an instant after from');
  if (until - from > LONGEST_GRANT_MS)
    return err('invalid-request', 'until: at most 30 days; who needs longer gets an access level');
  const done = await change(context, actor, async ({ trx, atMs, note, touch }) => {
    const person = await personOf(trx, body.person);
    if (!person.ok) return person;
    const group = await missingOf(trx, 'person_group', body.group === undefined ? [] : [body.group]);
    if (group !== undefined) return err('unknown-reference', `group: there is no group ${group}`);
    const scopes = await scopesOfPlace(trx, body);
    if (scopes.length === 0) return err('unknown-reference', 'building: there is no smart lock in that place');
    const { id } = await trx
      .insertInto('room_grant')
      .values({
        person_id: person.value,
        group_id: body.group ?? null,
        building: body.building,
        room: body.room ?? null,
        floor: body.floor ?? null,
        valid_from: from,
        valid_until: until,
        reason: body.reason,
        actor,
        made_at: atMs,
        withdrawn_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    touch(scopes);
    await hurryScopes(trx, scopes, HURRY.one);
    const { building, room, floor, person: number, group: groupId } = body;
    const whom = number === undefined ? { group: groupId } : { person: number };
    const detail = { ...whom, building, room: room ?? '', floor: floor ?? '', from: body.from, until: body.until };
    note({ action: 'room-grant-add', subject: `room-grant ${id}`, detail });
    return ok({ id });
  });
  return done.ok ? ok(done.value.value) : done;
}

async function personOf(
  trx: Transaction<Database>,
  number: string | undefined,
): Promise<RegistryResult<number | null>> {
  if (number === undefined) return ok(null);
  const row = await trx
    .selectFrom('person')
    .select('id')
    .where('number', '=', number)
    .where('active', '=', 1)
    .executeTakeFirst();
  return row === undefined ? err('unknown-reference', 'person: there is nobody of this number') : ok(row.id);
}

export interface Place {
  readonly building: string;
  readonly room?: string | null | undefined;
  readonly floor?: string | null | undefined;
}

export async function scopesOfPlace(trx: Transaction<Database>, { building, room, floor }: Place): Promise<number[]> {
  let query = trx.selectFrom('portal').select('scope_id').distinct().where('kind', '=', 'lock');
  query = query.where('building', '=', building);
  if (room != null) query = query.where('room', '=', room);
  if (floor != null) query = query.where('floor', '=', floor);
  return (await query.execute()).map(({ scope_id }) => scope_id);
}

/** The row stays: who might open a room, and why, can be told later. */
export async function withdrawGrant(
  context: RegistryContext,
  id: number,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async ({ trx, atMs, note, touch }) => {
    const row = await trx.selectFrom('room_grant').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) return err('not-found');
    if (row.withdrawn_at !== null) return ok({ changed: false });
    await trx.updateTable('room_grant').set({ withdrawn_at: atMs }).where('id', '=', id).execute();
    touch(await scopesOfPlace(trx, row));
    note({ action: 'room-grant-withdraw', subject: `room-grant ${id}` });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

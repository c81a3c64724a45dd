// SPDX-License-Identifier: Apache-2.0
// Schedules and holidays: made, changed, removed.
import type { HolidayBody, ScheduleBody } from '@latchkey/protocols/api/rights';
import { canonicalJson } from '@latchkey/protocols/bytes/canonical-json';
import { err, ok } from '@latchkey/protocols/result';
import type { Transaction } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import type { PutAnswer } from './people.ts';
import { change, type RegistryContext, type RegistryResult } from './registry-context.ts';
import { changedFields } from './rows.ts';

/** There from the start, so that a first level needs no schedule of its own. */
export const ALWAYS = 'always';

export async function putSchedule(
  context: RegistryContext,
  id: string,
  body: ScheduleBody,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const holidayIntervals = typeof body.onHolidays === 'string' ? [] : body.onHolidays;
  if ([...body.intervals, ...holidayIntervals].some(({ from }) => from === '24:00'))
    return err('invalid-request', 'intervals: begin at 00:00 of the following day instead of at 24:00');
  const fields = {
    name: body.name,
    intervals: canonicalJson(body.intervals),
    on_holidays: canonicalJson(body.onHolidays),
  };
  const done = await change(context, actor, async (each) => {
    const { trx } = each;
    const known = await trx.selectFrom('schedule').selectAll().where('id', '=', id).executeTakeFirst();
    const altered = known === undefined ? [] : changedFields(known, fields);
    if (known !== undefined && altered.length === 0) return ok({ changed: false });
    await trx
      .insertInto('schedule')
      .values({ id, ...fields })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(fields))
      .execute();
    each.touch(await scopesOfSchedule(trx, id));
    if (known === undefined) each.note({ action: 'schedule-add', subject: `schedule ${id}` });
    else each.note({ action: 'schedule-change', subject: `schedule ${id}`, detail: { fields: altered } });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

export async function removeSchedule(
  context: RegistryContext,
  id: string,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    const { trx } = each;
    const level = await trx.selectFrom('access_level').select('id').where('schedule_id', '=', id).executeTakeFirst();
    if (level !== undefined) return err('in-use', `give the level ${level.id} another schedule first`);
    const portal = (await portalsWithAssurance(trx)).find(({ schedules }) => schedules.includes(id));
    if (portal !== undefined) return err('in-use', `the assurance of the portal ${portal.id} names it`);
    const { numDeletedRows } = await trx.deleteFrom('schedule').where('id', '=', id).executeTakeFirst();
    if (numDeletedRows === 0n) return err('not-found');
    each.note({ action: 'schedule-remove', subject: `schedule ${id}` });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

async function scopesOfSchedule(trx: Transaction<Database>, id: string): Promise<number[]> {
  const byLevel = await trx
    .selectFrom('access_level')
    .innerJoin('level_portal', 'level_portal.level_id', 'access_level.id')
    .innerJoin('portal', 'portal.id', 'level_portal.portal_id')
    .select('portal.scope_id')
    .distinct()
    .where('access_level.schedule_id', '=', id)
    .execute();
  const byAssurance = (await portalsWithAssurance(trx)).filter(({ schedules }) => schedules.includes(id));
  return [...byLevel, ...byAssurance].map(({ scope_id }) => scope_id);
}

async function portalsWithAssurance(trx: Transaction<Database>) {
  const rows = await trx
    .selectFrom('portal')
    .select(['id', 'scope_id', 'assurance'])
    .where('assurance', '<>', '[]')
    .execute();
  return rows.map(({ id, scope_id, assurance }) => ({
    id,
    scope_id,
    schedules: (JSON.parse(assurance) as { schedule: string }[]).map(({ schedule }) => schedule),
  }));
}

export async function putHoliday(
  context: RegistryContext,
  date: string,
  { name }: HolidayBody,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    const { trx } = each;
    const known = await trx.selectFrom('holiday').select('name').where('date', '=', date).executeTakeFirst();
    if (known?.name === name) return ok({ changed: false });
    await trx
      .insertInto('holiday')
      .values({ date, name })
      .onConflict((conflict) => conflict.column('date').doUpdateSet({ name }))
      .execute();
    // A name is in no list.
    if (known === undefined) each.touch('all');
    each.note({ action: known === undefined ? 'holiday-add' : 'holiday-change', subject: `holiday ${date}` });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

export async function removeHoliday(
  context: RegistryContext,
  date: string,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    const { numDeletedRows } = await each.trx.deleteFrom('holiday').where('date', '=', date).executeTakeFirst();
    if (numDeletedRows === 0n) return err('not-found');
    each.touch('all');
    each.note({ action: 'holiday-remove', subject: `holiday ${date}` });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

/** On the first start only: who removes it later does so on purpose. */
export async function addAlways(context: RegistryContext): Promise<void> {
  const { database } = context;
  const audit = await database.db.selectFrom('audit').select('seq').limit(1).executeTakeFirst();
  if (audit !== undefined) return;
  const body: ScheduleBody = {
    name: '全天 · always',
    intervals: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', until: '24:00' }],
    onHolidays: 'as-usual',
  };
  await putSchedule(context, ALWAYS, body, 'gateway');
}

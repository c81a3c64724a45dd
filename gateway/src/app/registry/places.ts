// SPDX-License-Identifier: Apache-2.0
// Scopes (doors that share a list) and portals: made, changed, removed.
import type { PortalBody, ScopeBody } from '@latchkey/protocols/api/places';
import { canonicalJson } from '@latchkey/protocols/bytes/canonical-json';
import { err, ok } from '@latchkey/protocols/result';
import type { Selectable, Transaction } from 'kysely';
import type { Database, PortalTable } from '../../adapters/database/schema.ts';
import type { PutAnswer } from './people.ts';
import { type Change, change, type RegistryContext, type RegistryResult } from './registry-context.ts';
import { changedFields, flag, missingOf } from './rows.ts';

/** As the form defaults: callers in this package may leave out what they do not mean. */
type ScopeFields = Pick<ScopeBody, 'name'> & Partial<ScopeBody>;

export async function putScope(
  context: RegistryContext,
  id: number,
  body: ScopeFields,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    const { trx } = each;
    const known = await trx.selectFrom('scope').selectAll().where('id', '=', id).executeTakeFirst();
    const zone = await zoneOf(trx, id, body.zone, known);
    if (!zone.ok) return zone;
    const fields = { name: body.name, name_en: body.nameEn ?? '', zone: zone.value };
    const altered = known === undefined ? [] : changedFields(known, fields);
    if (known !== undefined && altered.length === 0) return ok({ changed: false });
    if (known !== undefined) await trx.updateTable('scope').set(fields).where('id', '=', id).execute();
    else {
      const prf_key_id = await context.newScopeKey(trx);
      await trx
        .insertInto('scope')
        .values({ id, ...fields, prf_key_id, change_seq: 0, compiled_seq: 0 })
        .execute();
    }
    // Of the scope's own fields a list holds only the zone.
    if (known === undefined || altered.includes('zone')) each.touch([id]);
    if (known === undefined) each.note({ action: 'scope-add', subject: `scope ${id}` });
    else each.note({ action: 'scope-change', subject: `scope ${id}`, detail: { fields: altered } });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

const LAST_ZONE = 0xffff;

/** Codes are made for one zone: two lists of the same one would let a code be used at both. */
async function zoneOf(
  trx: Transaction<Database>,
  id: number,
  wanted: number | null | undefined,
  known: { readonly zone: number | null } | undefined,
): Promise<RegistryResult<number | null>> {
  if (wanted === null) return ok(null);
  if (wanted === undefined && known !== undefined) return ok(known.zone);
  const zone = wanted ?? (id <= LAST_ZONE ? id : undefined);
  if (zone === undefined) return ok(null);
  const taken = await trx
    .selectFrom('scope')
    .select('id')
    .where('zone', '=', zone)
    .where('id', '<>', id)
    .executeTakeFirst();
  if (taken === undefined) return ok(zone);
  return wanted === undefined ? ok(null) : err('already-exists', `zone: scope ${taken.id} has zone ${zone}`);
}

/** A number once given out stays taken: a controller refuses lists of it that begin again at version 1. */
export async function removeScope(
  context: RegistryContext,
  id: number,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    const { trx } = each;
    const portal = await trx.selectFrom('portal').select('id').where('scope_id', '=', id).executeTakeFirst();
    if (portal !== undefined) return err('in-use', `give the portal ${portal.id} another scope first`);
    const list = await trx.selectFrom('list_version').select('version').where('scope_id', '=', id).executeTakeFirst();
    if (list !== undefined) return err('in-use', 'controllers know lists of this number; rename the scope instead');
    const { numDeletedRows } = await trx.deleteFrom('scope').where('id', '=', id).executeTakeFirst();
    if (numDeletedRows === 0n) return err('not-found');
    each.note({ action: 'scope-remove', subject: `scope ${id}` });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

type PortalFields = Omit<Selectable<PortalTable>, 'id'>;

export async function putPortal(
  context: RegistryContext,
  id: string,
  body: PortalBody,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const { antiPassback } = body;
  if (antiPassback.mode === 'timed' && antiPassback.minutes === undefined)
    return err('invalid-request', 'antiPassback.minutes: say for how long, in minutes');
  if (body.kind !== 'lock' && body.room !== '')
    return err('invalid-request', 'room: only a portal of kind lock has one');
  if (body.room !== '' && body.building === '') return err('invalid-request', 'building: say where the room is');
  const done = await change(context, actor, async (each) => {
    const unknown = await danglingOf(each, body);
    if (unknown !== undefined) return err('unknown-reference', unknown);
    return ok(await writePortal(each, id, fieldsOf(body)));
  });
  return done.ok ? ok(done.value.value) : done;
}

async function danglingOf({ trx }: Change, body: PortalBody): Promise<string | undefined> {
  const scope = await trx.selectFrom('scope').select('id').where('id', '=', body.scope).executeTakeFirst();
  if (scope === undefined) return `scope: there is no scope ${body.scope}`;
  const device = await missingOf(trx, 'device', body.device === null ? [] : [body.device]);
  if (device !== undefined) return `device: there is no controller ${device}`;
  const schedules = body.assurance.map(({ schedule }) => schedule);
  const schedule = await missingOf(trx, 'schedule', schedules);
  return schedule === undefined ? undefined : `assurance: there is no schedule ${schedule}`;
}

async function writePortal(each: Change, id: string, fields: PortalFields): Promise<PutAnswer> {
  const { trx } = each;
  const known = await trx.selectFrom('portal').selectAll().where('id', '=', id).executeTakeFirst();
  const altered = known === undefined ? [] : changedFields(known, fields);
  if (known !== undefined && altered.length === 0) return { changed: false };
  await trx
    .insertInto('portal')
    .values({ id, ...fields })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(fields))
    .execute();
  if (known?.scope_id !== fields.scope_id || known.device_id !== fields.device_id) each.movePortals();
  each.touch([fields.scope_id, ...(known === undefined ? [] : [known.scope_id])]);
  if (known === undefined) each.note({ action: 'portal-add', subject: `portal ${id}` });
  else each.note({ action: 'portal-change', subject: `portal ${id}`, detail: { fields: altered } });
  return { changed: true };
}

const fieldsOf = (body: PortalBody): PortalFields => ({
  name: body.name,
  name_en: body.nameEn,
  building: body.building,
  kind: body.kind,
  room: body.room,
  floor: body.floor,
  scope_id: body.scope,
  device_id: body.device,
  anti_passback: canonicalJson(body.antiPassback),
  assurance: canonicalJson(body.assurance),
  after_expiry: body.afterExpiry,
  ask_gateway: flag(body.askGateway),
});

export async function removePortal(
  context: RegistryContext,
  id: string,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    const { trx } = each;
    const known = await trx.selectFrom('portal').select('scope_id').where('id', '=', id).executeTakeFirst();
    if (known === undefined) return err('not-found');
    const level = await trx
      .selectFrom('level_portal')
      .select('level_id')
      .where('portal_id', '=', id)
      .executeTakeFirst();
    if (level !== undefined) return err('in-use', `take it out of the level ${level.level_id} first`);
    await trx.deleteFrom('portal').where('id', '=', id).execute();
    await trx.deleteFrom('portal_report').where('portal_id', '=', id).execute();
    each.touch([known.scope_id]);
    each.movePortals();
    each.note({ action: 'portal-remove', subject: `portal ${id}` });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

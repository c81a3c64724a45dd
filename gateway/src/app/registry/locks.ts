// SPDX-License-Identifier: Apache-2.0
// Smart locks of doors: to be paired, replaced, given to corridor controllers, reset, retired. At most one lock of a door is in
// use; those before it stay, for the sake of what they did.
import type { LockBody } from '@latchkey/protocols/api/locks';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { err, ok } from '@latchkey/protocols/result';
import type { Transaction } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import type { LockRow } from '../../adapters/database/schema-locks.ts';
import type { PutAnswer } from './people.ts';
import { type Change, change, type RegistryContext, type RegistryResult } from './registry-context.ts';
import { missingOf } from './rows.ts';

export interface LockContext {
  readonly context: RegistryContext;
  readonly seal: (secret: Uint8Array) => Uint8Array;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** Somebody stands at the door: what takes longer is ordered again. */
export const PAIRING_MS = 15 * 60_000;
const IN_USE = ['waiting', 'paired'] as const;

export const lockOf = (db: Pick<Transaction<Database>, 'selectFrom'>, portal: string): Promise<LockRow | undefined> =>
  db.selectFrom('lock').selectAll().where('portal_id', '=', portal).where('state', 'in', IN_USE).executeTakeFirst();

export async function addLock(
  { context, ...tools }: LockContext,
  body: LockBody,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    const { trx } = each;
    const portal = await trx.selectFrom('portal').select('kind').where('id', '=', body.portal).executeTakeFirst();
    if (portal === undefined) return err('unknown-reference', `portal: there is no portal ${body.portal}`);
    if (portal.kind !== 'lock') return err('wrong-state', `portal: ${body.portal} is not of kind lock`);
    const present = await lockOf(trx, body.portal);
    if (present !== undefined && present.id !== body.lockId)
      return err('already-exists', `portal: the lock ${present.id} is in it; replace that one`);
    if (present?.state === 'paired') return err('wrong-state', 'lockId: it is paired; reset it first');
    const corridors = await setCorridorRows(trx, body.portal, body.corridors);
    if (!corridors.ok) return corridors;
    const written = await writeLock(each, tools, body, body.corridors[0] as string);
    if (!written.ok) return written;
    each.note({ action: 'lock-add', subject: `portal ${body.portal}`, detail: { lock: body.lockId } });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

type NewLock = Pick<LockBody, 'portal' | 'lockId' | 'code' | 'paired'>;

async function writeLock(
  each: Change,
  { seal, randomBytes }: Omit<LockContext, 'context'>,
  { portal, lockId, code, paired }: NewLock,
  device: string,
): Promise<RegistryResult<undefined>> {
  const { trx, atMs } = each;
  const elsewhere = await trx.selectFrom('lock').selectAll().where('id', '=', lockId).executeTakeFirst();
  if (elsewhere !== undefined && elsewhere.portal_id !== portal && IN_USE.some((state) => state === elsewhere.state))
    return err('in-use', `lockId: it is in the door ${elsewhere.portal_id}`);
  // The order given once more: the lock may have taken the first, its answer may be on the way.
  const isAgain = elsewhere?.state === 'waiting' && elsewhere.portal_id === portal;
  const advertisementKey = paired ? fromHexKey(paired.advertisementKey) : randomBytes(16);
  const waits = paired === undefined && code !== undefined;
  const fields = {
    portal_id: portal,
    state: waits ? ('waiting' as const) : ('paired' as const),
    public_key: paired?.key ?? null,
    advertisement_key: isAgain && !paired ? elsewhere.advertisement_key : seal(advertisementKey),
    firmware: null,
    pairing_code: waits ? seal(labelBytes(code)) : null,
    pairing_id: waits ? toHex(randomBytes(8)) : null,
    pairing_device: waits ? device : null,
    pairing_until: waits ? atMs + PAIRING_MS : null,
    pairing_fault: null,
    paired_at: waits ? null : atMs,
    changed_at: atMs,
  };
  await trx
    .insertInto('lock')
    .values({ id: lockId, ...fields })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(fields))
    .execute();
  await trx.deleteFrom('lock_report').where('lock_id', '=', lockId).execute();
  each.movePortals();
  return ok(undefined);
}

const fromHexKey = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** 26 characters hold 130 bits: the last two are padding. */
function labelBytes(code: string): Uint8Array {
  let bits = 0n;
  for (const character of code) bits = (bits << 5n) | BigInt(BASE32.indexOf(character));
  return fromHexKey((bits >> 2n).toString(16).padStart(32, '0'));
}

async function setCorridorRows(
  trx: Transaction<Database>,
  portal: string,
  devices: readonly string[],
): Promise<RegistryResult<undefined>> {
  const unknown = await missingOf(trx, 'device', devices);
  if (unknown !== undefined) return err('unknown-reference', `corridors: there is no controller ${unknown}`);
  const endless = await servingWithoutEnd(trx, portal);
  await trx.deleteFrom('lock_corridor').where('portal_id', '=', portal).execute();
  const rows = [...new Set(devices)].map((device_id) => ({
    portal_id: portal,
    device_id,
    endless: endless.has(device_id) ? 1 : 0,
  }));
  await trx.insertInto('lock_corridor').values(rows).execute();
  return ok(undefined);
}

/** Who serves the lock alone, or did and may not know yet that it does no more. */
async function servingWithoutEnd(trx: Transaction<Database>, portal: string): Promise<ReadonlySet<string>> {
  if ((await lockOf(trx, portal))?.state !== 'paired') return new Set();
  const rows = await trx.selectFrom('lock_corridor').selectAll().where('portal_id', '=', portal).execute();
  const serving = rows.length === 1 ? rows : rows.filter(({ endless }) => endless === 1);
  return new Set(serving.map(({ device_id }) => device_id));
}

/** Another lock takes its place; the list is the door's and stays. */
export async function replaceLock(
  { context, ...tools }: LockContext,
  portal: string,
  body: { readonly lockId: string; readonly code: string },
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    const { trx, atMs } = each;
    const present = await lockOf(trx, portal);
    if (present === undefined) return err('not-found');
    if (present.id === body.lockId) return err('wrong-state', 'lockId: it is this one; reset it to pair it again');
    const first = await trx
      .selectFrom('lock_corridor')
      .select('device_id')
      .where('portal_id', '=', portal)
      .executeTakeFirst();
    if (first === undefined) return err('wrong-state', 'corridors: nobody serves this door');
    await endLock(each, present.id, 'replaced', atMs);
    const written = await writeLock(each, tools, { portal, ...body }, first.device_id);
    if (!written.ok) return written;
    each.note({ action: 'lock-replace', subject: `portal ${portal}`, detail: { lock: body.lockId, old: present.id } });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

async function endLock(each: Change, id: string, state: 'replaced' | 'reset', atMs: number): Promise<void> {
  await each.trx
    .updateTable('lock')
    .set({ state, changed_at: atMs, pairing_code: null, pairing_id: null, pairing_device: null, pairing_until: null })
    .where('id', '=', id)
    .execute();
  each.movePortals();
}

/** `reset`: its keys are gone. `replaced`: it is out of use, whether it knows or not. */
export async function endLockOf(
  { context }: Pick<LockContext, 'context'>,
  portal: string,
  state: 'replaced' | 'reset',
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    const present = await lockOf(each.trx, portal);
    if (present === undefined) return err('not-found');
    await endLock(each, present.id, state, each.atMs);
    const action = state === 'reset' ? 'lock-reset' : 'lock-retire';
    each.note({ action, subject: `portal ${portal}`, detail: { lock: present.id } });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

export async function setCorridors(
  { context }: Pick<LockContext, 'context'>,
  portal: string,
  devices: readonly string[],
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    if ((await lockOf(each.trx, portal)) === undefined) return err('not-found');
    const set = await setCorridorRows(each.trx, portal, devices);
    if (!set.ok) return set;
    each.movePortals();
    each.note({ action: 'lock-corridors', subject: `portal ${portal}`, detail: { devices } });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

export interface Paired {
  readonly id: string;
  readonly lockId: string;
  readonly key: string;
  readonly firmware: number;
}

/** Only for the order that stands, from the controller it was given to, in time. */
export async function markPaired(context: RegistryContext, device: string, paired: Paired): Promise<boolean> {
  const done = await change(context, `device ${device}`, async (each) => {
    const { trx, atMs } = each;
    const row = await trx.selectFrom('lock').selectAll().where('id', '=', paired.lockId).executeTakeFirst();
    const stands = row?.state === 'waiting' && row.pairing_id === paired.id && row.pairing_device === device;
    if (!stands || (row.pairing_until ?? 0) < atMs) return err('not-found');
    await trx
      .updateTable('lock')
      .set({ state: 'paired', public_key: paired.key, firmware: paired.firmware, paired_at: atMs, changed_at: atMs })
      .set({ pairing_code: null, pairing_id: null, pairing_device: null, pairing_until: null, pairing_fault: null })
      .where('id', '=', paired.lockId)
      .execute();
    each.movePortals();
    each.note({ action: 'lock-paired', subject: `portal ${row.portal_id}`, detail: { lock: paired.lockId } });
    return ok(true);
  });
  return done.ok;
}

// SPDX-License-Identifier: Apache-2.0
// A duty roster is rights to rooms for a while, one a shift. Putting it again replaces the shifts that are not over; those that
// are stay, for the sake of what was opened in them.
import type { DutyRosterBody } from '@latchkey/protocols/api/duty-rosters';
import { err, ok } from '@latchkey/protocols/result';
import type { Transaction } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import type { RoomGrantRow } from '../../adapters/database/schema-locks.ts';
import type { PutAnswer } from './people.ts';
import { type Change, change, type RegistryContext, type RegistryResult } from './registry-context.ts';
import { type Place, scopesOfPlace } from './room-grants.ts';
import { HURRY, hurryScopes } from './touched-scopes.ts';

/** Longer than a shift is a grant, with a reason of its own. */
const LONGEST_SHIFT_MS = 24 * 3_600_000;
const ROWS_AT_ONCE = 500;

interface Shift {
  readonly personId: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

export async function putRoster(
  context: RegistryContext,
  id: string,
  body: DutyRosterBody,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const wrong = faultOf(body);
  if (wrong !== undefined) return err('invalid-request', wrong);
  const done = await change(context, actor, async (each) => {
    const shifts = await shiftsOf(each.trx, body, each.atMs);
    if (!shifts.ok) return shifts;
    const place = { building: body.building, floor: body.floor ?? null };
    const scopes = await scopesOfPlace(each.trx, place);
    if (scopes.length === 0) return err('unknown-reference', 'building: there is no smart lock in that place');
    const standing = await standingOf(each, id);
    const kept = new Set(standing.map(keyOfRow));
    const wanted = new Set(shifts.value.map((shift) => keyOf(shift, place)));
    const ended = standing.filter((row) => !wanted.has(keyOfRow(row)));
    const added = shifts.value.filter((shift) => !kept.has(keyOf(shift, place)));
    if (ended.length === 0 && added.length === 0) return ok({ changed: false });
    await end(each, ended);
    await add(each, id, place, added);
    await mark(each, scopes);
    const detail = { building: body.building, floor: body.floor ?? '', added: added.length, ended: ended.length };
    each.note({ action: 'duty-roster-put', subject: `duty-roster ${id}`, detail });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

export async function removeRoster(
  context: RegistryContext,
  id: string,
  actor: string,
): Promise<RegistryResult<PutAnswer>> {
  const done = await change(context, actor, async (each) => {
    const standing = await standingOf(each, id);
    if (standing.length === 0) return err('not-found');
    await end(each, standing);
    each.note({ action: 'duty-roster-remove', subject: `duty-roster ${id}`, detail: { ended: standing.length } });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

function faultOf({ shifts }: DutyRosterBody): string | undefined {
  for (const [index, { from, until }] of shifts.entries()) {
    const lengthMs = Date.parse(until) - Date.parse(from);
    if (lengthMs <= 0) return `shifts.${index}.until: give an instant after from`;
    if (lengthMs > LONGEST_SHIFT_MS)
      return `shifts.${index}.until: at most 24 hours after from; who needs longer gets a grant`;
  }
  return undefined;
}

/** Without those that are over, each once. */
async function shiftsOf(
  trx: Transaction<Database>,
  { shifts }: DutyRosterBody,
  nowMs: number,
): Promise<RegistryResult<Shift[]>> {
  const numbers = [...new Set(shifts.map(({ person }) => person))];
  const people = await trx
    .selectFrom('person')
    .select(['id', 'number'])
    .where('number', 'in', [...numbers, ''])
    .where('active', '=', 1)
    .execute();
  const ids = new Map(people.map(({ id, number }) => [number, id]));
  const known = new Map<string, Shift>();
  for (const [index, { person, from, until }] of shifts.entries()) {
    const personId = ids.get(person);
    if (personId === undefined)
      return err('unknown-reference', `shifts.${index}.person: there is nobody of this number`);
    const shift = { personId, fromMs: Date.parse(from), untilMs: Date.parse(until) };
    if (shift.untilMs > nowMs) known.set(`${personId} ${shift.fromMs} ${shift.untilMs}`, shift);
  }
  return ok([...known.values()]);
}

const keyOf = ({ personId, fromMs, untilMs }: Shift, { building, floor }: Place): string =>
  JSON.stringify([personId, fromMs, untilMs, building, floor ?? null]);
const keyOfRow = (row: RoomGrantRow): string =>
  keyOf({ personId: row.person_id ?? 0, fromMs: row.valid_from, untilMs: row.valid_until }, row);

const standingOf = ({ trx, atMs }: Change, roster: string): Promise<RoomGrantRow[]> =>
  trx
    .selectFrom('room_grant')
    .selectAll()
    .where('roster', '=', roster)
    .where('withdrawn_at', 'is', null)
    .where('valid_until', '>', atMs)
    .execute();

/** Whoever is taken off duty loses the rooms at once. */
async function end(each: Change, rows: readonly RoomGrantRow[]): Promise<void> {
  const { trx, atMs } = each;
  for (let first = 0; first < rows.length; first += ROWS_AT_ONCE) {
    const ids = rows.slice(first, first + ROWS_AT_ONCE).map(({ id }) => id);
    await trx.updateTable('room_grant').set({ withdrawn_at: atMs }).where('id', 'in', ids).execute();
  }
  const places = new Map(rows.map((row) => [JSON.stringify([row.building, row.floor]), row]));
  for (const row of places.values()) await mark(each, await scopesOfPlace(trx, row));
}

async function add(each: Change, roster: string, { building, floor }: Place, shifts: readonly Shift[]): Promise<void> {
  const rows = shifts.map(({ personId, fromMs, untilMs }) => ({
    person_id: personId,
    group_id: null,
    building,
    room: null,
    floor: floor ?? null,
    valid_from: fromMs,
    valid_until: untilMs,
    reason: `duty roster ${roster}`,
    actor: each.actor,
    made_at: each.atMs,
    withdrawn_at: null,
    roster,
  }));
  for (let first = 0; first < rows.length; first += ROWS_AT_ONCE)
    await each.trx
      .insertInto('room_grant')
      .values(rows.slice(first, first + ROWS_AT_ONCE))
      .execute();
}

async function mark(each: Change, scopes: readonly number[]): Promise<void> {
  each.touch(scopes);
  await hurryScopes(each.trx, scopes, HURRY.one);
}

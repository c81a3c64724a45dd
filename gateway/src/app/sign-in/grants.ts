// SPDX-License-Identifier: Apache-2.0
// The roles a person holds. Everybody who may sign in is a student of the campus at least: that role reaches oneself only.
import type { Role, RoleGrant } from '@latchkey/protocols/api/sign-in';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import { change, type RegistryContext, type RegistryError } from '../registry/registry-context.ts';

export type GrantsOf = (db: Kysely<Database>, person: number) => Promise<readonly RoleGrant[]>;

const STUDENT: RoleGrant = { role: 'student', buildings: 'all' };
const CAMPUS = '';

export const grantsOf: GrantsOf = async (db, person) => [STUDENT, ...(await readGrants(db, person))];

/** Whoever can change or see more than themselves is signed out sooner. */
export const isStaff = (grants: readonly RoleGrant[]): boolean => grants.some(({ role }) => role !== 'student');

/** Without the role of a student, which nobody is given. */
async function readGrants(db: Kysely<Database>, person: number): Promise<RoleGrant[]> {
  const rows = await db
    .selectFrom('role_grant')
    .select(['role', 'building'])
    .where('person_id', '=', person)
    .orderBy('role')
    .orderBy('building')
    .execute();
  const buildings = new Map<Role, string[]>();
  for (const { role, building } of rows) buildings.set(role, [...(buildings.get(role) ?? []), building]);
  return [...buildings].map(([role, names]) => ({ role, buildings: names.includes(CAMPUS) ? 'all' : names }));
}

/** undefined: there is no such person. */
export async function grantsOfNumber(db: Kysely<Database>, number: string): Promise<RoleGrant[] | undefined> {
  const person = await db.selectFrom('person').select('id').where('number', '=', number).executeTakeFirst();
  return person && readGrants(db, person.id);
}

/** Replaces all of a person's roles. Nobody changes their own: who may must be two. */
export async function putGrants(
  context: RegistryContext,
  number: string,
  grants: readonly RoleGrant[],
  actor: string,
): Promise<Result<{ changed: boolean }, RegistryError | 'not-allowed-here'>> {
  if (actor === number) return err('not-allowed-here', 'number: ask another administrator to change your own roles');
  const rows = rowsOf(grants);
  const done = await change(context, actor, async ({ trx, note }) => {
    const person = await trx.selectFrom('person').select('id').where('number', '=', number).executeTakeFirst();
    if (person === undefined) return err('not-found');
    const before = rowsOf(await readGrants(trx, person.id));
    if (JSON.stringify(before) === JSON.stringify(rows)) return ok({ changed: false });
    if (before.length === 0) await dropInitialPassword(trx, person.id);
    await trx.deleteFrom('role_grant').where('person_id', '=', person.id).execute();
    for (const row of rows)
      await trx
        .insertInto('role_grant')
        .values({ person_id: person.id, ...row })
        .execute();
    const roles = rows.map(({ role, building }) => (building === CAMPUS ? role : `${role}@${building}`));
    note({ action: 'roles-put', subject: `person ${number}`, detail: { roles } });
    return ok({ changed: true });
  });
  return done.ok ? ok(done.value.value) : done;
}

/** Others know an ID number: its last six characters are no way to a role. A reset gives a temporary password instead. */
const dropInitialPassword = (trx: Transaction<Database>, person: number) =>
  trx.updateTable('account').set({ initial_hash: null }).where('person_id', '=', person).execute();

/** Each role and building once, in one order; a role of the whole campus needs no buildings. */
function rowsOf(grants: readonly RoleGrant[]): { role: Role; building: string }[] {
  const held = grants.filter(({ role }) => role !== 'student');
  const everywhere = new Set(held.filter(({ buildings }) => buildings === 'all').map(({ role }) => role));
  const places = held.flatMap(({ role, buildings }) =>
    buildings === 'all' ? [`${role} `] : everywhere.has(role) ? [] : buildings.map((name) => `${role} ${name}`),
  );
  return [...new Set(places)].sort().map((place) => {
    const at = place.indexOf(' ');
    return { role: place.slice(0, at) as Role, building: place.slice(at + 1) };
  });
}

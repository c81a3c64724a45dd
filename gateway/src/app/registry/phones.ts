// SPDX-License-Identifier: Apache-2.0
// Phones that make identity codes: enrolled, replaced, withdrawn, and held with their person's cards. Ending one is like
// losing a card: state, deny and audit entry in one transaction, so that every gate hears of it at once.
import { phoneId } from '@latchkey/protocols/authorization/credential-id';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { err, ok } from '@latchkey/protocols/result';
import type { Transaction } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import type { PhoneAlgorithm, PhoneRow, PhoneState } from '../../adapters/database/schema-phones.ts';
import { type Change, change, type DenyMark, type RegistryContext, type RegistryResult } from './registry-context.ts';
import { scopesOfPeople } from './touched-scopes.ts';

export interface PhoneEnrolment {
  /** Number of the person. */
  readonly person: string;
  readonly name: string;
  readonly algorithm: PhoneAlgorithm;
  /** As sent, base64url. */
  readonly publicKey: string;
  /** What the id is made of: the Ed25519 key, or X of the P-256 point. */
  readonly key32: Uint8Array;
  /** Row of the phone that ends with this. */
  readonly replaces: number | undefined;
}

export interface PhoneChange {
  readonly phone: number;
  readonly deny: DenyMark | undefined;
}

export async function enrolPhone(
  context: RegistryContext,
  enrolment: PhoneEnrolment,
  allowed: number,
  actor: string,
): Promise<RegistryResult<PhoneChange>> {
  const done = await change(context, actor, async (each) => {
    const holder = await holderOf(each, enrolment.person);
    if (holder === undefined) return err('not-found');
    const credentialId = phoneId(enrolment.algorithm, enrolment.key32);
    if (await isKnown(each, credentialId)) return err('already-exists', 'publicKey: make a new key for this phone');
    if (enrolment.replaces !== undefined) {
      const old = await activePhoneOf(each, holder, enrolment.replaces);
      if (old === undefined) return err('not-found', 'replaces: this is no phone of yours in use');
      await endPhone(each, old, 'replaced');
    }
    if ((await phonesInUse(each, holder)).length >= allowed)
      return err('conflict', `replaces: ${allowed} phones are in use; name the one that this replaces`);
    const { id } = await each.trx
      .insertInto('phone')
      .values({
        person_id: holder,
        name: enrolment.name,
        algorithm: enrolment.algorithm,
        public_key: enrolment.publicKey,
        credential_id: toHex(credentialId),
        campus_ref: toHex(context.campusPrf.key(credentialId)),
        state: 'active',
        enrolled_at: each.atMs,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    each.touch(await scopesOfPeople(each.trx, [holder]));
    each.note({ action: 'phone-enrol', subject: `phone ${id}`, detail: { person: enrolment.person } });
    return ok(id);
  });
  return done.ok ? ok({ phone: done.value.value, deny: done.value.deny }) : done;
}

/** By its person only: somebody else's phone is not found. */
export async function withdrawPhone(
  context: RegistryContext,
  person: string,
  id: number,
  actor: string,
): Promise<RegistryResult<PhoneChange>> {
  const done = await change(context, actor, async (each) => {
    const holder = await holderOf(each, person);
    const phone = holder === undefined ? undefined : await phoneOf(each, holder, id);
    if (phone === undefined) return err('not-found');
    if (phone.state !== 'active') return err('wrong-state', `the phone is ${phone.state}`);
    await endPhone(each, phone, 'withdrawn');
    return ok(id);
  });
  return done.ok ? ok({ phone: done.value.value, deny: done.value.deny }) : done;
}

/** Every phone in use of a person, within a larger change; answers their rows. */
export async function withdrawPhonesOf(each: Change, person: number): Promise<number[]> {
  const phones = await phonesInUse(each, person);
  for (const phone of phones) await endPhone(each, phone, 'withdrawn');
  return phones.map(({ id }) => id);
}

/** Phones rest while the office holds their person (held-people), and work again afterwards. */
export async function holdPhonesOf(each: Change, person: number, kind: 'deny' | 'allow-again'): Promise<void> {
  const reason = kind === 'deny' ? 'frozen' : 'other';
  for (const phone of await phonesInUse(each, person)) each.deny({ campusRef: phone.campus_ref, kind, reason });
  each.touch(await certifiedScopesOf(each.trx, [person]));
}

async function endPhone(each: Change, phone: PhoneRow, state: Exclude<PhoneState, 'active'>): Promise<void> {
  const { trx, atMs } = each;
  await trx.updateTable('phone').set({ state, ended_at: atMs }).where('id', '=', phone.id).execute();
  each.deny({ campusRef: phone.campus_ref, kind: 'deny', reason: 'withdrawn' });
  each.touch(await scopesOfPeople(trx, [phone.person_id]));
  each.touch(await certifiedScopesOf(trx, [phone.person_id]));
  each.note({ action: 'phone-end', subject: `phone ${phone.id}`, detail: { state } });
}

/** Scopes whose lists may have to hold a phone as blocked: there a certificate was given for it. */
export async function certifiedScopesOf(trx: Transaction<Database>, people: readonly number[]): Promise<number[]> {
  if (people.length === 0) return [];
  const rows = await trx
    .selectFrom('phone_certificate')
    .innerJoin('phone', 'phone.id', 'phone_certificate.phone_id')
    .select('phone_certificate.scope_id')
    .distinct()
    .where('phone.person_id', 'in', [...people])
    .execute();
  return rows.map(({ scope_id }) => scope_id);
}

async function holderOf({ trx }: Change, number: string): Promise<number | undefined> {
  const row = await trx
    .selectFrom('person')
    .select('id')
    .where('number', '=', number)
    .where('active', '=', 1)
    .executeTakeFirst();
  return row?.id;
}

async function isKnown({ trx }: Change, credentialId: Uint8Array): Promise<boolean> {
  const row = await trx
    .selectFrom('phone')
    .select('id')
    .where('credential_id', '=', toHex(credentialId))
    .executeTakeFirst();
  return row !== undefined;
}

const phonesOf = ({ trx }: Change, person: number) =>
  trx.selectFrom('phone').selectAll().where('person_id', '=', person).orderBy('id');
const phoneOf = (each: Change, person: number, id: number) =>
  phonesOf(each, person).where('id', '=', id).executeTakeFirst();
export const phonesInUse = (each: Change, person: number) =>
  phonesOf(each, person).where('state', '=', 'active').execute();
const activePhoneOf = (each: Change, person: number, id: number) =>
  phonesOf(each, person).where('id', '=', id).where('state', '=', 'active').executeTakeFirst();

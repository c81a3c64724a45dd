// SPDX-License-Identifier: Apache-2.0
// A person's own phones: enrolled by proof of their key, listed, withdrawn, and asked after by the phone itself.
import type { MyPhone, PhoneEnrol, PhoneEnrolled, PhoneStatus, PhoneStatusAsk } from '@latchkey/protocols/api/me';
import { fromBase64url } from '@latchkey/protocols/bytes/base64url';
import { enrolmentStatement, statusStatement } from '@latchkey/protocols/codes/phone-statement';
import { err, ok } from '@latchkey/protocols/result';
import type { PhoneRow } from '../../adapters/database/schema-phones.ts';
import { type PhoneKey, proves, readPhoneKey } from '../../core/phone-key.ts';
import type { OwnPhones } from '../../http/own-service.ts';
import type { ApiResult } from '../../http/services.ts';
import { toInstant, toInstantOrNull } from '../api/forms.ts';
import { enrolPhone, withdrawPhone } from '../registry/phones.ts';
import type { RegistryContext } from '../registry/registry-context.ts';
import type { GiveCertificates } from './certificates.ts';
import type { Challenges } from './challenges.ts';
import { findOwn } from './person.ts';

export interface OwnPhoneOptions {
  readonly context: RegistryContext;
  readonly campusId: string;
  /** Phones a person. */
  readonly allowed: number;
  readonly challenges: Challenges;
  readonly certificates: GiveCertificates;
}

/** A phone's clock may be wrong, and it asks to find out; a proof older than this is nobody's question any more. */
const STATUS_WINDOW_MS = 24 * 3_600_000;

export function createOwnPhones(options: OwnPhoneOptions): OwnPhones {
  const { context, allowed, challenges, certificates } = options;
  const { db } = context.database;

  async function phonesOf(number: string): Promise<ApiResult<PhoneRow[]>> {
    const person = await findOwn(db, number);
    if (!person.ok) return person;
    return ok(
      await db.selectFrom('phone').selectAll().where('person_id', '=', person.value.id).orderBy('id').execute(),
    );
  }

  async function certificatesOf(phone: PhoneRow): Promise<ApiResult<PhoneEnrolled['certificates']>> {
    const key = await readPhoneKey(phone.algorithm, phone.public_key);
    return key.ok ? ok(await certificates(phone, key.value)) : err('internal');
  }

  return {
    async list(number) {
      const phones = await phonesOf(number);
      return phones.ok ? ok({ items: phones.value.map(toPhone), allowed }) : phones;
    },
    async challenge(number, session) {
      const person = await findOwn(db, number);
      return person.ok ? ok({ challenge: await challenges.give(person.value.id, session) }) : person;
    },
    enrol: (number, session, body) => enrol(options, number, session, body),
    async withdraw(number, id, actor) {
      const done = await withdrawPhone(context, number, phoneRow(id), actor);
      return done.ok ? ok({ changed: true }) : done;
    },
    async certificates(number, id) {
      const phones = await phonesOf(number);
      if (!phones.ok) return phones;
      const phone = phones.value.find((each) => each.id === phoneRow(id));
      if (phone === undefined) return err('not-found');
      return phone.state === 'active' ? certificatesOf(phone) : err('wrong-state', `the phone is ${phone.state}`);
    },
    status: (ask) => status(options, ask),
  };
}

async function enrol(
  { context, campusId, allowed, challenges, certificates }: OwnPhoneOptions,
  number: string,
  session: string,
  body: PhoneEnrol,
): Promise<ApiResult<PhoneEnrolled>> {
  const { db } = context.database;
  const person = await findOwn(db, number);
  if (!person.ok) return person;
  if (!(await challenges.take(person.value.id, session, body.challenge)))
    return err('invalid-request', 'challenge: it was used, is over, or was given to somebody else; ask for a new one');
  const key = await keyOf(body, campusId);
  if (!key.ok) return key;
  const { name, algorithm, publicKey } = body;
  const replaces = body.replaces === undefined ? undefined : phoneRow(body.replaces);
  const enrolment = { person: number, name, algorithm, publicKey, key32: key.value.key32, replaces };
  const done = await enrolPhone(context, enrolment, allowed, number);
  if (!done.ok) return done;
  const row = await db.selectFrom('phone').selectAll().where('id', '=', done.value.phone).executeTakeFirstOrThrow();
  return ok({ phone: toPhone(row), certificates: await certificates(row, key.value) });
}

async function keyOf(body: PhoneEnrol, campusId: string): Promise<ApiResult<PhoneKey>> {
  const key = await readPhoneKey(body.algorithm, body.publicKey);
  if (!key.ok) return err('invalid-request', `publicKey: ${key.detail ?? 'make another key'}`);
  const challenge = fromBase64url(body.challenge);
  if (!challenge.ok) return err('invalid-request', 'challenge: use base64url');
  const statement = enrolmentStatement(campusId, challenge.value);
  if (!(await proves(key.value, statement, body.proof)))
    return err('invalid-request', 'proof: it is not a signature of this key over this challenge');
  return key;
}

/** Unknown, unproven and long past are one answer: nobody learns which phones there are. */
async function status(
  { context, campusId }: OwnPhoneOptions,
  { id, timeMs, proof }: PhoneStatusAsk,
): Promise<ApiResult<PhoneStatus>> {
  const nowMs = context.now();
  const { db } = context.database;
  const row = await db.selectFrom('phone').selectAll().where('id', '=', phoneRow(id)).executeTakeFirst();
  if (row === undefined || Math.abs(nowMs - timeMs) > STATUS_WINDOW_MS) return err('not-found');
  const key = await readPhoneKey(row.algorithm, row.public_key);
  if (!key.ok || !(await proves(key.value, statusStatement(campusId, id, timeMs), proof))) return err('not-found');
  return ok({ state: row.state, nowMs, endedAt: toInstantOrNull(row.ended_at) });
}

/** Ids of phones are row numbers; anything else names no phone. */
const phoneRow = (id: string): number => (/^\d{1,15}$/.test(id) ? Number(id) : -1);

const toPhone = (row: PhoneRow): MyPhone => ({
  id: String(row.id),
  name: row.name,
  algorithm: row.algorithm,
  state: row.state,
  enrolledAt: toInstant(row.enrolled_at),
  endedAt: toInstantOrNull(row.ended_at),
});

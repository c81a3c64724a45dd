// SPDX-License-Identifier: Apache-2.0
// What the gateway thinks of a question: the registry of this moment, compiled for the one person, goes through the same rules
// as at the door. A code of another app first becomes a person, by the system that knows it.
import { holderId, type Prf } from '@latchkey/protocols/authorization/credential-id';
import { explainRecord } from '@latchkey/protocols/authorization/decide';
import { compilePolicy, encodePolicy } from '@latchkey/protocols/authorization/policy';
import { NO_END, RECORD_FLAGS, type RecordContent } from '@latchkey/protocols/authorization/record';
import { toHex } from '@latchkey/protocols/bytes/hex';
import type { Answer } from '@latchkey/protocols/commands/command';
import type { CredentialClass, DeviceId } from '@latchkey/protocols/ids';
import type { CodeForm } from '@latchkey/protocols/mqtt/events';
import type { Reason } from '@latchkey/protocols/mqtt/reasons';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import { type CompiledScope, compileScope } from '../core/compiler/compile-scope.ts';
import type { Ask } from './answers.ts';
import { readScope } from './read-scope.ts';
import { heldPeople } from './registry/held-people.ts';
import type { Resolvers } from './resolvers.ts';

export type Verdict = Pick<Answer, 'outcome' | 'reason' | 'extended' | 'credential'>;

/** `undefined`: not this controller's portal, or one that is not to ask. */
export type Judge = (device: DeviceId, question: Ask, withinMs: number) => Promise<Verdict | undefined>;

export interface JudgeOptions {
  readonly database: Pick<GatewayDatabase, 'db' | 'snapshot'>;
  readonly campusPrf: Prf;
  readonly resolvers: Pick<Resolvers, 'resolve'>;
  readonly epoch: number;
  readonly timeZone: string;
  readonly nowMs: () => number;
}

export function createJudge(options: JudgeOptions): Judge {
  return async (device, question, withinMs) => {
    const portal = await options.database.db
      .selectFrom('portal')
      .select(['scope_id', 'ask_gateway'])
      .where('id', '=', question.portal)
      .where('device_id', '=', device)
      .executeTakeFirst();
    if (portal?.ask_gateway !== 1) return undefined;
    const { credential } = question;
    return credential.kind === 'id'
      ? judgeId(options, question, portal.scope_id, credential)
      : judgeCode(options, question, portal.scope_id, credential, withinMs);
  };
}

const denied = (reason: Reason): Verdict => ({ outcome: 'denied', reason });

interface Presented {
  /** 32 hex digits. */
  readonly id: string;
  readonly class: CredentialClass;
}

async function judgeId(
  options: JudgeOptions,
  question: Ask,
  scope: number,
  presented: Presented,
): Promise<Verdict | undefined> {
  const known = (await findCard(options, presented.id)) ?? (await findPhone(options, presented.id));
  if (known === undefined) return denied('UnknownCredential');
  if (!known.active) return denied('CredentialDenied');
  return decideNow(options, question, { scope, person: known.person, presented, standIn: undefined });
}

interface Known {
  readonly person: number;
  readonly active: boolean;
}

async function findCard({ database: { db } }: JudgeOptions, id: string): Promise<Known | undefined> {
  const card = await db
    .selectFrom('credential')
    .select(['person_id', 'state'])
    .where('credential_id', '=', id)
    .where('state', '<>', 'withdrawn')
    .executeTakeFirst();
  return card === undefined ? undefined : { person: card.person_id, active: card.state === 'active' };
}

async function findPhone(options: JudgeOptions, id: string): Promise<Known | undefined> {
  const phone = await options.database.db
    .selectFrom('phone')
    .select(['person_id', 'state'])
    .where('credential_id', '=', id)
    .executeTakeFirst();
  if (phone === undefined) return undefined;
  const active = phone.state === 'active' && !(await isHeld(options, phone.person_id));
  return { person: phone.person_id, active };
}

const isHeld = async ({ database: { db } }: JudgeOptions, person: number): Promise<boolean> =>
  (await heldPeople(db).where('person_id', '=', person).executeTakeFirst()) !== undefined;

/** Forms that only ever pay, unless a resolver owns them. */
const PAYMENT: ReadonlySet<CodeForm> = new Set(['wechat-pay', 'alipay', 'unionpay']);

async function judgeCode(
  options: JudgeOptions,
  question: Ask,
  scope: number,
  { form, text }: { readonly form: CodeForm; readonly text: string },
  withinMs: number,
): Promise<Verdict | undefined> {
  const resolved = await options.resolvers.resolve(text, withinMs);
  switch (resolved.outcome) {
    case 'unowned':
      return denied(PAYMENT.has(form) ? 'PaymentCodeNotAccepted' : 'CodeNotRecognised');
    case 'unknown':
      return denied('CodeNotRecognised');
    case 'failed':
      return denied('ResolverUnavailable');
    case 'known':
      return judgeHolder(options, question, scope, resolved.person);
  }
}

/**
 * Whoever shows a code of another app needs no card, and a lost one does not matter: that is when people show codes. A frozen
 * one does (held-people), and so does having left.
 */
async function judgeHolder(
  options: JudgeOptions,
  question: Ask,
  scope: number,
  number: string,
): Promise<Verdict | undefined> {
  const { db } = options.database;
  const person = await db.selectFrom('person').select(['id', 'active']).where('number', '=', number).executeTakeFirst();
  if (person === undefined) return denied('CodeNotRecognised');
  const id = holderId(number);
  const credential = { ref: toHex(options.campusPrf.key(id)), class: 'phone-code' as const };
  await remember(options, credential.ref, person.id);
  if (person.active !== 1) return { ...denied('CredentialNotEnabled'), credential };
  if (await isHeld(options, person.id)) return { ...denied('CredentialDenied'), credential };
  const standIn = toHex(id);
  const presented = { id: standIn, class: credential.class };
  const verdict = await decideNow(options, question, { scope, person: person.id, presented, standIn });
  return verdict && { ...verdict, credential };
}

/** Before the first event of it can arrive: events are given to people by their references. */
async function remember({ database: { db } }: JudgeOptions, campus_ref: string, person_id: number): Promise<void> {
  const known = await db
    .selectFrom('code_reference')
    .select('person_id')
    .where('campus_ref', '=', campus_ref)
    .executeTakeFirst();
  if (known !== undefined) return;
  await db
    .insertInto('code_reference')
    .values({ campus_ref, person_id })
    .onConflict((conflict) => conflict.column('campus_ref').doNothing())
    .execute();
}

interface Case {
  readonly scope: number;
  readonly person: number;
  readonly presented: Presented;
  readonly standIn: string | undefined;
}

/** Of this moment, by the rules of the door. */
export async function decideNow(
  { database, epoch, timeZone, nowMs }: Pick<JudgeOptions, 'database' | 'epoch' | 'timeZone' | 'nowMs'>,
  question: Pick<Ask, 'portal' | 'direction'>,
  { scope, person, presented, standIn }: Case,
): Promise<Verdict | undefined> {
  const wanted = { epoch, timeZone, nowMs: nowMs(), person, ...(standIn === undefined ? {} : { standIn }) };
  const reading = await database.snapshot((snapshot) => readScope(snapshot, scope, wanted));
  const compiled = reading && compileScope(reading.snapshot);
  return compiled?.ok ? decideFresh(compiled.value, scope, question, presented, nowMs()) : undefined;
}

function decideFresh(
  compiled: CompiledScope,
  scope: number,
  { portal, direction }: Pick<Ask, 'portal' | 'direction'>,
  presented: Presented,
  nowMs: number,
): Verdict | undefined {
  const policy = compilePolicy(encodePolicy(compiled.policy));
  if (!policy.ok) return undefined;
  const record = recordOf(compiled, presented.id);
  // In force, and in no level of this scope: known, but not here.
  if (record === undefined || (record.flags & RECORD_FLAGS.blocked) !== 0) return denied('Unauthorized');
  const { decision } = explainRecord(
    // Of this moment: it has no version and does not expire.
    { scope, version: 0, hardExpiry: NO_END, policy: policy.value },
    record,
    false,
    { portal, direction, class: presented.class, instant: { ms: nowMs, quality: 'synced' } },
  );
  return {
    outcome: decision.outcome,
    ...(decision.reason === undefined ? {} : { reason: decision.reason }),
    ...(decision.extended ? { extended: true } : {}),
  };
}

function recordOf({ entries }: CompiledScope, id: string): RecordContent | undefined {
  const { ids, profiles, flags, classes, until } = entries;
  for (let index = 0; index < profiles.length; index += 1) {
    if (toHex(ids.subarray(index * 16, index * 16 + 16)) !== id) continue;
    return {
      profile: profiles[index] ?? 0,
      flags: flags[index] ?? 0,
      credentialClass: classes[index] ?? 0,
      untilMinute: until[index] ?? 0,
    };
  }
  return undefined;
}

// SPDX-License-Identifier: Apache-2.0
// Cards: issued, lost, frozen, given back, withdrawn, replaced. Each in one transaction with the card's state, the operation
// on the deny chain and the audit entry: once the call returns, nobody can have heard of half of it.
import { cardId } from '@latchkey/protocols/authorization/credential-id';
import { toHex } from '@latchkey/protocols/bytes/hex';
import type { CardUid } from '@latchkey/protocols/card/uid';
import { CREDENTIAL_CLASSES, type CredentialClass } from '@latchkey/protocols/ids';
import { err, ok } from '@latchkey/protocols/result';
import type { Kysely } from 'kysely';
import type { CredentialRow, CredentialState, Database, DenyReason } from '../../adapters/database/schema.ts';
import { lastDenyOf } from './deny-log.ts';
import { heldPeople } from './held-people.ts';
import { holdPhonesOf, phonesInUse, withdrawPhonesOf } from './phones.ts';
import { type Change, change, type DenyMark, type RegistryContext, type RegistryResult } from './registry-context.ts';
import { HURRY, hurryScopes, scopesOfPeople } from './touched-scopes.ts';

export type CardAction = 'lose' | 'freeze' | 'unfreeze' | 'found' | 'withdraw';
export type RevokeReason = 'lost' | 'frozen' | 'withdrawn';

export interface CardIssue {
  readonly uid: CardUid;
  /** Number of the person. */
  readonly person: string;
  readonly class: CredentialClass;
  readonly validFromMs?: number | null;
  readonly validUntilMs: number | null;
}

/** `cards` are row numbers. `deny`: the operation on the chain that controllers must have for it to be in force. */
export interface CardChange {
  readonly cards: readonly number[];
  readonly deny: DenyMark | undefined;
}
export interface Revoked extends CardChange {
  /** Row numbers of phones that stopped with the cards of their person. */
  readonly phones: readonly number[];
}

interface Transition {
  readonly from: readonly CredentialState[];
  readonly to: CredentialState;
  readonly deny: 'deny' | 'allow-again';
  readonly reason: DenyReason;
}

const TRANSITIONS: Readonly<Record<CardAction, Transition>> = {
  lose: { from: ['active', 'frozen'], to: 'lost', deny: 'deny', reason: 'lost' },
  freeze: { from: ['active'], to: 'frozen', deny: 'deny', reason: 'frozen' },
  unfreeze: { from: ['frozen'], to: 'active', deny: 'allow-again', reason: 'other' },
  found: { from: ['lost'], to: 'active', deny: 'allow-again', reason: 'other' },
  withdraw: { from: ['active', 'frozen', 'lost'], to: 'withdrawn', deny: 'deny', reason: 'withdrawn' },
};
const REVOKE_ACTIONS = { lost: 'lose', frozen: 'freeze', withdrawn: 'withdraw' } as const;

export const credentialIdOf = (uid: CardUid): string => toHex(cardId(uid));
/** Enough for a clerk to tell two cards apart. */
export const tailOf = (uid: CardUid): string => toHex(uid).slice(-4);

/** The card in use with this number, whatever its state but withdrawn. */
export function findCard(db: Kysely<Database>, uid: CardUid): Promise<CredentialRow | undefined> {
  return db
    .selectFrom('credential')
    .selectAll()
    .where('credential_id', '=', credentialIdOf(uid))
    .where('state', '<>', 'withdrawn')
    .executeTakeFirst();
}

export async function issueCard(
  context: RegistryContext,
  issue: CardIssue,
  actor: string,
): Promise<RegistryResult<CardChange>> {
  return answerOf(await change(context, actor, (each) => issueWithin(context, each, issue)));
}

async function issueWithin(
  { campusPrf, epoch }: RegistryContext,
  each: Change,
  { uid, person, class: credentialClass, validFromMs = null, validUntilMs }: CardIssue,
): Promise<RegistryResult<number[]>> {
  const { trx, atMs } = each;
  const holder = await trx
    .selectFrom('person')
    .select(['id', 'active'])
    .where('number', '=', person)
    .executeTakeFirst();
  if (holder === undefined) return err('unknown-reference', `person: there is no person ${person}`);
  if (holder.active === 0) return err('wrong-state', `person: ${person} has left`);
  if ((await findCard(trx, uid)) !== undefined)
    return err('already-exists', 'number: this card is in use; withdraw it first to issue it again');
  const id = cardId(uid);
  const campusRef = toHex(campusPrf.key(id));
  const row = await trx
    .insertInto('credential')
    .values({
      person_id: holder.id,
      type: 'card',
      credential_id: toHex(id),
      campus_ref: campusRef,
      tail: tailOf(uid),
      class: CREDENTIAL_CLASSES[credentialClass],
      state: 'active',
      issued_at: atMs,
      valid_from: validFromMs,
      valid_until: validUntilMs,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  // A withdrawn card given out again is still on the chain as denied.
  if ((await lastDenyOf(trx, epoch(), campusRef))?.kind === 'deny')
    each.deny({ campusRef, kind: 'allow-again', reason: 'other' });
  // They stand at the counter, whatever else is being made.
  const scopes = await scopesOfPeople(trx, [holder.id]);
  each.touch(scopes);
  await hurryScopes(trx, scopes, HURRY.one);
  each.note({ action: 'card-issue', subject: `card ${row.id}`, detail: { person } });
  return ok([row.id]);
}

export async function actOnCard(
  context: RegistryContext,
  id: number,
  action: CardAction,
  actor: string,
): Promise<RegistryResult<CardChange>> {
  const done = await change(context, actor, async (each) => {
    const card = await cardOf(each, id);
    if (card === undefined) return err('not-found');
    if (!TRANSITIONS[action].from.includes(card.state)) return err('wrong-state', `the card is ${card.state}`);
    await applyAction(each, card, action);
    return ok([id]);
  });
  return answerOf(done);
}

export const loseCard = (context: RegistryContext, id: number, actor: string) => actOnCard(context, id, 'lose', actor);

/**
 * One card by its number, or every card and phone of a person. What is stopped already stays so and is no error: the answer then
 * names the operation that stopped it.
 */
export async function revokeCards(
  context: RegistryContext,
  target: RevokeTarget,
  reason: RevokeReason,
  actor: string,
): Promise<RegistryResult<Revoked>> {
  const action = REVOKE_ACTIONS[reason];
  const stopped: DenyMark[] = [];
  const done = await change(context, actor, async (each) => {
    const targets = await targetsOf(each, target);
    if (!targets.ok) return targets;
    const { cards, person } = targets.value;
    for (const card of cards) {
      if (TRANSITIONS[action].from.includes(card.state)) await applyAction(each, card, action);
      else {
        const last = await lastDenyOf(each.trx, context.epoch(), card.campus_ref);
        if (last !== undefined) stopped.push({ epoch: context.epoch(), seq: last.seq });
      }
    }
    const phones = person === undefined ? [] : await stopPhones(each, person, action);
    return ok({ cards: cards.map(({ id }) => id), phones });
  });
  if (!done.ok) return done;
  return ok({ ...done.value.value, deny: done.value.deny ?? stopped.at(-1) });
}

type RevokeTarget = { readonly uid: CardUid } | { readonly person: string };

/** Phones rest with a frozen card. Without one, and for good, they are withdrawn. */
async function stopPhones(each: Change, person: number, action: CardAction): Promise<number[]> {
  const held = await heldPeople(each.trx).where('person_id', '=', person).executeTakeFirst();
  if (action !== 'freeze' || held === undefined) return withdrawPhonesOf(each, person);
  return (await phonesInUse(each, person)).map(({ id }) => id);
}

/** `person`: row of whom all is stopped. */
async function targetsOf(
  each: Change,
  target: RevokeTarget,
): Promise<RegistryResult<{ readonly cards: CredentialRow[]; readonly person: number | undefined }>> {
  const { trx } = each;
  if ('uid' in target) {
    const card = await findCard(trx, target.uid);
    if (card === undefined) return err('not-found', 'number: no card in use has this number');
    return ok({ cards: [card], person: undefined });
  }
  const person = await trx.selectFrom('person').select('id').where('number', '=', target.person).executeTakeFirst();
  if (person === undefined) return err('not-found', `person: there is no person ${target.person}`);
  const cards = await cardsInUse(trx, person.id);
  if (cards.length === 0 && (await phonesInUse(each, person.id)).length === 0)
    return err('not-found', `person: ${target.person} has no card or phone in use`);
  return ok({ cards, person: person.id });
}

/** The old card is withdrawn, the new one takes over its class and end. */
export async function replaceCard(
  context: RegistryContext,
  id: number,
  uid: CardUid,
  actor: string,
): Promise<RegistryResult<CardChange>> {
  const done = await change(context, actor, async (each) => {
    const old = await cardOf(each, id);
    if (old === undefined) return err('not-found');
    if (old.state === 'withdrawn') return err('wrong-state', 'the card is withdrawn');
    const holder = await each.trx
      .selectFrom('person')
      .select('number')
      .where('id', '=', old.person_id)
      .executeTakeFirstOrThrow();
    await applyAction(each, old, 'withdraw');
    const issued = await issueWithin(context, each, {
      uid,
      person: holder.number,
      class: classOf(old.class),
      validUntilMs: old.valid_until,
    });
    return issued.ok ? ok([id, ...issued.value]) : issued;
  });
  return answerOf(done);
}

/** Every card in use of a person, withdrawn within a larger change. */
export async function withdrawCardsOf(each: Change, person: number): Promise<void> {
  for (const card of await cardsInUse(each.trx, person)) await applyAction(each, card, 'withdraw');
}

/** `holderReportMs`: its holder says so, at this moment. */
export async function applyAction(
  each: Change,
  card: CredentialRow,
  action: CardAction,
  holderReportMs: number | null = null,
): Promise<void> {
  const { to, deny, reason } = TRANSITIONS[action];
  const { trx } = each;
  const fields = { state: to, holder_report_at: holderReportMs };
  await trx.updateTable('credential').set(fields).where('id', '=', card.id).execute();
  each.deny({ campusRef: card.campus_ref, kind: deny, reason });
  if ((card.state === 'frozen' || to === 'frozen') && !(await otherFrozen(each, card)))
    await holdPhonesOf(each, card.person_id, to === 'frozen' ? 'deny' : 'allow-again');
  each.touch(await scopesOfPeople(trx, [card.person_id]));
  each.note({ action: `card-${action}`, subject: `card ${card.id}`, detail: { from: card.state, to } });
}

async function otherFrozen({ trx }: Change, { id, person_id }: CredentialRow): Promise<boolean> {
  const row = await heldPeople(trx).where('person_id', '=', person_id).where('id', '<>', id).executeTakeFirst();
  return row !== undefined;
}

const cardOf = ({ trx }: Change, id: number): Promise<CredentialRow | undefined> =>
  trx.selectFrom('credential').selectAll().where('id', '=', id).executeTakeFirst();

const cardsInUse = (db: Kysely<Database>, person: number): Promise<CredentialRow[]> =>
  db
    .selectFrom('credential')
    .selectAll()
    .where('person_id', '=', person)
    .where('state', '<>', 'withdrawn')
    .orderBy('id')
    .execute();

const CLASSES = Object.keys(CREDENTIAL_CLASSES) as CredentialClass[];
const classOf = (value: number): CredentialClass =>
  CLASSES.find((name) => CREDENTIAL_CLASSES[name] === value) ?? 'uid-only';

const answerOf = (
  done: RegistryResult<{ readonly value: readonly number[]; readonly deny: DenyMark | undefined }>,
): RegistryResult<CardChange> => (done.ok ? ok({ cards: done.value.value, deny: done.value.deny }) : done);

// SPDX-License-Identifier: Apache-2.0
// What the gateway answers about phones that no list holds yet, and about codes of other apps.
import { randomBytes } from 'node:crypto';
import { cardId, holderId, phoneId } from '@latchkey/protocols/authorization/credential-id';
import { toHex } from '@latchkey/protocols/bytes/hex';
import type { CredentialClass, DeviceId, PortalId } from '@latchkey/protocols/ids';
import type { CodeForm } from '@latchkey/protocols/mqtt/events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertEvents } from '../adapters/database/insert-events.ts';
import { createJudge, type Judge, type Verdict } from './judge-question.ts';
import { actOnCard, issueCard } from './registry/cards.ts';
import { putPerson, removePerson } from './registry/people.ts';
import { enrolPhone, withdrawPhone } from './registry/phones.ts';
import { putPortal } from './registry/places.ts';
import {
  ACTOR,
  furnish,
  NOW_MS,
  openTestRegistry,
  person,
  portal,
  randomUid,
  type TestRegistry,
  value,
} from './registry/registry.test-support.ts';
import type { Resolution } from './resolvers.ts';

const DEVICE = 'gate-1' as DeviceId;
let registry: TestRegistry;
let judge: Judge;
let answers: Resolution;
const asked: [string, number][] = [];

beforeEach(async () => {
  asked.length = 0;
  answers = { outcome: 'known', person: 'S1' };
  registry = await openTestRegistry();
  await furnish(registry);
  await registry.database.db.insertInto('device').values({ id: DEVICE, name: DEVICE, state: 'enrolled' }).execute();
  value(await putPortal(registry.context, 'north', portal({ device: DEVICE }), ACTOR));
  judge = createJudge({
    database: registry.database,
    campusPrf: registry.campusKey.prf,
    resolvers: {
      resolve: async (text, withinMs) => {
        asked.push([text, withinMs]);
        return answers;
      },
    },
    epoch: 1,
    timeZone: 'Asia/Shanghai',
    nowMs: () => NOW_MS,
  });
});
afterEach(() => registry.close());

const question = { id: 'ab'.repeat(8), boot: 'cd'.repeat(8), portal: 'north' as PortalId, direction: 'in' as const };
const about = (id: string, credentialClass: CredentialClass) =>
  judge(DEVICE, { ...question, credential: { kind: 'id', id, class: credentialClass } }, 600);
const scan = (text = '880000000000000001', form: CodeForm = 'other', at = 'north') =>
  judge(DEVICE, { ...question, portal: at as PortalId, credential: { kind: 'code', form, text } }, 600);
const outcome = (verdict: Verdict | undefined) => verdict?.reason ?? verdict?.outcome;
const issue = async () => {
  const card = { uid: randomUid(), person: 'S1', class: 'uid-only' as const, validUntilMs: null };
  return value(await issueCard(registry.context, card, ACTOR)).cards[0] as number;
};
const REF = () => toHex(registry.campusKey.prf.key(holderId('S1')));

describe('a code of another app', () => {
  it('opens for its person without any card of ours, under a reference of its own', async () => {
    expect(await scan()).toEqual({ outcome: 'granted', credential: { ref: REF(), class: 'phone-code' } });
    expect(asked).toEqual([['880000000000000001', 600]]);
    expect(holderId('S1')).not.toEqual(cardId(new TextEncoder().encode('S1')));
  });

  it('gives its events to its person', async () => {
    await scan();
    await insertEvents(registry.database, [
      {
        device_id: DEVICE,
        epoch: 'aa'.repeat(8),
        seq: 1,
        at: 1,
        received_at: 1,
        type: 'x',
        portal_id: 'north',
        credential_ref: REF(),
        body: '{}',
      },
    ]);
    const rows = await registry.database.db
      .selectFrom('event')
      .innerJoin('person', 'person.id', 'event.person_id')
      .select('person.number')
      .execute();
    expect(rows).toEqual([{ number: 'S1' }]);
  });

  it('follows the rules of every credential: rights, times, classes', async () => {
    value(await putPortal(registry.context, 'library', portal({ scope: 2, device: DEVICE }), ACTOR));
    expect(outcome(await scan('x', 'other', 'library'))).toBe('Unauthorized');
    const assurance = [{ class: 'remote-command' as const, schedule: 'always' }];
    value(await putPortal(registry.context, 'north', portal({ device: DEVICE, assurance }), ACTOR));
    expect(outcome(await scan())).toBe('AssuranceTooLow');
    value(await putPortal(registry.context, 'north', portal({ device: DEVICE }), ACTOR));
    const validUntil = new Date(NOW_MS - 60_000).toISOString();
    value(await putPerson(registry.context, 'S1', person({ groups: ['dorm-1'], validUntil }), ACTOR));
    expect(outcome(await scan())).toBe('CredentialExpired');
  });

  it('works with a lost card, and not with a frozen one, nor for who has left', async () => {
    const card = await issue();
    value(await actOnCard(registry.context, card, 'lose', ACTOR));
    expect(outcome(await scan())).toBe('granted');
    value(await actOnCard(registry.context, card, 'found', ACTOR));
    value(await actOnCard(registry.context, card, 'freeze', ACTOR));
    expect(await scan()).toMatchObject({ reason: 'CredentialDenied', credential: { ref: REF() } });
    value(await actOnCard(registry.context, card, 'unfreeze', ACTOR));
    expect(outcome(await scan())).toBe('granted');
    value(await removePerson(registry.context, 'S1', ACTOR));
    expect(await scan()).toMatchObject({ reason: 'CredentialNotEnabled', credential: { ref: REF() } });
  });

  it('that names nobody here is told apart from one whose system is away', async () => {
    answers = { outcome: 'unknown' };
    expect(await scan()).toEqual({ outcome: 'denied', reason: 'CodeNotRecognised' });
    answers = { outcome: 'known', person: 'S404' };
    expect(await scan()).toEqual({ outcome: 'denied', reason: 'CodeNotRecognised' });
    answers = { outcome: 'failed', cause: 'timeout' };
    expect(await scan()).toEqual({ outcome: 'denied', reason: 'ResolverUnavailable' });
  });

  it('that nobody owns is refused by its form', async () => {
    answers = { outcome: 'unowned' };
    expect(outcome(await scan('131234567890123456', 'wechat-pay'))).toBe('PaymentCodeNotAccepted');
    expect(outcome(await scan('hello'))).toBe('CodeNotRecognised');
  });

  it('is looked up for no portal that is another’s or is not to ask', async () => {
    expect(await scan('x', 'other', 'library')).toBeUndefined();
    value(await putPortal(registry.context, 'north', portal({ device: DEVICE, askGateway: false }), ACTOR));
    expect(await scan()).toBeUndefined();
    expect(asked).toEqual([]);
  });
});

describe('a phone that the list does not hold yet', () => {
  const enrol = async (replaces?: number) => {
    const key32 = randomBytes(32);
    const enrolment = { person: 'S1', name: 'x', algorithm: 'ES256' as const, publicKey: 'k', key32, replaces };
    const { phone } = value(await enrolPhone(registry.context, enrolment, 2, 'S1'));
    return { phone, id: toHex(phoneId('ES256', key32)) };
  };

  it('is known to the gateway at once, in its own class', async () => {
    const { id } = await enrol();
    expect(outcome(await about(id, 'phone-code'))).toBe('granted');
    expect(outcome(await about(id, 'uid-only'))).toBe('AssuranceTooLow');
    expect(outcome(await about(toHex(randomBytes(16)), 'phone-code'))).toBe('UnknownCredential');
  });

  it('is denied once replaced, withdrawn, or while a card of its person is frozen', async () => {
    const first = await enrol();
    const second = await enrol(first.phone);
    expect(outcome(await about(first.id, 'phone-code'))).toBe('CredentialDenied');
    const card = await issue();
    value(await actOnCard(registry.context, card, 'freeze', ACTOR));
    expect(outcome(await about(second.id, 'phone-code'))).toBe('CredentialDenied');
    value(await actOnCard(registry.context, card, 'unfreeze', ACTOR));
    value(await withdrawPhone(registry.context, 'S1', second.phone, 'S1'));
    expect(outcome(await about(second.id, 'phone-code'))).toBe('CredentialDenied');
  });

  it('never gets a granted answer because of its certificate', async () => {
    const { id, phone } = await enrol();
    await registry.database.db
      .insertInto('phone_certificate')
      .values({ phone_id: phone, scope_id: 1, expires_at: NOW_MS + 60_000 })
      .execute();
    value(await putPerson(registry.context, 'S1', person({ groups: [] }), ACTOR));
    expect(outcome(await about(id, 'phone-code'))).toBe('Unauthorized');
  });
});

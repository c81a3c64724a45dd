// SPDX-License-Identifier: Apache-2.0
// Phones in the registry, and what lists and the deny chain then say of them.
import { randomBytes } from 'node:crypto';
import { phoneId } from '@latchkey/protocols/authorization/credential-id';
import { explainRecord } from '@latchkey/protocols/authorization/decide';
import { compilePolicy, encodePolicy } from '@latchkey/protocols/authorization/policy';
import { RECORD_FLAGS } from '@latchkey/protocols/authorization/record';
import { toHex } from '@latchkey/protocols/bytes/hex';
import type { CredentialClass } from '@latchkey/protocols/ids';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileScope } from '../../core/compiler/compile-scope.ts';
import { readScope } from '../read-scope.ts';
import { actOnCard, issueCard, revokeCards } from './cards.ts';
import { putPerson, removePerson } from './people.ts';
import { enrolPhone, withdrawPhone } from './phones.ts';
import { putPortal, putScope } from './places.ts';
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
} from './registry.test-support.ts';

let registry: TestRegistry;
beforeEach(async () => {
  registry = await openTestRegistry();
  await furnish(registry);
});
afterEach(() => registry.close());

const ALLOWED = 2;
async function enrol({ holder = 'S1', replaces, key32 = randomBytes(32) }: Partial<EnrolOptions> = {}) {
  const enrolment = { person: holder, name: 'phone', algorithm: 'ES256' as const, publicKey: 'k', key32, replaces };
  const done = await enrolPhone(registry.context, enrolment, ALLOWED, holder);
  return { done, id: toHex(phoneId('ES256', key32)), key32 };
}
interface EnrolOptions {
  readonly holder: string;
  readonly replaces: number;
  readonly key32: Uint8Array;
}

async function compiled(scope = 1, nowMs = NOW_MS) {
  const reading = await registry.database.snapshot((snapshot) =>
    readScope(snapshot, scope, { epoch: 1, timeZone: 'Asia/Shanghai', nowMs }),
  );
  if (reading === undefined) throw new Error('no such scope');
  return value(compileScope(reading.snapshot));
}

async function recordOf(id: string, scope = 1, nowMs = NOW_MS) {
  const { policy, entries } = await compiled(scope, nowMs);
  const index = entries.profiles.findIndex((_, each) => toHex(entries.ids.subarray(each * 16, each * 16 + 16)) === id);
  if (index < 0) return undefined;
  return {
    policy,
    record: {
      profile: entries.profiles[index] ?? 0,
      flags: entries.flags[index] ?? 0,
      credentialClass: entries.classes[index] ?? 0,
      untilMinute: entries.until[index] ?? 0,
    },
  };
}

async function outcomeOf(id: string, credentialClass: CredentialClass = 'phone-code') {
  const found = await recordOf(id);
  if (found === undefined) return 'not in the list';
  const book = {
    scope: 1,
    version: 1,
    hardExpiry: 0xffff_ffff,
    policy: value(compilePolicy(encodePolicy(found.policy))),
  };
  const instant = { ms: NOW_MS, quality: 'synced' as const };
  const passage = { portal: 'north', direction: 'in' as const, class: credentialClass, instant };
  const { decision } = explainRecord(book, found.record, false, passage);
  return decision.reason ?? decision.outcome;
}

const certify = (phone: number, expiresAt: number, scope = 1) =>
  registry.database.db
    .insertInto('phone_certificate')
    .values({ phone_id: phone, scope_id: scope, expires_at: expiresAt })
    .execute();
const issue = async () => {
  const card = { uid: randomUid(), person: 'S1', class: 'uid-only' as const, validUntilMs: null };
  return value(await issueCard(registry.context, card, ACTOR)).cards[0] as number;
};
const denies = () => registry.heard.flatMap(({ deny }) => deny?.ops.map(({ kind }) => kind) ?? []);

describe('a zone', () => {
  const zoneOf = async (scope: number) => (await compiled(scope)).policy.zone;

  it("is the scope's own number unless it is given another", async () => {
    expect([await zoneOf(1), await zoneOf(2)]).toEqual([1, 2]);
    value(await putScope(registry.context, 2, { name: '图书馆', zone: 40 }, ACTOR));
    expect(await zoneOf(2)).toBe(40);
    value(await putScope(registry.context, 2, { name: 'Library' }, ACTOR));
    expect(await zoneOf(2)).toBe(40);
    value(await putScope(registry.context, 2, { name: 'Library', zone: null }, ACTOR));
    expect(await zoneOf(2)).toBeUndefined();
  });

  it('belongs to one scope only, and is left out where its default is taken', async () => {
    const taken = await putScope(registry.context, 2, { name: '图书馆', zone: 1 }, ACTOR);
    expect(taken).toMatchObject({ ok: false, code: 'already-exists', detail: expect.stringMatching(/^zone: /) });
    value(await putScope(registry.context, 2, { name: '图书馆', zone: 9 }, ACTOR));
    value(await putScope(registry.context, 9, { name: '9号楼' }, ACTOR));
    expect(await zoneOf(9)).toBeUndefined();
    value(await putScope(registry.context, 70_000, { name: 'Room' }, ACTOR));
    expect(await zoneOf(70_000)).toBeUndefined();
  });
});

describe('a phone', () => {
  it("opens what its person's cards open, in its own class only", async () => {
    const { id } = await enrol();
    expect(await outcomeOf(id)).toBe('granted');
    expect(await outcomeOf(id, 'uid-only')).toBe('AssuranceTooLow');
    expect(await recordOf(id, 2)).toBeUndefined();
    const strict = { assurance: [{ class: 'phone-code' as const, schedule: 'always' }] };
    value(await putPortal(registry.context, 'north', portal(strict), ACTOR));
    expect(await outcomeOf(id)).toBe('granted');
    const demanding = { assurance: [{ class: 'remote-command' as const, schedule: 'always' }] };
    value(await putPortal(registry.context, 'north', portal(demanding), ACTOR));
    expect(await outcomeOf(id)).toBe('AssuranceTooLow');
  });

  it('beyond the number allowed is refused until it names the one it replaces', async () => {
    const first = await enrol();
    await enrol();
    const third = await enrol();
    expect(third.done).toMatchObject({ ok: false, code: 'conflict', detail: expect.stringMatching(/^replaces: /) });
    const replaced = await enrol({ replaces: value(first.done).phone });
    expect(value(replaced.done).deny).toBeDefined();
    expect(await outcomeOf(first.id)).toBe('not in the list');
    expect(await outcomeOf(replaced.id)).toBe('granted');
  });

  it('of the same key is taken once, for whomever, even after it ended', async () => {
    const { done, key32 } = await enrol();
    value(await putPerson(registry.context, 'S2', person({ groups: ['dorm-1'] }), ACTOR));
    expect((await enrol({ holder: 'S2', key32 })).done).toMatchObject({ ok: false, code: 'already-exists' });
    value(await withdrawPhone(registry.context, 'S1', value(done).phone, 'S1'));
    expect((await enrol({ key32 })).done).toMatchObject({ ok: false, code: 'already-exists' });
  });

  it('of somebody else is not found, whether to withdraw or to replace', async () => {
    const { done, id } = await enrol();
    const { phone } = value(done);
    value(await putPerson(registry.context, 'S2', person({ groups: ['dorm-1'] }), ACTOR));
    expect(await withdrawPhone(registry.context, 'S2', phone, 'S2')).toMatchObject({ ok: false, code: 'not-found' });
    expect((await enrol({ holder: 'S2', replaces: phone })).done).toMatchObject({ ok: false, code: 'not-found' });
    expect(await outcomeOf(id)).toBe('granted');
    expect(denies()).toEqual([]);
  });

  it('that is withdrawn is denied by the same commit', async () => {
    const { done, id } = await enrol();
    registry.heard.length = 0;
    const { deny } = value(await withdrawPhone(registry.context, 'S1', value(done).phone, 'S1'));
    expect(deny).toMatchObject({ epoch: 1, seq: 1 });
    expect(registry.heard).toMatchObject([
      { lists: true, deny: { seq: 1, ops: [{ kind: 'deny', reason: 'withdrawn' }] } },
    ]);
    expect(await outcomeOf(id)).toBe('not in the list');
    const again = await withdrawPhone(registry.context, 'S1', value(done).phone, 'S1');
    expect(again).toMatchObject({ ok: false, code: 'wrong-state' });
  });

  it('ends when its person leaves', async () => {
    const { id } = await enrol();
    value(await removePerson(registry.context, 'S1', ACTOR));
    expect(denies()).toEqual(['deny']);
    expect(await outcomeOf(id)).toBe('not in the list');
    expect((await enrol()).done).toMatchObject({ ok: false, code: 'not-found' });
  });

  it('rests while the office has frozen a card of its person, not when one is lost', async () => {
    const { id } = await enrol();
    const [one, other] = [await issue(), await issue()];
    value(await actOnCard(registry.context, one, 'lose', ACTOR));
    expect(await outcomeOf(id)).toBe('granted');
    registry.heard.length = 0;
    value(await actOnCard(registry.context, other, 'freeze', ACTOR));
    expect(denies()).toEqual(['deny', 'deny']);
    expect(await outcomeOf(id)).toBe('not in the list');
    value(await actOnCard(registry.context, other, 'unfreeze', ACTOR));
    expect(denies()).toEqual(['deny', 'deny', 'allow-again', 'allow-again']);
    expect(await outcomeOf(id)).toBe('granted');
  });

  it("is stopped with all that is its person's, also where there is no card", async () => {
    const revoke = (reason: 'lost' | 'frozen') => revokeCards(registry.context, { person: 'S1' }, reason, ACTOR);
    const first = value((await enrol()).done).phone;
    expect(value(await revoke('frozen'))).toMatchObject({ cards: [], phones: [first], deny: { seq: 1 } });
    expect(await revoke('lost')).toMatchObject({ ok: false, code: 'not-found' });
    const card = await issue();
    const { id, done } = await enrol();
    const both = { cards: [card], phones: [value(done).phone] };
    expect(value(await revoke('frozen'))).toMatchObject({ ...both, deny: { seq: 3 } });
    expect(await outcomeOf(id)).toBe('not in the list');
    value(await actOnCard(registry.context, card, 'unfreeze', ACTOR));
    expect(await outcomeOf(id)).toBe('granted');
    expect(value(await revoke('lost'))).toMatchObject({ ...both, deny: { seq: 7 } });
    value(await actOnCard(registry.context, card, 'found', ACTOR));
    expect(await outcomeOf(id)).toBe('not in the list');
  });
});

describe('a phone with a certificate', () => {
  it('stays in the list, blocked, until the certificate is over: a list that is silent would let it open', async () => {
    const { done, id } = await enrol();
    const { phone } = value(done);
    await certify(phone, NOW_MS + 60_000);
    expect(await outcomeOf(id)).toBe('granted');
    value(await withdrawPhone(registry.context, 'S1', phone, 'S1'));
    expect((await recordOf(id))?.record.flags).toBe(RECORD_FLAGS.blocked);
    expect(await outcomeOf(id)).toBe('CredentialNotEnabled');
    expect(await recordOf(id, 1, NOW_MS + 60_000)).toBeUndefined();
  });

  it('is blocked as well when its person loses the right, or leaves', async () => {
    const { done, id } = await enrol();
    await certify(value(done).phone, NOW_MS + 60_000);
    value(await putPerson(registry.context, 'S1', person({ groups: [] }), ACTOR));
    expect(await outcomeOf(id)).toBe('CredentialNotEnabled');
    value(await removePerson(registry.context, 'S1', ACTOR));
    expect(await outcomeOf(id)).toBe('CredentialNotEnabled');
  });
});

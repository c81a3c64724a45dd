// SPDX-License-Identifier: Apache-2.0
import { chainAfter, EMPTY_CHAIN } from '@latchkey/protocols/authorization/deny';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyAudit } from '../audit.ts';
import { putHoliday, putSchedule, removeHoliday, removeSchedule } from './calendar.ts';
import { actOnCard, findCard, issueCard, loseCard, replaceCard, revokeCards } from './cards.ts';
import { denyPosition, toDenyOp } from './deny-log.ts';
import { putLevel, removeLevel } from './levels.ts';
import { putPerson, removeGroup, removePerson } from './people.ts';
import { putPortal, putScope, removePortal, removeScope } from './places.ts';
import {
  ACTOR,
  furnish,
  level,
  openTestRegistry,
  person,
  portal,
  type TestRegistry,
  uidOf,
  value,
} from './registry.test-support.ts';

let registry: TestRegistry;
beforeEach(async () => {
  registry = await openTestRegistry();
  await furnish(registry);
  registry.heard.length = 0;
});
afterEach(() => registry.close());

const UID = uidOf('04a1b2c3');
const issue = async (over: Partial<Parameters<typeof issueCard>[1]> = {}) =>
  issueCard(registry.context, { uid: UID, person: 'S1', class: 'uid-only', validUntilMs: null, ...over }, ACTOR);
const issued = async (over: Partial<Parameters<typeof issueCard>[1]> = {}) =>
  value(await issue(over)).cards[0] as number;
const stateOf = async (id: number) =>
  (await registry.database.db.selectFrom('credential').select('state').where('id', '=', id).executeTakeFirst())?.state;
const changeSeqs = async () =>
  Object.fromEntries(
    (await registry.database.db.selectFrom('scope').select(['id', 'change_seq']).execute()).map((row) => [
      row.id,
      row.change_seq,
    ]),
  ) as Record<number, number>;
const actions = async () =>
  (await registry.database.db.selectFrom('audit').select('action').orderBy('seq').execute()).map(
    ({ action }) => action,
  );

describe('a card', () => {
  it('is kept by its id and ending, never by its number', async () => {
    await issued();
    const row = await registry.database.db.selectFrom('credential').selectAll().executeTakeFirstOrThrow();
    expect(row.tail).toBe('b2c3');
    expect(JSON.stringify(row)).not.toContain('04a1b2c3');
  });

  it('belongs to one person at a time', async () => {
    value(await putPerson(registry.context, 'S2', person(), ACTOR));
    await issued();
    expect(await issue({ person: 'S2' })).toMatchObject({ code: 'already-exists' });
    expect(await issue({ person: 'nobody', uid: uidOf('04000001') })).toMatchObject({ code: 'unknown-reference' });
  });

  it.each([
    ['lose', 'lost', 'deny', 'lost'],
    ['freeze', 'frozen', 'deny', 'frozen'],
    ['withdraw', 'withdrawn', 'deny', 'withdrawn'],
  ] as const)('to %s leads to its state, a deny and an entry in one commit', async (action, state, kind, reason) => {
    const id = await issued();
    const done = value(await actOnCard(registry.context, id, action, ACTOR));
    expect(done).toMatchObject({ cards: [id], deny: { epoch: 1, seq: 1 } });
    expect(await stateOf(id)).toBe(state);
    const op = await registry.database.db.selectFrom('deny_op').selectAll().executeTakeFirstOrThrow();
    expect(op).toMatchObject({ kind, reason, epoch: 1, seq: 1, actor: ACTOR });
    expect((await actions()).at(-1)).toBe(`card-${action}`);
    expect(registry.heard.at(-1)).toMatchObject({
      lists: true,
      places: false,
      deny: { epoch: 1, firstSeq: 1, seq: 1 },
    });
  });

  it('found again is allowed again on the chain', async () => {
    const id = await issued();
    value(await loseCard(registry.context, id, ACTOR));
    expect(value(await actOnCard(registry.context, id, 'found', ACTOR)).deny?.seq).toBe(2);
    expect(await stateOf(id)).toBe('active');
  });

  it.each([
    ['unfreeze', 'active'],
    ['found', 'frozen'],
    ['freeze', 'lost'],
    ['lose', 'withdrawn'],
  ] as const)('refuses to %s when it is %s, and changes nothing', async (action, state) => {
    const id = await issued();
    if (state !== 'active')
      value(
        await actOnCard(
          registry.context,
          id,
          state === 'frozen' ? 'freeze' : state === 'lost' ? 'lose' : 'withdraw',
          ACTOR,
        ),
      );
    const before = await actions();
    expect(await actOnCard(registry.context, id, action, ACTOR)).toMatchObject({ code: 'wrong-state' });
    expect(await actions()).toEqual(before);
  });

  it('replaced is withdrawn, and the new one takes over, in one commit', async () => {
    const id = await issued({ class: 'authenticated-card', validUntilMs: 5_000 });
    const done = value(await replaceCard(registry.context, id, uidOf('04000002'), ACTOR));
    expect(done.cards[0]).toBe(id);
    expect(await stateOf(id)).toBe('withdrawn');
    expect(await findCard(registry.database.db, uidOf('04000002'))).toMatchObject({ class: 1, valid_until: 5_000 });
  });

  it('replaced by a card in use stays as it was', async () => {
    const id = await issued();
    await issued({ uid: uidOf('04000002') });
    expect(await replaceCard(registry.context, id, uidOf('04000002'), ACTOR)).toMatchObject({ code: 'already-exists' });
    expect(await stateOf(id)).toBe('active');
    expect((await denyPosition(registry.database.db, 1)).seq).toBe(0);
  });

  it('withdrawn and given out again, to another person, is allowed again', async () => {
    value(await putPerson(registry.context, 'S2', person(), ACTOR));
    const id = await issued();
    value(await actOnCard(registry.context, id, 'withdraw', ACTOR));
    const again = value(await issue({ person: 'S2' }));
    expect(again.deny?.seq).toBe(2);
    expect(again.cards).not.toEqual([id]);
  });

  it('revoked twice answers with the operation that stopped it', async () => {
    await issued();
    const first = value(await revokeCards(registry.context, { uid: UID }, 'lost', ACTOR));
    const second = value(await revokeCards(registry.context, { uid: UID }, 'lost', ACTOR));
    expect(second).toEqual({ ...first, deny: { epoch: 1, seq: 1 } });
    expect((await denyPosition(registry.database.db, 1)).seq).toBe(1);
  });

  it('revoked by its person stops with all others of that person', async () => {
    await issued();
    await issued({ uid: uidOf('04000003') });
    const done = value(await revokeCards(registry.context, { person: 'S1' }, 'lost', ACTOR));
    expect(done.cards).toHaveLength(2);
    expect(done.deny?.seq).toBe(2);
    expect(await revokeCards(registry.context, { person: 'S9' }, 'lost', ACTOR)).toMatchObject({ code: 'not-found' });
  });

  it('keeps the deny chain that controllers can follow', async () => {
    const id = await issued();
    for (const action of ['freeze', 'unfreeze', 'lose', 'found', 'withdraw'] as const)
      value(await actOnCard(registry.context, id, action, ACTOR));
    const rows = await registry.database.db.selectFrom('deny_op').selectAll().orderBy('seq').execute();
    expect((await denyPosition(registry.database.db, 1)).chain).toBe(
      toHex(chainAfter(EMPTY_CHAIN, rows.map(toDenyOp))),
    );
  });
});

describe('a person', () => {
  it('who leaves has no card left that opens', async () => {
    const id = await issued();
    value(await removePerson(registry.context, 'S1', ACTOR));
    expect(await stateOf(id)).toBe('withdrawn');
    expect((await denyPosition(registry.database.db, 1)).seq).toBe(1);
    expect(await issue()).toMatchObject({ code: 'wrong-state' });
  });

  it('written as before is no change', async () => {
    const before = await changeSeqs();
    expect(value(await putPerson(registry.context, 'S1', person({ groups: ['dorm-1'] }), ACTOR))).toEqual({
      changed: false,
    });
    expect(await changeSeqs()).toEqual(before);
    expect(registry.heard).toEqual([]);
  });

  it('moved out of a group marks the scopes of before and after', async () => {
    const before = await changeSeqs();
    value(await putPerson(registry.context, 'S1', person(), ACTOR));
    expect(await changeSeqs()).toEqual({ ...before, 1: (before[1] ?? 0) + 1 });
  });

  it('of an unknown group is refused whole', async () => {
    expect(await putPerson(registry.context, 'S3', person({ groups: ['nobody'] }), ACTOR)).toMatchObject({
      code: 'unknown-reference',
      detail: 'groups: there is no group nobody',
    });
    expect(await registry.database.db.selectFrom('person').select('number').execute()).toEqual([{ number: 'S1' }]);
  });
});

describe('places and rights', () => {
  it('cannot go while something stands on them', async () => {
    expect(await removeGroup(registry.context, 'dorm-1', ACTOR)).toMatchObject({ code: 'in-use' });
    expect(await removePortal(registry.context, 'north', ACTOR)).toMatchObject({ code: 'in-use' });
    expect(await removeScope(registry.context, 1, ACTOR)).toMatchObject({ code: 'in-use' });
    expect(await removeSchedule(registry.context, 'always', ACTOR)).toMatchObject({ code: 'in-use' });
    value(await removeLevel(registry.context, 'dorm', ACTOR));
    value(await removePortal(registry.context, 'north', ACTOR));
    value(await removeScope(registry.context, 1, ACTOR));
    value(await removeGroup(registry.context, 'dorm-1', ACTOR));
    value(await removeSchedule(registry.context, 'always', ACTOR));
  });

  it('name what they refer to and cannot find', async () => {
    const { context } = registry;
    expect(await putPortal(context, 'x', portal({ scope: 9 }), ACTOR)).toMatchObject({
      detail: 'scope: there is no scope 9',
    });
    expect(await putPortal(context, 'x', portal({ device: 'gate' }), ACTOR)).toMatchObject({
      code: 'unknown-reference',
    });
    expect(await putLevel(context, 'x', level({ schedule: 'never' }), ACTOR)).toMatchObject({
      code: 'unknown-reference',
    });
  });

  it('mark exactly the scopes they bear on', async () => {
    const { context } = registry;
    const before = await changeSeqs();
    value(await putLevel(context, 'library', level({ portals: ['library'] }), ACTOR));
    expect(await changeSeqs()).toEqual({ ...before, 2: (before[2] ?? 0) + 1 });
    value(await putPortal(context, 'north', portal({ scope: 2 }), ACTOR));
    expect(registry.heard.at(-1)).toMatchObject({ places: true });
    expect(await changeSeqs()).toEqual({ 1: (before[1] ?? 0) + 1, 2: (before[2] ?? 0) + 2 });
    value(await putHoliday(context, '2026-10-01', { name: '国庆' }, ACTOR));
    value(await removeHoliday(context, '2026-10-01', ACTOR));
    expect(await changeSeqs()).toEqual({ 1: (before[1] ?? 0) + 3, 2: (before[2] ?? 0) + 4 });
    value(await putScope(context, 2, { name: 'renamed' }, ACTOR));
    expect(await changeSeqs()).toEqual({ 1: (before[1] ?? 0) + 3, 2: (before[2] ?? 0) + 4 });
  });

  it('take no interval that begins at the end of a day', async () => {
    const body = {
      name: 'x',
      intervals: [{ days: [1], from: '24:00', until: '08:00' }],
      onHolidays: 'closed' as const,
    };
    expect(await putSchedule(registry.context, 'x', body, ACTOR)).toMatchObject({ code: 'invalid-request' });
  });
});

describe('the chain of changes', () => {
  it('holds every change and verifies', async () => {
    const id = await issued();
    value(await loseCard(registry.context, id, ACTOR));
    const verdict = await verifyAudit(registry.database.reader);
    expect(verdict).toMatchObject({ intact: true, brokenAt: null, entries: (await actions()).length });
  });

  it.each([
    ['changed', "update audit set actor = 'nobody' where seq = 3"],
    ['taken out', 'delete from audit where seq = 3'],
    [
      'slipped in',
      'insert into audit select max(seq) + 1, at, actor, action, subject, detail, previous_hash, hash from audit',
    ],
  ])('shows where an entry was %s', async (_what, sql) => {
    await registry.database.batch([{ sql, rows: [[]] }]);
    const verdict = await verifyAudit(registry.database.reader);
    expect(verdict.intact).toBe(false);
    expect([3, 4, 9]).toContain(verdict.brokenAt);
  });

  it('names neither people nor card numbers', async () => {
    await issued();
    const rows = JSON.stringify(await registry.database.db.selectFrom('audit').selectAll().execute());
    expect(rows).not.toContain('王小明');
    expect(rows).not.toContain('04a1b2c3');
  });
});

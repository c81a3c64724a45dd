// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileScope } from '../core/compiler/compile-scope.ts';
import { createPublishOnce } from './publisher.ts';
import { readScope } from './read-scope.ts';
import { issueCard } from './registry/cards.ts';
import { putGroup, putPerson, removePerson } from './registry/people.ts';
import { putPortal, putScope } from './registry/places.ts';
import {
  ACTOR,
  NOW_MS,
  openTestRegistry,
  person,
  portal,
  randomUid,
  type TestRegistry,
  value,
} from './registry/registry.test-support.ts';
import { addGrant, withdrawGrant } from './registry/room-grants.ts';

let registry: TestRegistry;
beforeEach(async () => {
  registry = await openTestRegistry();
});
afterEach(() => registry.close());

const ROOMS = ['101', '102', '201'] as const;
const BUILDINGS = ['1号楼', '2号楼', ''] as const;
const DAY_MS = 86_400_000;

async function furnishRooms(): Promise<void> {
  const { context } = registry;
  let scope = 100;
  for (const building of ['1号楼', '2号楼'])
    for (const room of ROOMS) {
      value(await putScope(context, scope, { name: `${building}${room}` }, ACTOR));
      const body = portal({ kind: 'lock', building, room, floor: room.slice(0, 1), scope, name: room });
      value(await putPortal(context, `r${scope}`, body, ACTOR));
      scope += 1;
    }
}

async function peopleOf(scope: number, nowMs = NOW_MS): Promise<number[]> {
  const { epoch } = registry.keystore.root.document;
  const reading = await registry.database.snapshot((snapshot) =>
    readScope(snapshot, scope, { epoch, timeZone: 'Asia/Shanghai', nowMs }),
  );
  if (reading === undefined) throw new Error('there is no such scope');
  const compiled = compileScope(reading.snapshot);
  if (!compiled.ok) throw new Error(compiled.code);
  const { profiles } = compiled.value.entries;
  const open = [...profiles].map((profile) => (compiled.value.policy.profiles[profile]?.rules.length ?? 0) > 0);
  expect(open.every(Boolean)).toBe(true);
  return [...new Set(reading.snapshot.credentials.persons)];
}

const numberOf = async (id: number): Promise<string> => {
  const { db } = registry.database;
  return (await db.selectFrom('person').select('number').where('id', '=', id).executeTakeFirstOrThrow()).number;
};
const namesIn = async (scope: number, nowMs?: number) =>
  (await Promise.all((await peopleOf(scope, nowMs)).map(numberOf))).sort();

async function settle(number: string, over: Parameters<typeof person>[0]): Promise<void> {
  value(await putPerson(registry.context, number, person(over), ACTOR));
  const { db } = registry.database;
  const card = await db
    .selectFrom('credential')
    .innerJoin('person', 'person.id', 'credential.person_id')
    .select('credential.id')
    .where('person.number', '=', number)
    .where('credential.state', '=', 'active')
    .executeTakeFirst();
  if (card !== undefined) return;
  const issued = { uid: randomUid(), person: number, class: 'uid-only' as const, validUntilMs: null };
  value(await issueCard(registry.context, issued, ACTOR));
}

const dirty = async () =>
  (
    await registry.database.db
      .selectFrom('scope')
      .select(['id', 'hurry'])
      .where('change_seq', '>', (eb) => eb.ref('compiled_seq'))
      .orderBy('id')
      .execute()
  ).map(({ id, hurry }) => `${id}${hurry > 0 ? '!' : ''}`);

const publish = () =>
  createPublishOnce({
    database: registry.database,
    keystore: registry.keystore,
    now: () => NOW_MS,
    timeZone: 'Asia/Shanghai',
    onPublished: () => undefined,
    onProblem: (_scope, problem) => {
      throw new Error(problem);
    },
  })();

const maintenance = {
  building: '1号楼',
  from: new Date(NOW_MS).toISOString(),
  until: new Date(NOW_MS + DAY_MS).toISOString(),
  reason: '水管检修',
};

describe('the list of a room', () => {
  it('holds those who live there, whatever bed, and never anybody else', { timeout: 60_000 }, async () => {
    await furnishRooms();
    const home = fc.record({
      building: fc.constantFrom(...BUILDINGS),
      room: fc.constantFrom(...ROOMS, ''),
      bed: fc.constantFrom('1', '2', ''),
      kind: fc.constantFrom('resident' as const, 'staff' as const, 'visitor' as const),
      leaves: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(home, { minLength: 3, maxLength: 6 }), async (homes) => {
        for (const [index, { leaves: _, ...each }] of homes.entries()) await settle(`S${index}`, each);
        for (let index = homes.length; index < 6; index++) await removePerson(registry.context, `S${index}`, ACTOR);
        const gone = homes.flatMap(({ leaves }, index) => (leaves ? [`S${index}`] : []));
        const { db } = registry.database;
        await db
          .updateTable('person')
          .set({ active: 0 })
          .where('number', 'in', [...gone, '-'])
          .execute();
        let scope = 100;
        for (const building of ['1号楼', '2号楼'])
          for (const room of ROOMS) {
            const wanted = homes.flatMap((each, index) =>
              each.building === building && each.room === room && each.kind === 'resident' && !each.leaves
                ? [`S${index}`]
                : [],
            );
            expect(await namesIn(scope)).toEqual(wanted);
            scope += 1;
          }
      }),
      { numRuns: 12 },
    );
  });

  it('is made anew on both sides of a move, before lists that merely changed', async () => {
    await furnishRooms();
    await settle('S1', { building: '1号楼', room: '101' });
    await publish();
    expect(await dirty()).toEqual([]);
    await settle('S1', { building: '2号楼', room: '102' });
    expect(await dirty()).toEqual(['100!', '104!']);
    const order = (await publish()).map(({ scope }) => scope);
    expect(order).toEqual([100, 104]);
    expect([await namesIn(100), await namesIn(104)]).toEqual([[], ['S1']]);
    expect(await dirty()).toEqual([]);
  });
});

describe('a grant for a while', () => {
  it('opens its rooms to its person only, within its window, and ends when withdrawn', async () => {
    await furnishRooms();
    await settle('M1', { kind: 'staff', building: '', room: '' });
    await settle('M2', { kind: 'staff', building: '', room: '' });
    const { id } = value(await addGrant(registry.context, { ...maintenance, person: 'M1', floor: '1' }, ACTOR));
    expect(await Promise.all([100, 101, 102, 103].map((scope) => namesIn(scope)))).toEqual([['M1'], ['M1'], [], []]);
    expect(await namesIn(100, NOW_MS + DAY_MS)).toEqual([]);
    value(await withdrawGrant(registry.context, id, ACTOR));
    expect(await namesIn(100)).toEqual([]);
  });

  it('of a group follows its members', async () => {
    await furnishRooms();
    value(await putGroup(registry.context, 'plumbers', { name: '水电工' }, ACTOR));
    await settle('M1', { kind: 'staff', building: '', room: '' });
    value(await addGrant(registry.context, { ...maintenance, group: 'plumbers', room: '101' }, ACTOR));
    expect(await namesIn(100)).toEqual([]);
    await publish();
    await settle('M1', { kind: 'staff', building: '', room: '', groups: ['plumbers'] });
    expect(await dirty()).toContain('100');
    expect([await namesIn(100), await namesIn(101)]).toEqual([['M1'], []]);
  });

  it('needs a window that ends, after it begins, within thirty days', async () => {
    await furnishRooms();
    await settle('M1', { kind: 'staff' });
    for (const until of [NOW_MS, NOW_MS + 31 * DAY_MS]) {
      const body = { ...maintenance, person: 'M1', until: new Date(until).toISOString() };
      expect(await addGrant(registry.context, body, ACTOR)).toMatchObject({ ok: false, code: 'invalid-request' });
    }
  });
});

// SPDX-License-Identifier: Apache-2.0
// Whoever is on duty opens the rooms of the place, in the hours of the shift and not a moment longer.
import type { DutyRosterBody } from '@latchkey/protocols/api/duty-rosters';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileScope } from '../../core/compiler/compile-scope.ts';
import { listRosters } from '../api/duty-rosters.ts';
import { readScope } from '../read-scope.ts';
import { issueCard } from './cards.ts';
import { putRoster, removeRoster } from './duty-rosters.ts';
import { putPerson } from './people.ts';
import { putPortal, putScope } from './places.ts';
import {
  ACTOR,
  NOW_MS,
  openTestRegistry,
  person,
  portal,
  randomUid,
  type TestRegistry,
  value,
} from './registry.test-support.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ROOMS = { 101: 100, 102: 101, 201: 102 } as const;

let registry: TestRegistry;
beforeEach(async () => {
  registry = await openTestRegistry();
  const { context } = registry;
  for (const [room, scope] of Object.entries(ROOMS)) {
    value(await putScope(context, scope, { name: room }, ACTOR));
    const body = portal({ kind: 'lock', room, floor: room.slice(0, 1), scope });
    value(await putPortal(context, `r${room}`, body, ACTOR));
  }
  for (const number of ['M1', 'M2']) {
    value(await putPerson(context, number, person({ kind: 'staff', building: '', room: '' }), ACTOR));
    const issued = { uid: randomUid(), person: number, class: 'uid-only' as const, validUntilMs: null };
    value(await issueCard(context, issued, ACTOR));
  }
});
afterEach(() => registry.close());

const at = (ms: number) => new Date(ms).toISOString();
const shift = (who: string, fromMs: number, hours = 8) => ({
  person: who,
  from: at(fromMs),
  until: at(fromMs + hours * HOUR_MS),
});
const put = (shifts: DutyRosterBody['shifts'], over: Partial<DutyRosterBody> = {}) =>
  putRoster(registry.context, 'night', { building: '1号楼', shifts, ...over }, ACTOR);

/** Numbers in the list of a room, as it would be made at that moment. */
async function namesIn(scope: number, nowMs = NOW_MS): Promise<string[]> {
  const { epoch } = registry.keystore.root.document;
  const reading = await registry.database.snapshot((snapshot) =>
    readScope(snapshot, scope, { epoch, timeZone: 'Asia/Shanghai', nowMs }),
  );
  if (reading === undefined) throw new Error('there is no such scope');
  value(compileScope(reading.snapshot));
  const { db } = registry.database;
  const ids = [...new Set(reading.snapshot.credentials.persons), 0];
  const rows = await db.selectFrom('person').select('number').where('id', 'in', ids).orderBy('number').execute();
  return rows.map(({ number }) => number);
}

/** Windows of one person at a room, in the policy of its list. */
async function windowsOf(scope: number): Promise<[number | undefined, number | undefined][]> {
  const { epoch } = registry.keystore.root.document;
  const reading = await registry.database.snapshot((snapshot) =>
    readScope(snapshot, scope, { epoch, timeZone: 'Asia/Shanghai', nowMs: NOW_MS }),
  );
  if (reading === undefined) throw new Error('there is no such scope');
  return reading.snapshot.levels.map(({ validFromMs, validUntilMs }) => [
    validFromMs ?? undefined,
    validUntilMs ?? undefined,
  ]);
}

describe('a duty roster', () => {
  it('opens the rooms of its floor to whoever has a shift, within it', async () => {
    value(await put([shift('M1', NOW_MS + HOUR_MS)], { floor: '1' }));
    expect([await namesIn(100), await namesIn(101), await namesIn(102)]).toEqual([['M1'], ['M1'], []]);
    expect(await windowsOf(100)).toContainEqual([NOW_MS + HOUR_MS, NOW_MS + 9 * HOUR_MS]);
    expect(await namesIn(100, NOW_MS + 9 * HOUR_MS)).toEqual([]);
  });

  it('put again takes off duty who is no longer in it, and changes nothing else', async () => {
    const kept = shift('M2', NOW_MS + 9 * HOUR_MS);
    value(await put([shift('M1', NOW_MS), kept]));
    expect(value(await put([shift('M1', NOW_MS), kept]))).toEqual({ changed: false });
    expect(value(await put([kept]))).toEqual({ changed: true });
    expect(await namesIn(102)).toEqual(['M2']);
    const rows = await registry.database.db.selectFrom('room_grant').select(['withdrawn_at', 'roster']).execute();
    expect(rows).toEqual([
      { withdrawn_at: NOW_MS, roster: 'night' },
      { withdrawn_at: null, roster: 'night' },
    ]);
    expect(await listRosters(registry.database.db, NOW_MS)).toEqual([
      { id: 'night', building: '1号楼', floor: null, shifts: [kept] },
    ]);
  });

  it('of another floor leaves the first one at once', async () => {
    value(await put([shift('M1', NOW_MS)], { floor: '1' }));
    value(await put([shift('M1', NOW_MS)], { floor: '2' }));
    expect([await namesIn(100), await namesIn(102)]).toEqual([[], ['M1']]);
  });

  it('of weeks ahead is in lists of the days before only', async () => {
    value(await put([shift('M1', NOW_MS + 10 * DAY_MS)]));
    expect(await namesIn(100)).toEqual([]);
    expect(await namesIn(100, NOW_MS + 4 * DAY_MS)).toEqual(['M1']);
  });

  it('ends whole, and shifts that are over stay on record', async () => {
    value(await put([shift('M1', NOW_MS - 10 * HOUR_MS), shift('M2', NOW_MS)]));
    value(await removeRoster(registry.context, 'night', ACTOR));
    expect(await namesIn(100)).toEqual([]);
    expect(await removeRoster(registry.context, 'night', ACTOR)).toMatchObject({ ok: false, code: 'not-found' });
  });

  it.each([
    [[shift('M1', NOW_MS, 25)], {}, 'invalid-request', /shifts\.0\.until.*24 hours/],
    [[shift('M1', NOW_MS, 0)], {}, 'invalid-request', /shifts\.0\.until.*after from/],
    [[shift('M1', NOW_MS), shift('X9', NOW_MS)], {}, 'unknown-reference', /shifts\.1\.person/],
    [[shift('M1', NOW_MS)], { building: '9号楼' }, 'unknown-reference', /building/],
  ] as const)('is refused whole where one thing is wrong: %#', async (shifts, over, code, detail) => {
    expect(await put([...shifts], over)).toMatchObject({ ok: false, code, detail: expect.stringMatching(detail) });
    expect(await listRosters(registry.database.db, NOW_MS)).toEqual([]);
  });
});

// SPDX-License-Identifier: Apache-2.0
// How long sessions last, and what they keep.
import type { RoleGrant } from '@latchkey/protocols/api/sign-in';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { putPerson } from '../registry/people.ts';
import { openTestRegistry, person, type TestRegistry, value } from '../registry/registry.test-support.ts';
import { createSessions, type Sessions } from './sessions.ts';

const HOUR_MS = 3_600_000;
const LIFETIMES = {
  student: { absoluteMs: 720 * HOUR_MS, idleMs: 720 * HOUR_MS },
  staff: { absoluteMs: 12 * HOUR_MS, idleMs: 2 * HOUR_MS },
};
const STAFF: readonly RoleGrant[] = [{ role: 'librarian', buildings: ['图书馆'] }];
const STUDENT: readonly RoleGrant[] = [{ role: 'student', buildings: 'all' }];

let registry: TestRegistry;
let sessions: Sessions;
let personId = 0;
let nowMs = 1_800_000_000_000;
let grants = STUDENT;

beforeAll(async () => {
  registry = await openTestRegistry();
  value(await putPerson(registry.context, 'S1', person(), 'test'));
  personId = (await registry.database.db.selectFrom('person').select('id').executeTakeFirstOrThrow()).id;
  sessions = createSessions({
    database: registry.database,
    nowMs: () => nowMs,
    lifetimes: LIFETIMES,
    grantsOf: async () => grants,
  });
});
afterAll(async () => registry.close());
beforeEach(async () => {
  grants = STUDENT;
  await sessions.end(personId, {});
});

const open = () => sessions.open({ personId, method: 'passkey', agent: 'Firefox' });

describe('a session of staff', () => {
  it('ends two hours after the last request', async () => {
    grants = STAFF;
    const { token, state } = await open();
    expect(state.expiresMs).toBe(nowMs + 2 * HOUR_MS);
    for (let n = 0; n < 4; n++) {
      nowMs += 1.9 * HOUR_MS;
      expect(await sessions.find(token)).toBeDefined();
    }
    nowMs += 2 * HOUR_MS;
    expect(await sessions.find(token)).toBeUndefined();
    expect(await sessions.list(personId)).toEqual([]);
  });

  it('ends twelve hours after sign-in, however busy', async () => {
    grants = STAFF;
    const { token } = await open();
    for (let n = 0; n < 11; n++) {
      nowMs += HOUR_MS;
      expect(await sessions.find(token)).toBeDefined();
    }
    nowMs += HOUR_MS;
    expect(await sessions.find(token)).toBeUndefined();
  });

  it('is short from the moment a student becomes staff', async () => {
    const { token } = await open();
    nowMs += 3 * HOUR_MS;
    grants = STAFF;
    expect(await sessions.find(token)).toBeUndefined();
  });
});

describe('a session', () => {
  it('is found by its token only, and the table does not hold that', async () => {
    const { token } = await open();
    expect(await sessions.find(token)).toMatchObject({ personId, principal: { number: 'S1', actor: 'S1' } });
    const [row] = await sessions.list(personId);
    for (const wrong of [row?.token_hash ?? '', token.slice(1), `${token}A`, '', token.toUpperCase()])
      expect(await sessions.find(wrong)).toBeUndefined();
  });

  it('has a csrf token of its own that stays the same', async () => {
    const one = await open();
    const other = await open();
    expect(one.state.csrf).not.toBe(other.state.csrf);
    expect((await sessions.find(one.token))?.csrf).toBe(one.state.csrf);
  });

  it('is one of twenty at most: the oldest ends', async () => {
    const tokens: string[] = [];
    for (let n = 0; n < 22; n++) {
      nowMs += 1_000;
      tokens.push((await open()).token);
    }
    expect(await sessions.list(personId)).toHaveLength(20);
    expect(await sessions.find(tokens[1] ?? '')).toBeUndefined();
    expect(await sessions.find(tokens[2] ?? '')).toBeDefined();
  });

  it('that nobody ended is swept away once it is over', async () => {
    await open();
    nowMs += 721 * HOUR_MS;
    await sessions.sweep();
    expect(await registry.database.db.selectFrom('session').selectAll().execute()).toEqual([]);
  });
});

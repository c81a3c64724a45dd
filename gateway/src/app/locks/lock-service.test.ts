// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import type { CommandState } from '@latchkey/protocols/api/operations';
import type { DeviceId } from '@latchkey/protocols/ids';
import type { LockReport } from '@latchkey/protocols/mqtt/lock-messages';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LockOrder } from '../commands.ts';
import { addLock } from '../registry/locks.ts';
import { putPortal, putScope } from '../registry/places.ts';
import {
  ACTOR,
  NOW_MS,
  openTestRegistry,
  portal,
  type TestRegistry,
  value,
} from '../registry/registry.test-support.ts';
import { createLockService } from './lock-service.ts';
import { recordReports } from './lock-store.ts';

const LOCK = '00112233445566aa';
const CORRIDOR = 'corridor-1' as DeviceId;

let registry: TestRegistry;
let given: LockOrder[];
let answer: Pick<CommandState, 'state' | 'code'>;
beforeEach(async () => {
  registry = await openTestRegistry();
  given = [];
  answer = { state: 'done', code: null };
  const { context, database } = registry;
  await database.db
    .insertInto('device')
    .values({ id: CORRIDOR, name: 'c', state: 'enrolled' } as never)
    .execute();
  value(await putScope(context, 101, { name: '101' }, ACTOR));
  value(await putPortal(context, 'room-101', portal({ kind: 'lock', room: '101', scope: 101 }), ACTOR));
  const paired = { key: 'ab'.repeat(32), advertisementKey: 'cd'.repeat(16) };
  const lock = { portal: 'room-101', lockId: LOCK, corridors: [CORRIDOR], paired };
  value(await addLock({ context, seal: registry.keystore.seal, randomBytes }, lock, ACTOR));
});
afterEach(() => registry.close());

const service = () => {
  const { context, database, keystore } = registry;
  return createLockService({
    context,
    db: database.db,
    seal: keystore.seal,
    randomBytes,
    serverOf: () => CORRIDOR,
    isOnline: () => true,
    signer: ({ action }) => action,
    commands: {
      async openLock(order) {
        given.push(order);
        return { id: order.id, ...answer } as CommandState;
      },
      get: async () => undefined,
    },
  });
};
const stateNow = async () =>
  (await registry.database.db.selectFrom('lock').select('state').where('id', '=', LOCK).executeTakeFirst())?.state;
const said = async (state: LockReport['state']) => {
  const report = {
    portal: 'room-101' as never,
    lockId: LOCK,
    order: 1,
    state,
    bolt: 'thrown',
    door: 'closed',
  } as const;
  await recordReports(registry.database.batch, CORRIDOR, [report], NOW_MS);
};

describe('a factory reset', () => {
  it('ends the lock in the registry once the lock has said that it forgot', async () => {
    expect(value(await service().reset('room-101', ACTOR)).state).toBe('done');
    expect(given.map(({ action }) => action)).toEqual(['factory-reset']);
    expect(await stateNow()).toBe('reset');
  });

  it('that the lock refused, or did not hear, leaves it in use', async () => {
    await said('seen');
    for (const code of ['not-reached', 'outcome-unknown']) {
      answer = { state: 'refused', code };
      expect(value(await service().reset('room-101', ACTOR))).toMatchObject(answer);
      expect(await stateNow()).toBe('paired');
    }
  });

  it('ends one that has forgotten already, as where its answer was lost on the way', async () => {
    answer = { state: 'refused', code: 'not-reached' };
    await said('unpaired');
    expect(value(await service().reset('room-101', ACTOR)).state).toBe('done');
    expect(await stateNow()).toBe('reset');
  });
});

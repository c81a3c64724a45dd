// SPDX-License-Identifier: Apache-2.0
// Which events a role of some buildings is shown: movements, or only what doors and controllers report of themselves.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { insertEvents } from '../../adapters/database/insert-events.ts';
import { EVERY_EVENT, type EventReach } from '../../http/principal.ts';
import { putPortal } from '../registry/places.ts';
import { furnish, openTestRegistry, portal, type TestRegistry, value } from '../registry/registry.test-support.ts';
import { createEventReader } from './events.ts';

let registry: TestRegistry;
const EPOCH = '00'.repeat(8);
beforeAll(async () => {
  registry = await openTestRegistry();
  const { context, database } = registry;
  await furnish(registry);
  value(await putPortal(context, 'east', portal({ building: '2号楼' }), 'test'));
  for (const id of ['gate-n', 'gate-both'])
    await database.db.insertInto('device').values({ id, name: id, state: 'enrolled' }).execute();
  for (const [id, device] of Object.entries({ north: 'gate-n', east: 'gate-both', library: 'gate-both' }))
    await database.db.updateTable('portal').set({ device_id: device }).where('id', '=', id).execute();
  const said = [
    ['gate-n', 'access-taken', 'north'],
    ['gate-n', 'door-alarm', 'north'],
    ['gate-n', 'alarm', null],
    ['gate-both', 'access-taken', 'east'],
    ['gate-both', 'door-alarm', 'east'],
    ['gate-both', 'alarm', null],
  ] as const;
  await insertEvents(
    database,
    said.map(([device, type, where], at) => eventOf(device, type, where, at + 1)),
  );
});
afterAll(() => registry.close());

const eventOf = (device_id: string, type: string, portal_id: string | null, at: number) => {
  const base = { at, clock: 'synced' };
  const more = {
    'access-taken': {
      portal: portal_id,
      direction: 'in',
      credential: { ref: EPOCH, class: 'uid-only' },
      admission: 'a',
    },
    'door-alarm': { portal: portal_id, alarm: 'DoorForcedOpen' },
    alarm: { alarm: 'time-missing', active: true },
  }[type];
  const body = JSON.stringify({ type, ...base, ...more });
  return { device_id, epoch: EPOCH, seq: at, at, received_at: at, type, portal_id, credential_ref: null, body };
};

async function seen(reach: EventReach): Promise<string[]> {
  const { db } = registry.database;
  const reader = createEventReader({ db, recordLook: async () => undefined, wake: { wait: async () => undefined } });
  const events: string[] = [];
  for await (const { device, event } of reader.export({}, 'test', reach))
    events.push(`${event.type} ${('portal' in event ? event.portal : undefined) ?? device}`);
  const page = value(await reader.page({ limit: 50 }, 'test', reach));
  expect(page.items).toHaveLength(events.length);
  return events;
}

const first = new Set(['1号楼']);
const both = new Set(['1号楼', '2号楼']);
const nowhere = new Set<string>();

it('shows whoever looks after doors their alarms and those of controllers that drive no other, and nobody passing', async () => {
  expect(await seen({ all: nowhere, alarms: first })).toEqual(['door-alarm north', 'alarm gate-n']);
  expect(await seen({ all: nowhere, alarms: both })).toEqual([
    'door-alarm north',
    'alarm gate-n',
    'door-alarm east',
    'alarm gate-both',
  ]);
  expect(await seen({ all: nowhere, alarms: 'all' })).toHaveLength(4);
});

it('shows the movements of its buildings beside the alarms of others', async () => {
  expect(await seen({ all: first, alarms: both })).toEqual([
    'access-taken north',
    'door-alarm north',
    'alarm gate-n',
    'door-alarm east',
    'alarm gate-both',
  ]);
  expect(await seen(EVERY_EVENT)).toHaveLength(6);
});

it('shows nothing to a reach of nowhere, nor of a building without a name', async () => {
  expect(await seen({ all: nowhere, alarms: nowhere })).toEqual([]);
  expect(await seen({ all: new Set(['']), alarms: new Set(['']) })).toEqual([]);
});

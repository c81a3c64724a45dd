// SPDX-License-Identifier: Apache-2.0
// What the API reads, from a real database file.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventPage } from '@latchkey/protocols/api/history';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { insertEvents } from '../../adapters/database/insert-events.ts';
import { type GatewayDatabase, openDatabase } from '../../adapters/database/open-database.ts';
import { createDeviceReader } from './devices.ts';
import { createEventBell, type EventBell } from './event-wake.ts';
import { createEventReader } from './events.ts';
import { listGroups, pageOfCards, pageOfPeople } from './people.ts';
import { listPortals, listScopes } from './places.ts';
import { listLevels } from './rights.ts';

const REF = '0011223344556677';
let dir = '';
let database: GatewayDatabase;
const looks: unknown[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'latchkey-api-'));
  database = await openDatabase({ path: join(dir, 'gateway.db') });
  looks.length = 0;
  await fill();
});
afterEach(async () => {
  await database.close();
  await rm(dir, { recursive: true });
});

async function fill(): Promise<void> {
  const { db } = database;
  await db
    .insertInto('person')
    .values([person(1, '2026000001'), person(2, '2026000002')])
    .execute();
  await db
    .insertInto('person_group')
    .values([
      { id: 'dorm-3', name: '3 号楼' },
      { id: 'empty', name: 'Empty' },
    ])
    .execute();
  await db
    .insertInto('group_member')
    .values([1, 2].map((person_id) => ({ group_id: 'dorm-3', person_id })))
    .execute();
  await db
    .insertInto('credential')
    .values({
      id: 9,
      person_id: 1,
      type: 'card',
      credential_id: 'ab'.repeat(16),
      campus_ref: REF,
      tail: 'e580',
      class: 0,
      state: 'active',
      issued_at: 0,
      valid_from: null,
      valid_until: null,
    })
    .execute();
  await db
    .insertInto('prf_key')
    .values({ id: 1, purpose: 'scope', sealed: new Uint8Array(4), created_at: 0 })
    .execute();
  await db
    .insertInto('scope')
    .values({ id: 7, name: 'Dorm 3', prf_key_id: 1, change_seq: 1, compiled_seq: 0 })
    .execute();
  await db.insertInto('device').values(device('gate-1')).execute();
  await db
    .insertInto('portal')
    .values({
      id: 'dorm-3-gate',
      name: '3 号楼大门',
      name_en: '',
      building: '3',
      scope_id: 7,
      device_id: 'gate-1',
      anti_passback: '{"mode":"off"}',
      assurance: '[]',
      after_expiry: 'keep-residents',
      ask_gateway: 1,
    })
    .execute();
}

const person = (id: number, number: string) => ({
  id,
  number,
  name: 'Name',
  kind: 'resident' as const,
  building: '3',
  room: '',
  bed: '',
  class_name: '',
  college: '',
  active: 1 as const,
  extended_access: 0 as const,
  anti_passback_exempt: 0 as const,
  valid_from: null,
  valid_until: 1_800_000_000_000,
});

const device = (id: string) => ({
  id,
  name: id,
  state: 'enrolled' as const,
  code_hash: null,
  code_expires_at: null,
  certificate_fingerprint: null,
  certificate_serial: null,
  certificate_expires_at: null,
  encryption_jwk: null,
  enrolled_at: 0,
  last_seen_at: 1,
  hello_at: null,
  boot: null,
  session: null,
  software: '1',
  root_version: null,
  deny_epoch: null,
  deny_seq: null,
  health: null,
});

function eventRow(seq: number, at: number) {
  const body = { type: 'request-to-exit', at, clock: 'synced', portal: 'dorm-3-gate' };
  return {
    device_id: 'gate-1',
    epoch: 'aa'.repeat(8),
    seq,
    at,
    received_at: at + 5,
    type: body.type,
    portal_id: 'dorm-3-gate',
    credential_ref: seq % 2 === 0 ? REF : null,
    body: JSON.stringify(body),
  };
}

const events = (bell = createEventBell()) =>
  createEventReader({
    db: database.reader,
    wake: bell,
    recordLook: async (...look) => void looks.push(look),
  });

describe('events', () => {
  it('page through all, newest first, each once, while others arrive', async () => {
    await insertEvents(
      database,
      Array.from({ length: 7 }, (_, n) => eventRow(n, n * 1_000)),
    );
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await events().page({ limit: 3, cursor }, 'administrator');
      if (!page.ok) throw new Error(page.code);
      eventPage.parse(page.value);
      seen.push(...page.value.items.map(({ seq }) => seq));
      await insertEvents(database, [eventRow(100 + seen.length, 9_000)]);
      cursor = page.value.next;
    } while (cursor !== undefined);
    expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0]);
  });

  it('filter by time, portal, device, person and type', async () => {
    await insertEvents(
      database,
      Array.from({ length: 4 }, (_, n) => eventRow(n, n * 1_000)),
    );
    const count = async (filter: object) => {
      const page = await events().page({ limit: 100, ...filter }, 'administrator');
      return page.ok ? page.value.items.length : page.code;
    };
    expect(await count({ from: '1970-01-01T00:00:01Z', until: '1970-01-01T08:00:03+08:00' })).toBe(2);
    expect(await count({ person: '2026000001' })).toBe(2);
    expect(await count({ person: '2026000002' })).toBe(0);
    expect(await count({ portal: 'dorm-3-gate', device: 'gate-1', type: 'request-to-exit' })).toBe(4);
    expect(await count({ type: 'access-denied' })).toBe(0);
    expect(await count({ cursor: 'x' })).toBe('invalid-cursor');
  });

  it('are recorded as a look, once for a series of pages, also where there was nothing to see', async () => {
    await insertEvents(database, [eventRow(0, 0), eventRow(1, 1)]);
    const first = await events().page({ limit: 1 }, 'administrator');
    await events().page({ limit: 1, cursor: first.ok ? first.value.next : '' }, 'administrator');
    await events().page({ limit: 1, person: '2026000001' }, 'administrator');
    for await (const { seq } of events().export({ type: 'started' }, 'administrator')) expect(seq).toBeUndefined();
    expect(looks).toEqual([
      ['administrator', 'everyone', {}],
      ['administrator', '2026000001', { person: '2026000001' }],
      ['administrator', 'everyone', { type: 'started' }],
    ]);
  });

  it('are exported whole, oldest first, beyond one chunk', async () => {
    await insertEvents(
      database,
      Array.from({ length: 1_203 }, (_, n) => eventRow(n, n)),
    );
    const seen: number[] = [];
    for await (const { seq } of events().export({}, 'administrator')) seen.push(seq);
    expect(seen).toEqual(Array.from({ length: 1_203 }, (_, n) => n));
  });

  it('are followed from now on, or from the last one seen, until the signal', async () => {
    await insertEvents(database, [eventRow(0, 0), eventRow(1, 1)]);
    const inner = createEventBell();
    const controller = new AbortController();
    let waits = 0;
    const bell: EventBell = {
      ring: () => inner.ring(),
      wait: (ms, signal) => {
        waits += 1;
        return inner.wait(ms, signal);
      },
    };
    const live = events(bell).follow({}, undefined, controller.signal, 'administrator')[Symbol.asyncIterator]();
    const next = live.next();
    await vi.waitFor(() => expect(waits).toBe(1));
    await insertEvents(database, [eventRow(2, 2)]);
    bell.ring();
    expect((await next).value?.seq).toBe(2);
    const resumed = events(bell).follow({}, '1', controller.signal, 'administrator')[Symbol.asyncIterator]();
    expect((await resumed.next()).value?.seq).toBe(1);
    const last = live.next();
    controller.abort();
    expect((await last).done).toBe(true);
    await resumed.return?.();
  });
});

it('controllers show what is wanted beside what is reported', async () => {
  const scope = { device_id: 'gate-1', scope_id: 7, desired_epoch: 1, reported_epoch: 1, reported_digest: null };
  await database.db
    .insertInto('device_scope')
    .values({
      ...scope,
      desired_version: 4,
      reported_version: 3,
      reported_at: 1,
      refused_code: 'rollback',
      refused_version: 4,
    })
    .execute();
  const [gate] = await createDeviceReader(database.reader, () => true).list();
  expect(gate).toMatchObject({
    online: true,
    portals: ['dorm-3-gate'],
    lists: [{ scope: 7, desired: 4, reported: 3, refused: 'rollback' }],
  });
});

it('a portal of a controller that is away shows its state as stale', async () => {
  await database.db
    .insertInto('portal_report')
    .values({
      portal_id: 'dorm-3-gate',
      device_id: 'gate-1',
      mode: 'Locked',
      door: 'Closed',
      lock: 'Locked',
      alarm: 'Normal',
      reported_at: 1,
    })
    .execute();
  expect((await listPortals(database.reader, () => false))[0]?.reported).toMatchObject({ mode: 'Locked', stale: true });
  expect((await listPortals(database.reader, () => true, 'dorm-3-gate'))[0]?.reported).toMatchObject({ stale: false });
});

it('people, groups, cards and scopes are read with what belongs to them', async () => {
  const people = await pageOfPeople(database.reader, { limit: 1, group: 'dorm-3' });
  expect(people).toMatchObject({
    ok: true,
    value: { items: [{ number: '2026000001', groups: ['dorm-3'] }], next: '1' },
  });
  const rest = await pageOfPeople(database.reader, { limit: 1, cursor: '1' });
  expect(rest.ok && rest.value.next).toBe(undefined);
  expect(await listGroups(database.reader)).toEqual([
    { id: 'dorm-3', name: '3 号楼', members: 2 },
    { id: 'empty', name: 'Empty', members: 0 },
  ]);
  const cards = await pageOfCards(database.reader, { limit: 10, person: '2026000001' });
  expect(cards).toMatchObject({ value: { items: [{ id: '9', ending: 'e580', class: 'uid-only', state: 'active' }] } });
  expect(JSON.stringify(cards)).not.toContain('abab');
  expect(await listScopes(database.reader)).toMatchObject([{ id: 7, version: null, publishedAt: null }]);
  expect(await listLevels(database.reader)).toEqual([]);
});

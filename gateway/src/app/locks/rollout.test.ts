// SPDX-License-Identifier: Apache-2.0
// Move-in day: thousands of rooms change hands in one file. Their lists are all made, whoever stands at a counter is not kept
// waiting by them, and the roll-out shows what is still on its way, and for how long.
import { randomBytes } from 'node:crypto';
import type { DeviceId } from '@latchkey/protocols/ids';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listLocks, rolloutsOf } from '../api/locks.ts';
import { createPublishOnce } from '../publisher.ts';
import { issueCard } from '../registry/cards.ts';
import { createImports } from '../registry/imports.ts';
import { putPerson } from '../registry/people.ts';
import { putPortal, putScope } from '../registry/places.ts';
import {
  ACTOR,
  NOW_MS,
  openTestRegistry,
  person,
  portal,
  randomUid,
  type TestRegistry,
  value,
} from '../registry/registry.test-support.ts';
import { recordReports } from './lock-store.ts';

const BUILDINGS = 8;
const ROOMS = 250;
const LOCKS = BUILDINGS * ROOMS;
const CORRIDOR = 'corridor-1' as DeviceId;
const FIRST_SCOPE = 100;

let registry: TestRegistry;
let nowMs: number;
let locks = LOCKS;
beforeEach(async () => {
  registry = await openTestRegistry();
  nowMs = NOW_MS;
});
afterEach(() => registry.close());

const roomOf = (index: number) => ({
  building: `${1 + Math.floor(index / ROOMS)}号楼`,
  room: `${101 + (index % ROOMS)}`,
});
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);
const rows = <T>(make: (index: number) => T) => range(0, locks).map(make);

/** What facilities put in over months, written at once. */
async function furnish(count: number): Promise<void> {
  locks = count;
  const { context, database } = registry;
  value(await putScope(context, 1, { name: '大门' }, ACTOR));
  value(await putPortal(context, 'gate', portal({ scope: 1 }), ACTOR));
  const { prf_key_id } = await database.db.selectFrom('scope').select('prf_key_id').executeTakeFirstOrThrow();
  await database.transaction(async ({ run }) => {
    const insert = (table: string, columns: string, all: (string | number | Uint8Array | null)[][]) => ({
      sql: `insert into ${table} (${columns}) values (${columns.replace(/\w+/g, '?')})`,
      rows: all,
    });
    await run([
      insert('device', 'id, name, state', [[CORRIDOR, 'c', 'enrolled']]),
      insert(
        'scope',
        'id, name, prf_key_id, change_seq, compiled_seq',
        rows((n) => [FIRST_SCOPE + n, `r${n}`, prf_key_id, 1, 0]),
      ),
    ]);
  });
  value(await putPortal(context, 'r0', portal({ kind: 'lock', scope: FIRST_SCOPE, ...roomOf(0) }), ACTOR));
  const model = await database.db.selectFrom('portal').selectAll().where('id', '=', 'r0').executeTakeFirstOrThrow();
  const place = (n: number) => ({ ...model, id: `r${n}`, scope_id: FIRST_SCOPE + n, ...roomOf(n) });
  const lock = (n: number) => ({
    id: lockIdOf(n),
    portal_id: `r${n}`,
    state: 'paired' as const,
    public_key: 'ab'.repeat(32),
    advertisement_key: registry.keystore.seal(randomBytes(16)),
    firmware: null,
    pairing_code: null,
    pairing_id: null,
    pairing_device: null,
    pairing_until: null,
    paired_at: NOW_MS,
    corridor_keys: null,
    changed_at: NOW_MS - 1,
  });
  for (let first = 0; first < locks; first += 500) {
    const some = rows((n) => n).slice(first, first + 500);
    await database.db
      .insertInto('portal')
      .values(some.filter((n) => n > 0).map(place))
      .execute();
    await database.db.insertInto('lock').values(some.map(lock)).execute();
    const corridors = some.map((n) => ({ portal_id: `r${n}`, device_id: CORRIDOR }));
    await database.db.insertInto('lock_corridor').values(corridors).execute();
  }
}

const lockIdOf = (n: number) => n.toString(16).padStart(16, '0');

const residents = (shift: number) =>
  new TextEncoder().encode(
    `学号,姓名,类别,楼栋,房间,床位\n${rows((n) => {
      const { building, room } = roomOf((n + shift) % locks);
      return `S${n},学生${n},住宿生,${building},${room},1`;
    }).join('\n')}\n`,
  );
const cards = () =>
  new TextEncoder().encode(
    `学号,卡号\n${rows((n) => `S${n},${(0x1000_0000 + n * 7).toString(16).padStart(8, '0')}`).join('\n')}\n`,
  );

async function bring(kind: 'people' | 'cards', csv: Uint8Array): Promise<void> {
  const outcome = value(await createImports(registry.context)({ kind, csv, dryRun: false, form: 'hex' }, ACTOR));
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.problems[0]));
}

const publisher = (onPublished: (scope: number) => void = () => undefined) =>
  createPublishOnce({
    database: registry.database,
    keystore: registry.keystore,
    now: () => nowMs,
    timeZone: 'Asia/Shanghai',
    onPublished: ({ scope }) => onPublished(scope),
    onProblem: (_scope, problem) => {
      throw new Error(problem);
    },
  });

const rollouts = async () => {
  const options = { db: registry.database.db, serverOf: () => CORRIDOR, isOnline: () => true };
  return rolloutsOf(await listLocks(options));
};

/** The corridor has the newest lists of these rooms, and has brought them to their locks where `inLock`. */
async function arrive(indices: readonly number[], inLock: boolean): Promise<void> {
  const { database, keystore } = registry;
  const { epoch } = keystore.root.document;
  const newest = await database.db
    .selectFrom('list_version')
    .select((eb) => ['scope_id', eb.fn.max('version').as('version')])
    .groupBy('scope_id')
    .execute();
  const versions = new Map(newest.map(({ scope_id, version }) => [scope_id, version]));
  const versionOf = (n: number) => versions.get(FIRST_SCOPE + n) ?? 0;
  const sql = `insert into device_scope (device_id, scope_id, reported_epoch, reported_version) values (?, ?, ?, ?)
    on conflict (device_id, scope_id) do update set reported_version = excluded.reported_version`;
  const held = indices.map((n) => [CORRIDOR, FIRST_SCOPE + n, epoch, versionOf(n)]);
  await database.batch([{ sql, rows: held }]);
  if (!inLock) return;
  const reports = indices.map((n) => ({
    portal: `r${n}` as never,
    lockId: lockIdOf(n),
    order: 1,
    state: 'seen' as const,
    list: { epoch, version: versionOf(n), digest: '00'.repeat(32) },
    bolt: 'thrown' as const,
    door: 'closed' as const,
  }));
  await recordReports(database.batch, CORRIDOR, reports, nowMs);
}

describe('move-in day', () => {
  it(`of ${LOCKS} rooms is made whole, by priority, and shows what still waits`, { timeout: 240_000 }, async () => {
    const { context } = registry;
    await furnish(LOCKS);
    await bring('people', residents(0));
    await bring('cards', cards());
    await bring('people', residents(1));
    expect(await rollouts()).toMatchObject({ locks: LOCKS, counts: { unsigned: LOCKS } });

    // Everybody has moved one room on; while the lists are made, somebody comes to the counter.
    const order: number[] = [];
    let askedAt = -1;
    let served: Promise<unknown> = Promise.resolve();
    const last = FIRST_SCOPE + LOCKS - 1;
    const started = performance.now();
    await publisher((scope) => {
      order.push(scope);
      if (order.length !== 100) return;
      askedAt = order.length;
      const guest = { ...person(), ...roomOf(LOCKS - 1) };
      served = putPerson(context, 'GUEST', guest, ACTOR).then(async (put) => {
        value(put);
        const issued = { uid: randomUid(), person: 'GUEST', class: 'uid-only' as const, validUntilMs: null };
        value(await issueCard(context, issued, ACTOR));
      });
    })();
    const tookMs = performance.now() - started;
    await served;
    expect(new Set(order).size).toBe(LOCKS + 1);
    // Fifty lists are made between two looks.
    expect(order.indexOf(last) - askedAt).toBeLessThanOrEqual(110);
    expect(order.indexOf(last)).toBeGreaterThanOrEqual(askedAt);

    nowMs += 60_000;
    await arrive(range(0, 2 * ROOMS), true);
    await arrive(range(2 * ROOMS, 3 * ROOMS), false);
    const looked = performance.now();
    const now = await rollouts();
    const lookMs = performance.now() - looked;
    const counts = { 'in-force': 2 * ROOMS, 'at-corridor': ROOMS, 'at-gateway': LOCKS - 3 * ROOMS };
    expect(now).toMatchObject({ locks: LOCKS, counts });
    expect(
      now.buildings.map(({ building, counts: each }) => [building, each['in-force'], each['at-corridor']]),
    ).toEqual(range(0, BUILDINGS).map((n) => [`${n + 1}号楼`, n < 2 ? ROOMS : 0, n === 2 ? ROOMS : 0]));
    const third = now.buildings.find(({ building }) => building === '3号楼');
    expect(third?.waiting).toHaveLength(20);
    expect(third?.waiting[0]).toMatchObject({ rollout: 'at-corridor', desired: 1, reported: null, server: CORRIDOR });
    expect(third?.oldestWaitingAt).toBe(new Date(NOW_MS).toISOString());
    expect(lookMs).toBeLessThan(2_000);
    // Written down for whoever plans the day.
    console.info(`${LOCKS} lists made in ${Math.round(tookMs)} ms, roll-out read in ${Math.round(lookMs)} ms`);
  });

  it('a lock waits since the first change it did not get, not since the newest', async () => {
    const { context } = registry;
    await furnish(3);
    await publisher()();
    await arrive(range(0, 3), true);
    const since = async () => (await rollouts()).buildings[0]?.waiting[0];
    for (const n of [1, 2, 3]) {
      nowMs = NOW_MS + n * 3_600_000;
      value(await putPerson(context, `X${n}`, person(roomOf(0)), ACTOR));
      const issued = { uid: randomUid(), person: `X${n}`, class: 'uid-only' as const, validUntilMs: null };
      value(await issueCard(context, issued, ACTOR));
      await publisher()();
      const first = new Date(NOW_MS + 3_600_000).toISOString();
      expect(await since()).toMatchObject({ portal: 'r0', desired: 1 + n, reported: 1, waitingSince: first });
    }
  });
});

// SPDX-License-Identifier: Apache-2.0
// Ingest on a real database file: once each, in order, acknowledged only when durable.
import { type DeviceId, deviceId } from '@latchkey/protocols/ids';
import { decodeEnvelope, encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTemporaryDatabase, type TemporaryDatabase } from '../adapters/database/temporary-database.test-support.ts';
import { createIngest, type Ingest } from './ingest.ts';
import { SILENT } from './log.ts';
import { createPortalReports } from './portal-reports.ts';

const DEVICE = deviceId.parse('gate-1');
const EPOCH = 'aa'.repeat(8);
const REF = '0102030405060708';
let database: TemporaryDatabase;
let ingest: Ingest;
let acks: unknown[];
let committed: number;
let nowMs = 1_000_000;

const open = (of: Pick<TemporaryDatabase, 'db' | 'batch'> = database) =>
  createIngest({
    database: of,
    reports: createPortalReports(database, () => nowMs),
    holders: { of: async () => ({ reference: REF, person: null }) },
    nowMs: () => nowMs,
    acknowledge: (device, payload) => {
      const envelope = decodeEnvelope(payload);
      acks.push([device, envelope.ok && envelope.value.json]);
    },
    onCommitted: (count) => {
      committed += count;
    },
    log: SILENT,
  });

beforeEach(async () => {
  database = await openTemporaryDatabase();
  acks = [];
  committed = 0;
  ingest = open();
});
afterEach(() => database.close());

const exit = (at: number) => ({ type: 'request-to-exit', at, clock: 'synced', portal: 'north' });
const denied = (at: number) => ({
  type: 'access-denied',
  at,
  clock: 'synced',
  portal: 'north',
  direction: 'in',
  credential: { ref: REF, class: 'uid-only' },
  admission: 'a1',
  via: 'list',
  reason: 'UnknownCredential',
});
const batch = (first: number, events: readonly unknown[], epoch = EPOCH) => encodeEnvelope({ epoch, first, events });
const run = (first: number, count: number) =>
  batch(
    first,
    Array.from({ length: count }, (_, index) => exit(first + index)),
  );
const stored = () => database.db.selectFrom('event').selectAll().orderBy('id').execute();
const ack = (upTo: number, device: DeviceId = DEVICE, epoch = EPOCH) => [device, { epoch, upTo }];

describe('events', () => {
  it('are kept as they came, with what is looked for in columns', async () => {
    await ingest.take(DEVICE, batch(1, [denied(5), exit(6)]));
    const [one, two] = await stored();
    expect(one).toMatchObject({ device_id: 'gate-1', epoch: EPOCH, seq: 1, at: 5, type: 'access-denied' });
    expect(one).toMatchObject({ portal_id: 'north', credential_ref: REF, person_id: null, received_at: nowMs });
    expect(JSON.parse(one?.body ?? '')).toEqual(denied(5));
    expect(two).toMatchObject({ seq: 2, credential_ref: null });
    expect(acks).toEqual([ack(2)]);
    expect(committed).toBe(2);
  });
  it("name the credential's holder as the registry knows it", async () => {
    const person = {
      number: '2023',
      name: 'x',
      kind: 'resident',
      building: '',
      room: '',
      bed: '',
      class_name: '',
    } as const;
    const flags = {
      active: 1,
      extended_access: 0,
      anti_passback_exempt: 0,
      valid_from: null,
      valid_until: null,
    } as const;
    const { id } = await database.db
      .insertInto('person')
      .values({ ...person, ...flags })
      .returning('id')
      .executeTakeFirstOrThrow();
    const card = { type: 'card', credential_id: 'ab'.repeat(16), campus_ref: REF, tail: '0708', class: 0 } as const;
    await database.db
      .insertInto('credential')
      .values({ ...card, person_id: id, state: 'active', issued_at: 0, valid_from: null, valid_until: null })
      .execute();
    await ingest.take(DEVICE, batch(1, [denied(5)]));
    expect((await stored())[0]?.person_id).toBe(id);
  });
  it('sent twice are kept once and acknowledged twice', async () => {
    await ingest.take(DEVICE, run(1, 3));
    await ingest.take(DEVICE, run(1, 3));
    expect(await stored()).toHaveLength(3);
    expect(acks).toEqual([ack(3), ack(3)]);
  });
  it('of overlapping batches sent at once are kept once and in order', async () => {
    await Promise.all([run(1, 50), run(1, 30), run(31, 50), run(51, 50)].map((each) => ingest.take(DEVICE, each)));
    expect((await stored()).map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(acks.at(-1)).toEqual(ack(100));
  });
  it('after a gap are kept, but nothing is acknowledged until the gap is filled', async () => {
    await ingest.take(DEVICE, run(1, 2));
    await ingest.take(DEVICE, run(5, 2));
    expect(acks).toEqual([ack(2), ack(2)]);
    await ingest.take(DEVICE, run(3, 2));
    await ingest.take(DEVICE, run(5, 2));
    expect(acks.slice(2)).toEqual([ack(4), ack(6)]);
    expect(await stored()).toHaveLength(6);
  });
  it('of two devices or two journals with the same numbers do not meet', async () => {
    const other = deviceId.parse('gate-2');
    await Promise.all([ingest.take(DEVICE, run(1, 2)), ingest.take(other, run(1, 2))]);
    await ingest.take(DEVICE, batch(1, [exit(1)], 'bb'.repeat(8)));
    expect(await stored()).toHaveLength(5);
    expect(acks).toContainEqual(ack(2, other));
    expect(acks).toContainEqual(ack(1, DEVICE, 'bb'.repeat(8)));
  });
  it('go on after a restart where the database stands', async () => {
    await ingest.take(DEVICE, run(1, 4));
    const again = open();
    await again.take(DEVICE, run(5, 1));
    expect(acks.at(-1)).toEqual(ack(5));
  });
  it('are not acknowledged when the database fails, and nothing is skipped afterwards', async () => {
    let failures = 1;
    const failing = open({
      db: database.db,
      batch: (statements) => (failures-- > 0 ? Promise.reject(new Error('disk full')) : database.batch(statements)),
    });
    const results = await Promise.allSettled([failing.take(DEVICE, run(1, 2)), failing.take(DEVICE, run(3, 2))]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(acks).toEqual([ack(0)]);
    await failing.take(DEVICE, run(1, 4));
    expect(acks.at(-1)).toEqual(ack(4));
  });
  it('go on past numbers that an older gateway had acknowledged and this backup does not hold', async () => {
    await ingest.resume(DEVICE, { epoch: EPOCH, ackedSeq: 40 });
    await ingest.take(DEVICE, run(41, 2));
    expect(acks).toEqual([ack(42)]);
    await ingest.resume(DEVICE, { epoch: EPOCH, ackedSeq: 10 });
    await ingest.take(DEVICE, run(43, 1));
    expect(acks.at(-1)).toEqual(ack(43));
  });
});

describe('records of a lock', () => {
  const record = (seq: number, change: object = {}) => ({
    type: 'lock-event',
    at: 1_000,
    clock: 'synced',
    portal: 'room-101',
    lockId: '0011223344556677',
    seq,
    what: 'granted',
    kind: 1,
    detail: 0,
    class: 'uid-only',
    subject: 'aabbccddeeff0011',
    value: 3,
    lockMs: 900_000 + seq,
    lockClock: 'synced',
    ...change,
  });
  const kept = () => database.db.selectFrom('event').select(['device_id', 'seq', 'credential_ref']).execute();

  it('are kept once, whichever corridors bring them, and acknowledged to each', async () => {
    const other = deviceId.parse('corridor-2');
    await ingest.take(DEVICE, batch(1, [record(1), record(2)]));
    await ingest.take(other, batch(1, [record(2), record(3)]));
    expect((await kept()).map(({ device_id, seq }) => [device_id, seq])).toEqual([
      [DEVICE, 1],
      [DEVICE, 2],
      [other, 2],
    ]);
    expect(acks).toEqual([
      [DEVICE, { epoch: EPOCH, upTo: 2 }],
      [other, { epoch: EPOCH, upTo: 2 }],
    ]);
    // Its memory was replaced: the numbers begin anew.
    await ingest.take(other, batch(3, [record(1, { lockMs: 2_000_000 })]));
    expect(await kept()).toHaveLength(4);
  });

  it('name whom they are about', async () => {
    await ingest.take(DEVICE, batch(1, [record(1)]));
    expect(await kept()).toMatchObject([{ credential_ref: REF }]);
  });
});

describe('what is not understood', () => {
  const apart = () => database.db.selectFrom('event_quarantine').selectAll().orderBy('id').execute();
  it('is kept apart, the rest of the batch goes in and all of it is acknowledged', async () => {
    await ingest.take(DEVICE, batch(1, [exit(1), { type: 'from-the-future', at: 2 }, 'nonsense', exit(4)]));
    expect((await stored()).map(({ seq }) => seq)).toEqual([1, 4]);
    const rows = await apart();
    expect(rows.map(({ seq }) => seq)).toEqual([2, 3]);
    expect(Buffer.from(rows[0]?.raw ?? []).toString()).toBe('{"type":"from-the-future","at":2}');
    expect(acks).toEqual([ack(4)]);
    expect([...ingest.quarantined()]).toEqual(['gate-1']);
  });
  it('is kept once however often it is sent', async () => {
    for (let times = 0; times < 3; times += 1) {
      await ingest.take(DEVICE, batch(1, [{}]));
      await ingest.take(DEVICE, Buffer.from('no json at all'));
    }
    expect(await apart()).toHaveLength(2);
  });
  it.each([
    ['no JSON', Buffer.from([0, 1, 2])],
    ['no batch', encodeEnvelope({ epoch: 'x', first: -1, events: [] })],
    [
      'too many events',
      batch(
        1,
        Array.from({ length: 51 }, () => exit(1)),
      ),
    ],
  ])('%s is not acknowledged', async (_name, payload) => {
    await ingest.take(DEVICE, payload);
    expect(acks).toEqual([]);
    expect(await apart()).toHaveLength(1);
  });
});

describe('reported state of doors', () => {
  const reports = () => createPortalReports(database, () => nowMs);
  const state = { portal: 'north', mode: 'Locked', door: 'Closed', lock: 'Locked', alarm: 'Normal' } as const;
  const read = () => database.db.selectFrom('portal_report').selectAll().execute();
  beforeEach(async () => {
    const device = {
      state: 'enrolled',
      name: 'x',
      code_hash: null,
      code_expires_at: null,
      certificate_fingerprint: null,
    } as const;
    const nothing = {
      certificate_serial: null,
      certificate_expires_at: null,
      encryption_jwk: null,
      enrolled_at: null,
    } as const;
    const never = {
      last_seen_at: null,
      hello_at: null,
      boot: null,
      session: null,
      software: null,
      root_version: null,
    } as const;
    const rest = { deny_epoch: null, deny_seq: null, health: null } as const;
    await database.db
      .insertInto('device')
      .values({ id: 'gate-1', ...device, ...nothing, ...never, ...rest })
      .execute();
    await database.db
      .insertInto('prf_key')
      .values({ id: 1, purpose: 'scope', sealed: new Uint8Array(), created_at: 0 })
      .execute();
    await database.db
      .insertInto('scope')
      .values({ id: 1, name: 'x', prf_key_id: 1, change_seq: 1, compiled_seq: 0 })
      .execute();
    await database.db
      .insertInto('portal')
      .values({
        id: 'north',
        name: 'x',
        name_en: '',
        building: '',
        scope_id: 1,
        device_id: 'gate-1',
        anti_passback: '{}',
        assurance: '[]',
        after_expiry: 'keep-all',
        ask_gateway: 0,
      })
      .execute();
  });
  it('is what the controller says of its own portals', async () => {
    await reports().whole(DEVICE, [state, { ...state, portal: 'elsewhere' as typeof state.portal }] as never, 1);
    await reports().whole(deviceId.parse('gate-2'), [{ ...state, mode: 'Unlocked' }] as never, 1);
    expect(await read()).toMatchObject([{ portal_id: 'north', device_id: 'gate-1', mode: 'Locked' }]);
  });
  it('follows events, but not old ones uploaded late', async () => {
    const of = reports();
    await of.whole(DEVICE, [state] as never, 1_000);
    const mode = (at: number, value: string) => ({
      type: 'door-mode',
      at,
      clock: 'synced',
      portal: 'north',
      mode: value,
      by: 'x',
    });
    await of.pieces(DEVICE, [mode(900, 'Unlocked')] as never);
    expect(await read()).toMatchObject([{ mode: 'Locked' }]);
    nowMs += 50;
    await of.pieces(DEVICE, [
      mode(1_100, 'Accessed'),
      { type: 'door-position', at: 1_150, clock: 'synced', portal: 'north', state: 'Open' },
    ] as never);
    expect(await read()).toMatchObject([{ mode: 'Accessed', door: 'Open', reported_at: nowMs }]);
  });
});

// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertEvents } from './insert-events.ts';
import { NewerDatabaseError } from './migrate.ts';
import { openDatabase } from './open-database.ts';
import type { NewEvent } from './schema.ts';
import { openTemporaryDatabase, type TemporaryDatabase } from './temporary-database.test-support.ts';

let database: TemporaryDatabase;
beforeEach(async () => {
  database = await openTemporaryDatabase();
});
afterEach(() => database.close());

const event = (seq: number, over: Partial<NewEvent> = {}): NewEvent => ({
  device_id: 'gate-1',
  epoch: '00000000000000aa',
  seq,
  at: 1_000 + seq,
  received_at: 2_000,
  type: 'access-granted',
  portal_id: 'north',
  credential_ref: null,
  body: '{}',
  ...over,
});

const countEvents = async () =>
  (await database.reader.selectFrom('event').select(database.reader.fn.countAll<number>().as('n')).executeTakeFirst())
    ?.n;

describe('the database', () => {
  it('is readable by its owner only', async () => {
    expect((await stat(database.path)).mode & 0o077).toBe(0);
  });

  it('refuses a file of newer software and names what it does not know', async () => {
    await database.db
      .insertInto('kysely_migration' as 'setting')
      .values({ name: '0099-later', timestamp: 'now' } as never)
      .execute();
    await expect(openDatabase({ path: database.path })).rejects.toThrow(NewerDatabaseError);
    await expect(openDatabase({ path: database.path })).rejects.toThrow('0099-later');
  });

  it('opens again without applying a migration twice', async () => {
    const again = await openDatabase({ path: database.path });
    expect(await again.db.selectFrom('person').selectAll().execute()).toEqual([]);
    await again.close();
  });

  it('says why a file cannot be opened', async () => {
    await expect(openDatabase({ path: database.directory })).rejects.toMatchObject({ code: 'EISDIR' });
  });

  it('rolls a failed transaction back whole', async () => {
    const attempt = database.db.transaction().execute(async (trx) => {
      await trx.insertInto('setting').values({ key: 'a', value: '1' }).execute();
      await trx.insertInto('group_member').values({ group_id: 'nobody', person_id: 1 }).execute();
    });
    await expect(attempt).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_FOREIGNKEY' });
    expect(await database.db.selectFrom('setting').selectAll().execute()).toEqual([]);
  });

  it('serialises transactions', async () => {
    const add = () =>
      database.db.transaction().execute(async (trx) => {
        const row = await trx.selectFrom('setting').select('value').where('key', '=', 'n').executeTakeFirst();
        const value = String(Number(row?.value ?? 0) + 1);
        await trx
          .insertInto('setting')
          .values({ key: 'n', value })
          .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
          .execute();
      });
    await Promise.all(Array.from({ length: 20 }, add));
    expect(await database.db.selectFrom('setting').selectAll().execute()).toEqual([{ key: 'n', value: '20' }]);
  });

  it('reads a snapshot of one moment while a writer goes on', async () => {
    const insert = (key: string) => database.db.insertInto('setting').values({ key, value: '' }).execute();
    const keys = await database.snapshot(async ({ db, columns }) => {
      const before = await db.selectFrom('setting').select('key').execute();
      await insert('meanwhile');
      const after = await columns(db.selectFrom('setting').select('key'), ['text']);
      return [before.length, after.count];
    });
    expect(keys).toEqual([0, 0]);
    expect(await database.reader.selectFrom('setting').select('key').execute()).toEqual([{ key: 'meanwhile' }]);
  });

  it('packs columns', async () => {
    await database.db
      .insertInto('setting')
      .values([1, 2, 3].map((n) => ({ key: `0${n}ff`, value: `v${n % 2}` })))
      .execute();
    const query = database.reader
      .selectFrom('setting')
      .select((eb) => ['key', 'value', eb.fn<number>('length', ['value']).as('n')]);
    const { count, packed } = await database.snapshot(({ columns }) =>
      columns(query.orderBy('key'), ['hex', 'text', 'number']),
    );
    expect(count).toBe(3);
    expect([...packed[0]]).toEqual([1, 255, 2, 255, 3, 255]);
    expect(packed[1]).toEqual({ values: ['v1', 'v0'], indexes: Uint32Array.of(0, 1, 0) });
    expect([...packed[2]]).toEqual([2, 2, 2]);
  });

  it('fails every call once closed instead of hanging', async () => {
    const other = await openDatabase({ path: database.path });
    await other.close();
    await expect(other.db.selectFrom('setting').selectAll().execute()).rejects.toMatchObject({ code: 'STOPPED' });
  });
});

describe('ingest of events', () => {
  it('takes an event once, whatever is sent again', async () => {
    await insertEvents(database, [event(1), event(2)]);
    await insertEvents(database, [event(2, { body: '{"forged":true}' }), event(3)]);
    const rows = await database.db.selectFrom('event').select(['seq', 'body']).orderBy('seq').execute();
    expect(rows).toEqual([1, 2, 3].map((seq) => ({ seq, body: '{}' })));
  });

  it('marks the journal in the same commit and never moves it back', async () => {
    const mark = (ackedSeq: number) => ({ deviceId: 'gate-1', epoch: '00000000000000aa', ackedSeq, atMs: 5 });
    await insertEvents(database, [event(1)], [mark(7)]);
    await insertEvents(database, [event(2)], [mark(3)]);
    expect(await database.db.selectFrom('device_journal').select('acked_seq').execute()).toEqual([{ acked_seq: 7 }]);
  });

  it('names the holder of the card as of the moment it arrives', async () => {
    await database.db
      .insertInto('person')
      .values({
        number: 'S1',
        name: 'A',
        kind: 'resident',
        building: '',
        room: '',
        bed: '',
        class_name: '',
        active: 1,
        extended_access: 0,
        anti_passback_exempt: 0,
        valid_from: null,
        valid_until: null,
      })
      .execute();
    await database.db
      .insertInto('credential')
      .values({
        person_id: 1,
        type: 'card',
        credential_id: 'ab',
        campus_ref: '0011223344556677',
        tail: '0000',
        class: 0,
        state: 'lost',
        issued_at: 0,
        valid_from: null,
        valid_until: null,
      })
      .execute();
    await insertEvents(database, [
      event(1, { credential_ref: '0011223344556677' }),
      event(2, { credential_ref: '00'.repeat(8) }),
    ]);
    const rows = await database.db.selectFrom('event').select('person_id').orderBy('seq').execute();
    expect(rows).toEqual([{ person_id: 1 }, { person_id: null }]);
  });

  it('stays out of an open transaction, whose roll-back would take acknowledged events with it', async () => {
    let insert: Promise<void> | undefined;
    const transaction = database.db.transaction().execute(async (trx) => {
      await trx.insertInto('setting').values({ key: 'a', value: '' }).execute();
      insert = insertEvents(database, [event(1)]);
      await trx.selectFrom('setting').selectAll().execute();
      throw new Error('changed my mind');
    });
    await expect(transaction).rejects.toThrow('changed my mind');
    await insert;
    expect(await countEvents()).toBe(1);
  });

  it('lets one bad batch fail alone', async () => {
    const bad = event(1, { body: null as unknown as string });
    const results = await Promise.allSettled([
      insertEvents(database, [event(10)]),
      insertEvents(database, [bad]),
      insertEvents(database, [event(11)]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await countEvents()).toBe(2);
  });
});

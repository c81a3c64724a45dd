// SPDX-License-Identifier: Apache-2.0
// A lock's record has its person at the gateway: by the card at the lock, or by the opening that was asked for.
import { cardId } from '@latchkey/protocols/authorization/credential-id';
import { toHex } from '@latchkey/protocols/bytes/hex';
import type { CardUid } from '@latchkey/protocols/card/uid';
import { journalEvent } from '@latchkey/protocols/mqtt/events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventValues, heldBy, insertEventValues } from '../../adapters/database/insert-events.ts';
import { pageOfPassages } from '../own/passages.ts';
import { issueCard } from '../registry/cards.ts';
import { putPerson } from '../registry/people.ts';
import { putPortal, putScope } from '../registry/places.ts';
import { readPrfKey } from '../registry/prf-keys.ts';
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
import { createRecordHolders, type LockEvent } from './record-holders.ts';

const COMMAND = 'c0'.repeat(8);
let registry: TestRegistry;
const uids: Record<string, CardUid> = {};
beforeEach(async () => {
  registry = await openTestRegistry();
  const { context, database } = registry;
  value(await putScope(context, 101, { name: '101' }, ACTOR));
  value(await putPortal(context, 'room-101', portal({ kind: 'lock', room: '101', scope: 101, name: '101室' }), ACTOR));
  for (const [number, room] of [
    ['S1', '101'],
    ['S2', '102'],
  ] as const) {
    value(await putPerson(context, number, person({ room }), ACTOR));
    const uid = randomUid();
    uids[number] = uid;
    value(await issueCard(context, { uid, person: number, class: 'uid-only', validUntilMs: null }, ACTOR));
  }
  const opening = { id: COMMAND, confirm: 'tap', portal_id: 'room-101', via: 'pass', refused: null, asked_at: NOW_MS };
  await database.db
    .insertInto('lock_opening')
    .values({ ...opening, person_id: await idOf('S1') })
    .execute();
});
afterEach(() => registry.close());

const { parse } = journalEvent;
const idOf = async (number: string): Promise<number> => {
  const { db } = registry.database;
  return (await db.selectFrom('person').select('id').where('number', '=', number).executeTakeFirstOrThrow()).id;
};
const holders = () => {
  const { database, keystore } = registry;
  return createRecordHolders({ database, sealer: keystore, nowMs: () => NOW_MS });
};
/** As the lock of the room writes it: the key of the card under its list's own PRF key. */
async function subjectOf(uid: CardUid): Promise<string> {
  const { db } = registry.database;
  const { prf_key_id } = await db
    .selectFrom('scope')
    .select('prf_key_id')
    .where('id', '=', 101)
    .executeTakeFirstOrThrow();
  const { prf } = await readPrfKey(db, registry.keystore, prf_key_id);
  return toHex(prf.key(cardId(uid)));
}
let seq = 0;
const record = (change: Partial<LockEvent>): LockEvent => {
  seq += 1;
  const place = { type: 'lock-event', portal: 'room-101', lockId: '0011223344556677', seq } as const;
  const clock = { at: NOW_MS + seq, clock: 'synced', lockMs: NOW_MS + seq, lockClock: 'synced' } as const;
  return parse({ ...place, ...clock, what: 'granted', kind: 1, detail: 0, value: 3, ...change }) as LockEvent;
};
async function store(event: LockEvent): Promise<void> {
  const row = eventValues(
    'corridor-1',
    'aa'.repeat(8),
    event.seq,
    event.at,
    event.at,
    event.type,
    event.portal,
    null,
    JSON.stringify(event),
  );
  await insertEventValues(registry.database, [heldBy(row, await holders().of(event))]);
}

it('is about the holder of the card, of the room or of another', async () => {
  for (const number of ['S1', 'S2']) {
    const event = record({ subject: await subjectOf(uids[number] as CardUid), class: 'uid-only' });
    await store(event);
    const { db } = registry.database;
    const row = await db.selectFrom('event').select('person_id').where('seq', '=', event.seq).executeTakeFirstOrThrow();
    expect(row.person_id).toBe(await idOf(number));
  }
});

it('is about whoever asked for the opening', async () => {
  const done = record({ what: 'command-done', kind: 3, subject: COMMAND });
  expect(await holders().of(done)).toEqual({ reference: null, person: await idOf('S1') });
});

it("is about nobody where the card is a stranger's, or nobody is meant", async () => {
  const nobody = { reference: null, person: null };
  expect(await holders().of(record({ subject: await subjectOf(randomUid()), class: 'uid-only' }))).toEqual(nobody);
  expect(await holders().of(record({ what: 'relocked', kind: 11 }))).toEqual(nobody);
});

it('is among the passages of its person, with what it was opened', async () => {
  await store(record({ subject: await subjectOf(uids['S1'] as CardUid), class: 'uid-only' }));
  await store(record({ what: 'command-done', kind: 3, subject: COMMAND }));
  await store(record({ what: 'denied', kind: 2, detail: 7, subject: await subjectOf(uids['S2'] as CardUid) }));
  const passages = async (number: string) =>
    value(await pageOfPassages(registry.database.db, await idOf(number), { limit: 10 }, NOW_MS)).items.map(
      ({ portalName, outcome, reason, with: means }) => [portalName, outcome, reason, means],
    );
  expect(await passages('S1')).toEqual([
    ['101室', 'granted', undefined, 'keychain'],
    ['101室', 'granted', undefined, 'card'],
  ]);
  expect(await passages('S2')).toEqual([['101室', 'denied', 'Unauthorized', 'card']]);
});

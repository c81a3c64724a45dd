// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { fromBase64url } from '@latchkey/protocols/bytes/base64url';
import type { DeviceId } from '@latchkey/protocols/ids';
import { TICKET, TICKET_BYTES } from '@latchkey/protocols/lock/ticket';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertCommands } from '../command-store.ts';
import type { LockOrder } from '../commands.ts';
import { actOnCard, issueCard } from '../registry/cards.ts';
import { addLock } from '../registry/locks.ts';
import { putPerson } from '../registry/people.ts';
import { putPortal, putScope } from '../registry/places.ts';
import {
  ACTOR,
  CAMPUS,
  NOW_MS,
  openTestRegistry,
  person,
  portal,
  randomUid,
  type TestRegistry,
  value,
} from '../registry/registry.test-support.ts';
import { composeKeychain } from './compose.ts';
import { createTicketSigner } from './openings.ts';

const LOCK = '00112233445566aa';
const CONFIRM = 'tap-0000000000000001';

let registry: TestRegistry;
let given: LockOrder[];
let server: DeviceId | undefined;
let nowMs: number;
let card: number;
beforeEach(async () => {
  registry = await openTestRegistry();
  given = [];
  server = 'corridor-1' as DeviceId;
  nowMs = NOW_MS;
  const { context, database, keystore } = registry;
  value(await putScope(context, 101, { name: '101' }, ACTOR));
  await database.db
    .insertInto('device')
    .values({ id: 'corridor-1', name: 'c', state: 'enrolled' } as never)
    .execute();
  const body = portal({ kind: 'lock', room: '101', scope: 101, name: '101室' });
  value(await putPortal(context, 'room-101', body, ACTOR));
  const paired = { key: 'ab'.repeat(32), advertisementKey: 'cd'.repeat(16) };
  const lock = { portal: 'room-101', lockId: LOCK, corridors: ['corridor-1'], paired };
  value(await addLock({ context, seal: keystore.seal, randomBytes }, lock, ACTOR));
  for (const number of ['S1', 'S2'])
    value(await putPerson(context, number, person(number === 'S2' ? { room: '102' } : {}), ACTOR));
  const issued = { uid: randomUid(), person: 'S1', class: 'uid-only' as const, validUntilMs: null };
  card = value(await issueCard(context, issued, ACTOR)).cards[0] as number;
});
afterEach(() => registry.close());

const keychain = () => {
  const { database, keystore } = registry;
  return composeKeychain({
    database,
    epoch: keystore.root.document.epoch,
    timeZone: 'Asia/Shanghai',
    nowMs: () => nowMs,
    serverOf: () => server,
    randomBytes,
    signer: createTicketSigner(CAMPUS, keystore.key('command')),
    commands: {
      async openLock(order) {
        given.push(order);
        const { id, device, actor } = order;
        const times = { issuedMs: nowMs, expiresMs: nowMs + 10_000 };
        const command = {
          id,
          device,
          portal: order.portal,
          operation: 'open-lock' as const,
          mode: null,
          actor,
          boot: null,
        };
        await insertCommands(database, [{ ...command, ...times }], nowMs);
        return {} as never;
      },
    },
  });
};
const tap = (confirm = CONFIRM) => ({ portal: 'room-101', confirm, via: 'pass' });
const answer = (state: 'received' | 'done' | 'refused', code: string | null = null) =>
  registry.database.db.updateTable('command').set({ state, code }).execute();

describe('a keychain', () => {
  it('holds the doors of its person only', async () => {
    const [door, ...others] = value(await keychain().doors('S1'));
    expect(others).toEqual([]);
    expect(door).toMatchObject({ portal: 'room-101', own: true, reachable: false, notNow: 'out-of-reach' });
    expect(value(await keychain().doors('S2'))).toEqual([]);
  });

  it('has the own room first, and none that rights of before let in, however many those were', async () => {
    const { context, database } = registry;
    const room = async (id: string, over: object) =>
      void value(await putPortal(context, id, portal({ kind: 'lock', scope: 101, ...over }), ACTOR));
    for (let n = 0; n < 120; n += 1) await room(`a-${100 + n}`, { building: 'B2', room: `${100 + n}` });
    await room('z-900', { building: 'B2', room: '900' });
    const times = { valid_from: NOW_MS - 2_000, reason: 'x', actor: ACTOR, made_at: NOW_MS };
    const grant = { group_id: null, building: 'B2', floor: null, withdrawn_at: null, ...times };
    const ended = { ...grant, room: null, valid_until: NOW_MS - 1_000 };
    const stands = { ...grant, room: '900', valid_until: NOW_MS + 1_000 };
    const { id: person_id } = await database.db
      .selectFrom('person')
      .where('number', '=', 'S1')
      .select('id')
      .executeTakeFirstOrThrow();
    for (const each of [ended, stands])
      await database.db
        .insertInto('room_grant')
        .values({ ...each, person_id })
        .execute();
    expect(value(await keychain().doors('S1')).map((each) => [each.portal, each.own])).toEqual([
      ['room-101', true],
      ['z-900', false],
    ]);
  });

  it('opens once for one confirmation, however often and at once it is sent', async () => {
    const taps = await Promise.all(Array.from({ length: 5 }, () => keychain().open('S1', tap())));
    const ids = new Set(taps.map((each) => value(each).id));
    expect([ids.size, given.length]).toEqual([1, 1]);
    expect(value(await keychain().open('S1', tap('tap-0000000000000002'))).id).not.toBe([...ids][0]);
    expect(given).toHaveLength(2);
  });

  it('signs a ticket for this lock, of this command, for ten seconds', async () => {
    const { id } = value(await keychain().open('S1', tap()));
    const bytes = value(fromBase64url(given[0]?.ticket(NOW_MS) ?? ''));
    expect(bytes).toHaveLength(TICKET_BYTES);
    const ticket = value(TICKET.decode(bytes.slice(0, TICKET.size)));
    expect(ticket).toMatchObject({ lockId: LOCK, commandId: id, action: 1, rights: 0 });
    expect(ticket.expiresS - ticket.issuedS).toBe(10);
  });

  it('says what became of it, and never guesses', async () => {
    const { id, state } = value(await keychain().open('S1', tap()));
    expect(state).toBe('waiting');
    const now = async () => value(await keychain().opening('S1', id));
    await answer('received');
    expect((await now()).state).toBe('opening');
    for (const [code, expected] of [
      ['jammed', 'jammed'],
      ['not-reached', 'not-reached'],
      ['privacy', 'refused'],
      ['expired', 'expired'],
      ['outcome-unknown', 'unknown'],
      ['interrupted', 'unknown'],
    ] as const) {
      await answer('refused', code);
      expect((await now()).state).toBe(expected);
    }
    await answer('received');
    // The bolt may start at the ticket's last moment, and says so some seconds later.
    nowMs += 15_000;
    expect((await now()).state).toBe('opening');
    nowMs += 2_000;
    expect((await now()).state).toBe('unknown');
    await answer('done');
    expect((await now()).state).toBe('opened');
  });

  it('of somebody else shows neither doors nor openings', async () => {
    const { id } = value(await keychain().open('S1', tap()));
    expect(await keychain().opening('S2', id)).toMatchObject({ ok: false, code: 'not-found' });
    expect(await keychain().open('S2', tap())).toMatchObject({ ok: false, code: 'not-found' });
  });

  it('rests while the card office holds its person, and where nobody serves the lock', async () => {
    server = undefined;
    expect(value(await keychain().open('S1', tap()))).toMatchObject({ state: 'refused', reason: 'nobody-serves-it' });
    server = 'corridor-1' as DeviceId;
    expect(value(await keychain().open('S1', tap())).state).toBe('refused');
    value(await actOnCard(registry.context, card, 'freeze', ACTOR));
    const held = value(await keychain().open('S1', tap('tap-0000000000000003')));
    expect(held).toMatchObject({ state: 'refused', reason: 'held' });
    expect(value(await keychain().doors('S1'))[0]).toMatchObject({ notNow: 'held', reason: 'CredentialDenied' });
    expect(given).toEqual([]);
  });

  it('leaves who asked, and through what, in the chain of changes', async () => {
    await keychain().open('S1', { ...tap(), via: 'campus-app' });
    const rows = await registry.database.db.selectFrom('audit').selectAll().where('action', 'like', '%open%').execute();
    expect(rows.map(({ actor, action }) => [actor, action])).toEqual([
      ['S1', 'keychain-open'],
      ['S1 via campus-app', 'command-open-lock'],
    ]);
  });
});

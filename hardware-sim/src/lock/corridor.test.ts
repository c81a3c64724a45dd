// SPDX-License-Identifier: Apache-2.0
// The role of a corridor with real locks on a memory radio: lists, openings, logs, and locks that are not its own.
import { KeyObject } from 'node:crypto';
import type { EventBody } from '@latchkey/controller/core/event-body';
import { createCorridor } from '@latchkey/controller/roles/corridor';
import { CAMPUS, makeAuthority, NOW_MS, uidOf } from '@latchkey/protocols/authorization/authority.test-support';
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { signTicket, TICKET_ACTIONS } from '@latchkey/protocols/lock/ticket';
import type { Result } from '@latchkey/protocols/result';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createVirtualClock } from '../virtual-clock.ts';
import { hangLocks, pairAndAssign, portalOf } from './hung-locks.test-support.ts';
import { CORRIDOR, countedRandom } from './lock.test-support.ts';
import { createMemoryAir, createMemoryRadio } from './memory-radio.ts';
import { createSoakGateway } from './soak-gateway.test-support.ts';

const STRANGER = uidOf(9_999);
const CARDS = Array.from({ length: 100 }, (_, card) => card + 1);
const BEAT_MS = 5_000;

async function lab() {
  const clock = createVirtualClock(NOW_MS);
  const air = createMemoryAir();
  const random = countedRandom('corridor');
  const authority = await makeAuthority();
  const radio = createMemoryRadio({ name: 'hci0', air, timers: clock, frameMs: 2, connectMs: 50 });
  const [lock, spare] = await hangLocks({ count: 2, clock, air, random });
  if (!lock || !spare) throw new Error('no lock');
  const gateway = await createSoakGateway(authority, clock.now, CARDS);
  const events: EventBody[] = [];
  const marks = new Map<string, number>();
  const set = { journal: true, stallsEvery: Number.POSITIVE_INFINITY, kept: 0, connects: 0 };
  const corridor = createCorridor({
    radio: {
      ...radio,
      connect(address, deadlineMs) {
        set.connects += 1;
        return radio.connect(address, deadlineMs);
      },
    },
    radios: 1,
    clock,
    random,
    own: CORRIDOR,
    sources: gateway.sources,
    async keep(event) {
      set.kept += 1;
      const isTaken = set.journal && set.kept % set.stallsEvery !== 0;
      if (isTaken) events.push(event);
      return isTaken;
    },
    marks: { next: (id) => marks.get(id) ?? 0, raise: async (id, next) => void marks.set(id, next) },
    setAlarm: () => undefined,
    onChange: () => undefined,
    log: () => undefined,
  });
  const assignment = await pairAndAssign({ radio, lock, portal: portalOf(0), authority, clock, random });
  corridor.assign(assignment);
  await gateway.beat();
  await corridor.start();
  onTestFinished(() => clock.until(corridor.close()));

  const key = KeyObject.from(authority.command.key.key);
  const tickets = countedRandom('tickets');
  return {
    clock,
    air,
    lock,
    corridor,
    gateway,
    events,
    set,
    assignment,
    async run(ms: number) {
      for (let left = ms; left > 0; left -= BEAT_MS) {
        await clock.advance(Math.min(BEAT_MS, left));
        await gateway.beat();
      }
    },
    /** Paired in the same door. */
    replaced: () => pairAndAssign({ radio, lock: spare, portal: portalOf(0), authority, clock, random }),
    spare,
    open(lifeS: number, { lockId } = lock): Promise<Result<null>> {
      const issuedS = Math.floor(clock.now() / 1_000);
      const commandId = Buffer.from(tickets.bytes(8)).toString('hex');
      const base = { lockId, commandId, issuedS, expiresS: issuedS + lifeS, rights: 0, holdS: 0 };
      const ticket = toBase64url(signTicket(CAMPUS, { ...base, action: TICKET_ACTIONS.open }, key));
      return corridor.open(portalOf(0), ticket, base.expiresS * 1_000);
    },
    strangers: async (count: number) => {
      for (let n = 0; n < count; n += 1) await clock.until(lock.present(STRANGER, 'uid-only'));
    },
  };
}

/** Numbers of the lock's records, as they came. */
const seqsOf = (events: readonly EventBody[]) =>
  events.flatMap((event) => (event.type === 'lock-event' ? [event.seq] : []));
const upTo = (count: number, from = 0) => Array.from({ length: count - from }, (_, n) => from + n);

describe('a corridor', () => {
  it('brings the list, and says what the lock itself said', async () => {
    const { lock, clock, corridor, gateway, run } = await lab();
    await gateway.list([500], true);
    corridor.refresh();
    await run(10_000);
    const image = gateway.sources.image({} as never);
    expect(corridor.report(lock.lockId)?.list).toEqual({ epoch: 1, version: 3, digest: image?.digest });
    expect((await clock.until(lock.present(uidOf(500), 'uid-only')))?.outcome).toBe('granted');
  });

  it('opens: received, done, once; the link stays up for the next', async () => {
    const { clock, lock, run, open, set } = await lab();
    await run(20_000);
    expect(await clock.until(open(5))).toEqual({ ok: true, value: null });
    const before = set.connects;
    await clock.advance(2_000);
    expect(await clock.until(open(5))).toEqual({ ok: true, value: null });
    expect(set.connects).toBe(before);
    expect(lock.body.bolt).toBe('drawn');
  });

  it('asks again where the link breaks at any frame between order and result, and opens once', async () => {
    const { clock, air, lock, run, open } = await lab();
    await run(20_000);
    let isOver = false;
    for (let breakAt = 1; !isOver; breakAt += 1) {
      const { drawn } = lock.body;
      let frames = 0;
      air.fate = () => {
        frames += 1;
        return frames === breakAt ? 'cut' : 'pass';
      };
      const opened = open(9);
      await clock.advance(4_000);
      isOver = frames < breakAt;
      expect(await clock.until(opened), `frame ${breakAt}`).toEqual({ ok: true, value: null });
      expect(lock.body.drawn, `frame ${breakAt}`).toBe(drawn + 1);
      air.fate = () => 'pass';
      await run(30_000);
    }
  });

  it('says at the end of the ticket that a lock was out of reach, which then never opens later', async () => {
    const { clock, air, lock, run, open } = await lab();
    await run(10_000);
    air.rssi = () => undefined;
    expect(await clock.until(open(5))).toMatchObject({ ok: false, code: 'not-reached' });
    air.rssi = () => -60;
    await run(120_000);
    expect(lock.body.drawn).toBe(0);
  });

  it('lets a record leave the lock only once it is in the journal, where it enters once', async () => {
    const { lock, corridor, run, events, set, strangers } = await lab();
    set.journal = false;
    await strangers(100);
    await run(30_000);
    expect(events).toEqual([]);
    set.journal = true;
    await run(300_000);
    expect(seqsOf(events)).toEqual(upTo(lock.records()));
    expect(corridor.report(lock.lockId)?.logPending).toBe(0);
  });

  it('brings no record twice where the disk stalls half way', async () => {
    const { lock, run, events, set, strangers } = await lab();
    set.stallsEvery = 7;
    await strangers(40);
    await run(1_200_000);
    expect(set.kept).toBeGreaterThan(events.length);
    expect(seqsOf(events)).toEqual(upTo(lock.records()));
  });

  it('says which numbers the lock overwrote', { timeout: 30_000 }, async () => {
    const { lock, air, run, events, strangers } = await lab();
    air.rssi = () => undefined;
    await strangers(2_300);
    air.rssi = () => -60;
    await run(120_000);
    const [gap] = events;
    const count = gap?.type === 'lock-log-gap' ? gap.count : 0;
    expect(gap).toMatchObject({ type: 'lock-log-gap', fromSeq: 0 });
    expect(count).toBeGreaterThan(200);
    expect(seqsOf(events)).toEqual(upTo(lock.records(), count));
  });

  it('leaves a lock alone that another one serves', async () => {
    const { clock, lock, corridor, assignment, run, set, open, strangers } = await lab();
    await run(10_000);
    corridor.assign({ ...assignment, order: 2, servesUntilMs: clock.now() + 5_000 });
    await run(10_000);
    const before = set.connects;
    await strangers(1);
    await run(60_000);
    expect(set.connects).toBe(before);
    expect(corridor.report(lock.lockId)?.state).toBe('other');
    expect(await clock.until(open(5))).toMatchObject({ code: 'other-corridor' });
  });

  it.each([
    { words: 'older words, from its own address', isOld: true, isElsewhere: false },
    { words: 'older words, from elsewhere', isOld: true, isElsewhere: true },
    { words: 'its last words, from elsewhere', isOld: false, isElsewhere: true },
  ])('takes no $words for a sign that a dead lock lives', async ({ isOld, isElsewhere }) => {
    const { air, lock, corridor, run, set, strangers } = await lab();
    await run(20_000);
    const old = lock.manufacturerData();
    await strangers(1);
    await run(20_000);
    const words = isOld ? old : lock.manufacturerData();
    lock.cutPower();
    air.locks.delete(lock);
    const address = isElsewhere ? 'c0:ff:ff:ff:ff:ff' : lock.address;
    air.locks.add({ address, manufacturerData: () => words, connect: () => undefined });
    await run(10_000);
    const before = set.connects;
    await run(180_000);
    expect(corridor.report(lock.lockId)?.state).toBe('unreachable');
    expect(set.connects).toBe(before);
  });

  it('finds a lock that came up again at another address', async () => {
    const { clock, air, lock, corridor, run } = await lab();
    await run(20_000);
    lock.cutPower();
    await lock.powerUp();
    air.locks.delete(lock);
    const address = 'c0:ee:ee:ee:ee:ee';
    const { manufacturerData, connect } = lock;
    air.locks.add({ address, manufacturerData, connect });
    await run(20_000);
    const report = corridor.report(lock.lockId);
    expect(clock.now() - (report?.lastSeenMs ?? 0)).toBeLessThan(2_000);
    expect(report).toMatchObject({ state: 'seen', logPending: 0 });
  });

  it('takes nothing that is older than what was said of a lock', async () => {
    const { corridor, assignment } = await lab();
    corridor.assign({ ...assignment, order: 3, servesUntilMs: 0 });
    corridor.assign({ ...assignment, order: 2 });
    expect(corridor.assignments()[0]?.order).toBe(3);
  });

  it('serves the lock that replaced another: the same people open, and what was for the old one is of no use', async () => {
    const { clock, lock, spare, corridor, assignment, run, open, replaced } = await lab();
    await run(20_000);
    const next = await replaced();
    corridor.assign({ ...next, order: 2 });
    corridor.assign({ ...assignment, order: 3, gone: true });
    await run(30_000);
    expect((await clock.until(spare.present(uidOf(1), 'uid-only')))?.outcome).toBe('granted');
    await run(20_000);
    expect(await clock.until(open(5))).toMatchObject({ ok: false, code: 'not-mine' });
    expect(await clock.until(open(5, spare))).toEqual({ ok: true, value: null });
    expect([lock.body.drawn, spare.body.drawn]).toEqual([0, 2]);
    // Keys that were sealed to the old one open nothing in the new one.
    corridor.assign({ ...next, key: assignment.key, order: 4 });
    await run(30_000);
    expect(await clock.until(open(5, spare))).toMatchObject({ ok: false });
    expect(spare.body.drawn).toBe(2);
  });
});

// SPDX-License-Identifier: Apache-2.0
// Rooms from end to end on whole processes: gateway, corridor controller, eight locks. A resident opens from the keychain, with the
// card, with the network cut and the corridor killed; what opened, and who asked, is at the gateway once.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MyDoor } from '@latchkey/protocols/api/keychain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Campus } from '../campus/campus.ts';
import { CORRIDOR, type RoomDoor, setNear, tapAtLock } from '../campus/corridor.ts';
import { allEvents } from '../campus/event-history.ts';
import type { PersonApi } from '../campus/gateway-api.ts';
import { newConfirmation, openUntilFinal, signInAs } from '../campus/tour-rooms.ts';

const OPENINGS = 50;
const P95_MS = 2_000;
const PATIENCE_MS = 30_000;
/** Whose keychains are used in a room; the gateway lets nobody ask more than 12 times a minute. */
const BEDS = 2;

const uidOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

describe('a corridor of eight rooms', { timeout: 180_000 }, () => {
  let campus: Campus;
  let folder = '';
  const passes: PersonApi[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lk-rooms-'));
    campus = await Campus.start({ dataDir: folder, residents: 40, corridor: true });
    await campus.furnish();
    await campus.startControllers();
    await campus.locksInForce();
    for (const [n] of campus.rooms.entries())
      for (let bed = 0; bed < BEDS; bed += 1) passes.push(await signInAs(campus, residentOf(n, bed)?.number ?? ''));
  }, 180_000);
  afterAll(async () => {
    await campus.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Four to a room. */
  const room = (n: number) => campus.rooms[n] as RoomDoor;
  const residentOf = (n: number, bed = 0) => campus.people[n * 4 + bed];
  const passOf = (n: number, bed = 0) => passes[n * BEDS + (bed % BEDS)] as PersonApi;
  const thrown = async ({ lock }: RoomDoor) =>
    expect.poll(() => lock.body.bolt, { timeout: PATIENCE_MS, interval: 50 }).toBe('thrown');
  const lockEvents = async () =>
    (await allEvents(campus.api, { type: 'lock-event' })).flatMap(({ event }) =>
      event.type === 'lock-event' ? [event] : [],
    );

  test('a keychain holds the room of its person, reachable and well, and no other', async () => {
    const { items } = await passOf(2).must<{ items: MyDoor[] }>('GET', '/v1/me/doors');
    expect(items).toMatchObject([{ portal: room(2).portal, own: true, reachable: true, notNow: null, battery: 100 }]);
  });

  test('from the confirmation to the bolt takes less than 2 s in 95 of 100 openings, and each opens once', async () => {
    const times: number[] = [];
    for (let round = 0; times.length < OPENINGS; round += 1) {
      await Promise.all(
        campus.rooms.map(async (each, n) => {
          await thrown(each);
          const opened = await openUntilFinal(passOf(n, round), each.portal, newConfirmation());
          expect(opened).toMatchObject({ state: 'opened', reason: null });
          times.push(opened.elapsedMs ?? Number.POSITIVE_INFINITY);
        }),
      );
    }
    times.sort((one, other) => one - other);
    const p95 = times[Math.floor(times.length * 0.95)] as number;
    console.info(`keychain: p50 ${times[Math.floor(times.length / 2)]} ms, p95 ${p95} ms, ${times.length} openings`);
    expect(p95).toBeLessThan(P95_MS);
    expect(campus.rooms.reduce((sum, { lock }) => sum + lock.body.drawn, 0)).toBe(times.length);
  });

  test('one confirmation sent many times at once opens once', async () => {
    const each = room(3);
    await thrown(each);
    const { drawn } = each.lock.body;
    const confirm = newConfirmation();
    const all = await Promise.all(Array.from({ length: 5 }, () => openUntilFinal(passOf(3, 1), each.portal, confirm)));
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    expect(all.every(({ state }) => state === 'opened')).toBe(true);
    expect(each.lock.body.drawn - drawn).toBe(1);
  });

  test('a jammed bolt, privacy and a lock out of reach are said in words, and open nothing later', async () => {
    const [jammed, alone, away] = [room(4), room(5), room(6)];
    await Promise.all([jammed, alone, away].map(thrown));
    jammed.lock.body.setJammed(true);
    expect(await openUntilFinal(passOf(4), jammed.portal, newConfirmation())).toMatchObject({ state: 'jammed' });
    jammed.lock.body.setJammed(false);
    alone.lock.body.setPrivate(true);
    expect(await openUntilFinal(passOf(5), alone.portal, newConfirmation())).toMatchObject({
      state: 'refused',
      reason: 'privacy',
    });
    alone.lock.body.setPrivate(false);
    const { drawn } = away.lock.body;
    setNear(away, false);
    expect((await openUntilFinal(passOf(6), away.portal, newConfirmation())).state).toMatch(
      /not-reached|expired|unknown/,
    );
    setNear(away, true);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(away.lock.body.drawn).toBe(drawn);
    expect(await openUntilFinal(passOf(6, 1), away.portal, newConfirmation())).toMatchObject({ state: 'opened' });
  });

  test('with the network cut, cards open and the keychain says at once that nobody serves the lock', async () => {
    const each = room(1);
    await thrown(each);
    campus.link(CORRIDOR).cut();
    await expect
      .poll(async () => (await passOf(1).must<{ items: MyDoor[] }>('GET', '/v1/me/doors')).items[0]?.notNow, {
        timeout: PATIENCE_MS,
      })
      .toBe('nobody-serves-it');
    expect((await tapAtLock(each, uidOf(residentOf(1)?.uid ?? '')))?.outcome).toBe('granted');
    expect((await tapAtLock(each, uidOf(residentOf(0)?.uid ?? '')))?.outcome).toBe('denied');
    const { drawn } = each.lock.body;
    const late = await openUntilFinal(passOf(1, 1), each.portal, newConfirmation());
    expect(late).toMatchObject({ state: 'refused', reason: 'nobody-serves-it' });
    campus.link(CORRIDOR).restore();
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    expect(each.lock.body.drawn).toBe(drawn);
  });

  test('a lost card stops at its lock, too', async () => {
    const each = room(7);
    const lost = residentOf(7, 3);
    await campus.api.must('POST', '/v1/revocations?waitMs=3000', { person: lost?.number, reason: 'lost' });
    const denySeqAt = async () => {
      const path = `/v1/locks/${each.portal}`;
      const { reports } = await campus.api.must<{ reports: { denySeq: number | null }[] }>('GET', path);
      return reports[0]?.denySeq ?? 0;
    };
    await expect.poll(denySeqAt, { timeout: PATIENCE_MS }).toBeGreaterThan(0);
    expect((await tapAtLock(each, uidOf(lost?.uid ?? '')))?.reason).toMatch(/CredentialDenied|UnknownCredential/);
    expect((await tapAtLock(each, uidOf(residentOf(7, 2)?.uid ?? '')))?.outcome).toBe('granted');
  });

  test('the corridor killed in the middle of openings neither opens twice nor loses a record', async () => {
    const each = room(0);
    for (let kill = 0; kill < 3; kill += 1) {
      await thrown(each);
      const { drawn } = each.lock.body;
      const opening = openUntilFinal(passOf(0, kill), each.portal, newConfirmation());
      await new Promise((resolve) => setTimeout(resolve, 60 * kill));
      await campus.program(CORRIDOR).kill();
      await campus.startController(CORRIDOR);
      const { state } = await opening;
      const opened = each.lock.body.drawn - drawn;
      expect(opened).toBeLessThanOrEqual(1);
      // It may have opened and nobody have heard it: never the other way round.
      if (state === 'opened') expect(opened).toBe(1);
      await campus.locksInForce();
    }
  });

  test('every opening is in the events once, with whom and through what', async () => {
    const drawn = campus.rooms.reduce((sum, { lock }) => sum + lock.body.drawn, 0);
    const opened = async () => (await lockEvents()).filter(({ what }) => what === 'command-done' || what === 'granted');
    await expect.poll(async () => (await opened()).length, { timeout: 60_000, interval: 500 }).toBe(drawn);
    const numbers = (await lockEvents()).map(({ lockId, seq }) => `${lockId} ${seq}`);
    expect(new Set(numbers).size).toBe(numbers.length);
    const commands = (await opened()).filter(({ what }) => what === 'command-done').map(({ subject }) => subject);
    expect(new Set(commands).size).toBe(commands.length);
    const { items } = await campus.api.must<{ items: { action: string; subject: string; actor: string }[] }>(
      'GET',
      '/v1/audit?limit=500',
    );
    const asked = items.filter(({ action }) => action === 'command-open-lock');
    expect(asked.length).toBeGreaterThan(0);
    const residents = new Set(campus.people.map(({ number }) => number));
    expect(asked.every(({ actor }) => residents.has(actor))).toBe(true);
  });

  test('staff have a lock show which one it is and start anew; it opens right after that', async () => {
    const each = room(2);
    await thrown(each);
    const isServed = async () => {
      const { items } = await passOf(2).must<{ items: MyDoor[] }>('GET', '/v1/me/doors');
      return items[0]?.reachable === true && items[0].notNow === null;
    };
    await expect.poll(isServed, { timeout: PATIENCE_MS }).toBe(true);
    const { drawn } = each.lock.body;
    const order = (what: string) => campus.api.must<{ state: string }>('POST', `/v1/locks/${each.portal}/${what}`);
    expect((await order('identify')).state).toBe('done');
    expect(each.lock.body.identified).toBe(1);
    const records = each.lock.records();
    expect((await order('restart')).state).toBe('done');
    // Done, and started.
    await expect.poll(() => each.lock.hasPower() && each.lock.records() - records, { timeout: 5_000 }).toBe(2);
    expect(each.lock.body.drawn).toBe(drawn);
    expect(await openUntilFinal(passOf(2), each.portal, newConfirmation())).toMatchObject({ state: 'opened' });
    const { items } = await campus.api.must<{ items: { action: string }[] }>('GET', '/v1/audit?limit=20');
    expect(items.map(({ action }) => action)).toContain('command-restart-lock');
  });
});

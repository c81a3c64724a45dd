// SPDX-License-Identifier: Apache-2.0
// The main job on whole processes: the tour of `npm start` is held here, then what a dormitory lives through besides.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Campus } from '../campus/campus.ts';
import { allEvents, eventsArrived } from '../campus/event-history.ts';
import { tour } from '../campus/tour.ts';
import { EN } from '../campus/tour-text.ts';
import { tap } from '../control-commands.ts';

const BRISK = { reachMs: 20, passMs: 60, patienceMs: 5_000 };
const SHUT_WAIT_MS = 5_000;

interface CommandAnswer {
  readonly state: string;
  readonly code: string | null;
}

describe('a dormitory gate', { timeout: 120_000 }, () => {
  let folder: string;
  let campus: Campus;
  const lines: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lk-gate-'));
    campus = await Campus.start({ dataDir: folder, residents: 2_000, manners: BRISK });
    await tour({ campus, text: EN, gatewayUpMs: 0, print: (line) => void lines.push(line) });
  }, 180_000);

  afterAll(async () => {
    await campus?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const shut = async (device = 'gate-1') =>
    expect
      .poll(() => campus.bench(device).isReleased(device) || campus.bench(device).isOpen(device), {
        timeout: SHUT_WAIT_MS,
      })
      .toBe(false);
  const resident = (nth: number) => campus.people[100 + nth]?.uid ?? '';

  test('the tour keeps every promise it prints', () => {
    expect(lines.filter((line) => line.startsWith('  ·')).length).toBeGreaterThanOrEqual(11);
    expect(lines.join('\n')).toMatch(/refused, Unauthorized/);
    expect(lines.join('\n')).toMatch(/refused, UnknownCredential/);
    expect(lines.join('\n')).toMatch(/refused, CredentialDenied/);
    expect(lines.join('\n')).toMatch(/none lost, none twice/);
  });

  test('an operator opens a gate and is told what the door confirmed', async () => {
    await shut();
    const released = campus.bench('gate-1').nextMove('barrier', false, 2_000);
    const answer = await campus.api.must<CommandAnswer>('POST', '/v1/portals/gate-1/unlock');
    expect(answer.state).toBe('done');
    expect(await released).toBeDefined();
    await shut();
  });

  test('a lockdown refuses cards until it is released, and the way out stays free', async () => {
    await campus.api.must('POST', '/v1/lockdown', { portals: ['gate-1'] });
    expect((await tap(campus, 'gate-1-in', resident(1))).released).toBe(false);
    const denied = await eventsArrived(campus.api, { device: 'gate-1', type: 'access-denied' }, 1);
    expect(denied.map(({ event }) => (event.type === 'access-denied' ? event.reason : ''))).toContain(
      'DoorNotAccessible',
    );
    const released = campus.bench('gate-1').nextMove('barrier', false, 2_000);
    campus.bench('gate-1').requestExit('gate-1');
    expect(await released).toBeDefined();
    await shut();
    await campus.api.must('POST', '/v1/lockdown/release', { portals: ['gate-1'] });
    expect((await tap(campus, 'gate-1-in', resident(1))).released).toBe(true);
    await shut();
  });

  test('fire opens the gate for as long as the panel says so', async () => {
    campus.bench('gate-1').setFire(true);
    await expect.poll(() => campus.bench('gate-1').isReleased('gate-1'), { timeout: 2_000 }).toBe(true);
    campus.bench('gate-1').setFire(false);
    await shut();
  });

  test('a door forced open is an alarm at the gateway', async () => {
    campus.bench('gate-1').openDoor('gate-1');
    await expect
      .poll(async () => (await allEvents(campus.api, { device: 'gate-1', type: 'door-alarm' })).map(alarmOf), {
        timeout: 5_000,
      })
      .toContain('DoorForcedOpen');
    campus.bench('gate-1').closeDoor('gate-1');
    await shut();
  });

  test('without any network a controller that loses power comes back and opens', async () => {
    campus.link('gate-1').cut();
    await campus.program('gate-1').kill();
    await campus.startController('gate-1');
    expect((await tap(campus, 'gate-1-in', resident(2))).released).toBe(true);
    await shut();
    campus.link('gate-1').restore();
  });

  test('the gateway is killed: gates go on, and every passage is there after its restart', async () => {
    const before = (await allEvents(campus.api, { type: 'access-granted' })).length;
    await campus.program('gateway').kill();
    for (const [nth, gate] of [
      [3, 'gate-1'],
      [4, 'gate-2'],
      [5, 'gate-1'],
    ] as const) {
      expect((await tap(campus, `${gate}-in`, resident(nth))).released).toBe(true);
      await shut(gate);
    }
    await campus.startGateway();
    // One more than the three: the passage of the test before may still have been on its way.
    const events = await eventsArrived(campus.api, { type: 'access-granted' }, before + 3);
    const keys = events.map(({ device, epoch, seq }) => `${device}/${epoch}/${seq}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('a card found again opens again', async () => {
    const person = campus.people[120];
    const answer = await campus.api.must<{ cards: { id: string }[] }>('POST', '/v1/revocations?waitMs=3000', {
      person: person?.number,
      reason: 'lost',
    });
    await shut();
    expect((await tap(campus, 'gate-1-in', person?.uid ?? '')).released).toBe(false);
    await campus.api.must('POST', `/v1/cards/${answer.cards[0]?.id}/found?waitMs=3000`);
    await expect
      .poll(async () => (await tap(campus, 'gate-1-in', person?.uid ?? '')).released, {
        timeout: 10_000,
        interval: 2_500,
      })
      .toBe(true);
  });
});

const alarmOf = ({ event }: { event: { type: string; alarm?: string } }) => event.alarm ?? '';

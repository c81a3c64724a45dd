// SPDX-License-Identifier: Apache-2.0
// What goes wrong between a corridor and the real lock, and what the corridor makes of it: clocks, gaps, silence, radios that refuse,
// people who tap twice.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LockRadio, LockRadioError } from '@latchkey/controller/ports/lock-radio';
import { NOW_MS, uidOf } from '@latchkey/protocols/authorization/authority.test-support';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';
import {
  type CorridorDisk,
  type CorridorProcess,
  corridorDisk,
  startCorridorProcess,
} from './corridor-process.test-support.ts';
import { createLockCampus, type LockCampus } from './lock-campus.test-support.ts';
import { createMemoryAir, type MemoryAir } from './memory-radio.ts';
import type { SimulatedLock } from './simulated-lock.ts';

let folder: string;
let clock: VirtualClock;
let air: MemoryAir;
let campus: LockCampus;
let lock: SimulatedLock;
let disk: CorridorDisk;
let running: CorridorProcess;
let adapter: LockRadio;
let connects: number;
/** The adapter refuses every connect at once. */
let isDown: boolean;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-corridor-'));
  clock = createVirtualClock(NOW_MS);
  air = createMemoryAir();
  campus = await createLockCampus({ clock, locks: 1 });
  lock = campus.locks[0] as SimulatedLock;
  air.locks.add(lock);
  disk = corridorDisk(folder);
  [connects, isDown] = [0, false];
  await campus.beat();
  await campus.setList([1]);
  running = await startCorridorProcess({ name: 'hci0', clock, air, campus, disk, radio: refusing });
  await run(10_000);
});
afterEach(async () => {
  await running.close();
  rmSync(folder, { recursive: true, force: true });
});

function refusing(radio: LockRadio): LockRadio {
  adapter = radio;
  return {
    ...radio,
    connect(address, deadlineMs) {
      connects += 1;
      return isDown ? Promise.reject(new LockRadioError('radio-down')) : radio.connect(address, deadlineMs);
    },
  };
}

/** Beats every 5 s, as the gateway sends them. */
async function run(ms: number): Promise<void> {
  for (let waited = 0; waited < ms; waited += 5_000) {
    await campus.beat();
    await clock.advance(Math.min(5_000, ms - waited));
  }
}

function open(): { outcome: string | undefined } {
  const ticket = campus.ticket(lock, { holdS: 1 });
  const said = { outcome: undefined as string | undefined };
  void running.corridor.open(campus.assignment(lock).portal, ticket.text, ticket.expiresMs).then((result) => {
    said.outcome = result.ok ? 'done' : result.code;
  });
  return said;
}

describe('an opening', () => {
  it('while the radio refuses every connect: tried now and then, not in a circle, and made once it works again', async () => {
    isDown = true;
    const before = connects;
    const said = open();
    await clock.advance(4_000);
    expect(connects - before).toBeGreaterThan(10);
    expect(connects - before).toBeLessThan(60);
    isDown = false;
    await clock.advance(2_000);
    expect([said.outcome, lock.body.drawn]).toEqual(['done', 1]);
  });

  it('while the disk takes no mark of the log that came home is made, as often as it is asked for', async () => {
    rmSync(disk.folder.lockMarks, { force: true });
    mkdirSync(disk.folder.lockMarks);
    for (const times of [1, 2, 3]) {
      const said = open();
      await run(5_000);
      expect([said.outcome, lock.body.drawn]).toEqual(['done', times]);
      await run(5_000);
    }
  });

  it('at a lock that lost its clock with its battery waits for the next beat, and is made', async () => {
    lock.cutPower();
    await lock.powerUp();
    await clock.advance(500);
    const said = open();
    await clock.advance(1_500);
    await campus.beat();
    await clock.advance(1_500);
    expect([said.outcome, lock.body.drawn]).toEqual(['done', 1]);
    expect(running.corridor.report(lock.lockId)?.state).toBe('linked');
  });

  it('at such a lock, through a controller that just started and has no beat yet, waits for its first', async () => {
    await clock.advance(8_000);
    lock.cutPower();
    await lock.powerUp();
    await clock.advance(500);
    const said = open();
    await clock.advance(4_500);
    expect(said.outcome).toBeUndefined();
    await campus.beat();
    await clock.advance(1_500);
    expect([said.outcome, lock.body.drawn]).toEqual(['done', 1]);
  });

  it('without a beat, at such a lock, is refused in the words of the lock', async () => {
    await clock.advance(30_000);
    lock.cutPower();
    await lock.powerUp();
    await clock.advance(500);
    const said = open();
    await clock.advance(25_000);
    expect([said.outcome, lock.body.drawn]).toEqual(['clock-unsure', 0]);
    expect([...running.alarms]).toContain('lock-clock room-101');
    await run(120_000);
    expect([...running.alarms]).not.toContain('lock-clock room-101');
  });

  it('keeps its link for the next tap, each tap for a while longer, and then lets it go', async () => {
    open();
    await clock.advance(3_000);
    const before = connects;
    for (let tap = 0; tap < 4; tap += 1) {
      const said = open();
      await clock.advance(6_000);
      expect(said.outcome).toBe('done');
    }
    expect([connects, lock.body.drawn]).toEqual([before, 5]);
    await clock.advance(10_000);
    expect(running.corridor.report(lock.lockId)?.state).toBe('seen');
  });

  it('does not keep a deny waiting: it travels over the link that stays up', async () => {
    open();
    await clock.advance(3_000);
    const before = connects;
    await campus.deny(1);
    running.corridor.refresh();
    await clock.advance(500);
    expect([running.corridor.report(lock.lockId)?.deny?.seq, connects]).toEqual([1, before]);
    expect((await lock.present(uidOf(1), 'uid-only'))?.outcome).toBe('denied');
  });
});

describe('a corridor', () => {
  it('tells which records the lock overwrote while nobody came', async () => {
    air.rssi = () => undefined;
    const first = lock.records();
    for (let tap = 0; tap < 3_000; tap += 1) await lock.present(uidOf(99), 'uid-only');
    air.rssi = () => -60;
    await run(60_000);
    const gaps = disk.events.flatMap((event) => (event.type === 'lock-log-gap' ? [event] : []));
    const seqs = disk.events.flatMap((event) => (event.type === 'lock-event' ? [event.seq] : []));
    expect(gaps).toHaveLength(1);
    expect(gaps[0]?.fromSeq).toBeLessThanOrEqual(first);
    expect(seqs.length + (gaps[0]?.count ?? 0)).toBe(lock.records());
    expect(new Set(seqs).size).toBe(seqs.length);
  });

  it('raises an alarm for a lock that nobody hears, and takes it back', async () => {
    air.rssi = () => undefined;
    await run(11 * 60_000);
    expect([...running.alarms]).toContain('lock-unreachable room-101');
    expect(running.corridor.report(lock.lockId)?.state).toBe('unreachable');
    air.rssi = () => -60;
    await run(10_000);
    expect([...running.alarms]).not.toContain('lock-unreachable room-101');
  });

  it('goes on after its adapter was reset in the middle of a transfer', async () => {
    let frames = 0;
    air.fate = () => {
      frames += 1;
      if (frames === 12) void adapter.reset();
      return 'pass';
    };
    await campus.setList(Array.from({ length: 300 }, (_, card) => card));
    running.corridor.refresh();
    await run(15_000);
    expect(frames).toBeGreaterThan(12);
    expect(running.corridor.report(lock.lockId)?.list?.version).toBe(2);
  });

  it('tells of a battery that runs out, in two steps, and of a new one', async () => {
    const alarms = () => [...running.alarms].toSorted();
    lock.body.setBattery(18);
    await run(10_000);
    expect(alarms()).toEqual(['lock-battery room-101']);
    lock.body.setBattery(2);
    await run(10_000);
    expect(alarms()).toEqual(['lock-battery room-101', 'lock-battery-critical room-101']);
    const said = open();
    await clock.advance(3_000);
    expect([said.outcome, lock.body.drawn]).toEqual(['battery-critical', 0]);
    lock.body.setBattery(100);
    await run(20_000);
    expect(alarms()).toEqual([]);
  });

  it('tells of a bolt that jams, to whoever waits and as an alarm, until it moves again', async () => {
    lock.body.setJammed(true);
    const said = open();
    await run(20_000);
    expect(said.outcome).toBe('jammed');
    expect([...running.alarms]).toContain('lock-jammed room-101');
    lock.body.setJammed(false);
    await run(20_000);
    expect([...running.alarms]).not.toContain('lock-jammed room-101');
    const again = open();
    await clock.advance(3_000);
    expect(again.outcome).toBe('done');
  });

  it('says of a lock that forgot its keys that it is unpaired', async () => {
    await lock.factoryReset();
    await run(10_000);
    expect([...running.alarms]).toContain('lock-unpaired room-101');
    expect(running.corridor.report(lock.lockId)?.state).toBe('unpaired');
  });
});

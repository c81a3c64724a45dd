// SPDX-License-Identifier: Apache-2.0
// A corridor killed at every step of a visit with the real lock: the next one finds everything that was, and does nothing twice.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

const DOWN_MS = 1_500;
const SETTLE_MS = 40_000;
const CARDS = [1, 2];

let folder: string;
let clock: VirtualClock;
let air: MemoryAir;
let campus: LockCampus;
let lock: SimulatedLock;
let disk: CorridorDisk;
let running: CorridorProcess;
/** Steps until the corridor is killed. */
let left: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-corridor-'));
  clock = createVirtualClock(NOW_MS);
  air = createMemoryAir();
  campus = await createLockCampus({ clock, locks: 1 });
  lock = campus.locks[0] as SimulatedLock;
  air.locks.add(lock);
  disk = corridorDisk(folder);
  left = Number.POSITIVE_INFINITY;
  air.fate = () => {
    onStep();
    return left <= 0 ? 'cut' : 'pass';
  };
  await campus.beat();
  await campus.setList(CARDS);
  running = await start();
  await settle();
});
afterEach(async () => {
  await running.close();
  rmSync(folder, { recursive: true, force: true });
});

function onStep(): void {
  left -= 1;
  if (left <= 0) running.kill();
}

const start = () => startCorridorProcess({ name: 'hci0', clock, air, campus, disk, onStep });

async function restart(): Promise<void> {
  left = Number.POSITIVE_INFINITY;
  running.kill();
  await clock.advance(DOWN_MS);
  running = await start();
}

async function settle(): Promise<void> {
  for (let waited = 0; waited < SETTLE_MS; waited += 2_000) {
    await campus.beat();
    await clock.advance(2_000);
    const report = running.corridor.report(lock.lockId);
    const isDone =
      report?.list?.version === report?.wanted?.list?.version && report?.deny?.seq === campus.sources.deny().seq;
    if (isDone && report?.logPending === 0 && report.state === 'seen' && left > 1e6) return;
  }
}

/** Numbers of the lock's records in the journal, as they came. */
const kept = () => disk.events.flatMap((event) => (event.type === 'lock-event' ? [event.seq] : []));
const doneIn = (commandId: string) =>
  disk.events.filter(
    (event) => event.type === 'lock-event' && event.what === 'command-done' && event.subject === commandId,
  ).length;

/** One visit with everything: records to bring home, a deny, a list, and a person at the door. Killed at `step`. */
async function visitKilledAt(step: number, version: number): Promise<boolean> {
  for (const card of [1, 99]) {
    const tapped = lock.present(uidOf(card), 'uid-only');
    await clock.advance(7_000);
    await tapped;
  }
  await settle();
  const tapped = lock.present(uidOf(98), 'uid-only');
  await clock.advance(0);
  await tapped;
  await campus.setList([...CARDS, 100 + version]);
  await campus.deny(1_000 + version);
  const { drawn } = lock.body;
  const ticket = campus.ticket(lock, { holdS: 1 });
  left = step;
  let outcome: string | undefined;
  running.corridor.refresh();
  void running.corridor.open(campus.assignment(lock).portal, ticket.text, ticket.expiresMs).then((result) => {
    outcome = result.ok ? 'done' : result.code;
  });
  await clock.advance(6_000);
  const isKilled = left <= 0;
  await restart();
  await settle();
  const openings = lock.body.drawn - drawn;
  expect(openings).toBe(doneIn(ticket.commandId));
  expect(openings).toBeLessThanOrEqual(1);
  if (outcome === 'done') expect(openings).toBe(1);
  return isKilled;
}

describe('a corridor killed at any step of a visit', { timeout: 120_000 }, () => {
  it('loses no record, doubles none, opens once at most, and brings list and deny in the end', async () => {
    let step = 0;
    for (let isKilled = true; isKilled; ) {
      step += 1;
      isKilled = await visitKilledAt(step, step);
      const { list, deny, fault } = running.corridor.report(lock.lockId) ?? {};
      expect({ step, list: list?.version, deny: deny?.seq, fault }).toEqual({ step, list: step + 1, deny: step });
      expect(kept()).toEqual(Array.from({ length: lock.records() }, (_, seq) => seq));
    }
    // Handshake, opening, deny, list, log and its acknowledgement were all among them.
    expect(step).toBeGreaterThan(25);
  });

  it('before it could carry an opening: that one never fires, whoever brings its ticket later', async () => {
    const { drawn } = lock.body;
    const { portal } = campus.assignment(lock);
    const ticket = campus.ticket(lock);
    left = 1;
    void running.corridor.open(portal, ticket.text, ticket.expiresMs);
    await clock.advance(3_000);
    await restart();
    await clock.advance(60_000);
    await settle();
    const again = await clock.until(running.corridor.open(portal, ticket.text, ticket.expiresMs));
    // As one that lies about the end of a ticket.
    const forced = await clock.until(running.corridor.open(portal, ticket.text, clock.now() + 8_000));
    expect([again, forced]).toMatchObject([{ code: 'expired' }, { code: 'expired' }]);
    expect(lock.body.drawn).toBe(drawn);
  });
});

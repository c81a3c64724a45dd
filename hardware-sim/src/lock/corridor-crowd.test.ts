// SPDX-License-Identifier: Apache-2.0
// Several people at the doors of one corridor at once, while a list waits: nobody stands behind a list, and not behind each other longer
// than the radio needs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LockRadio } from '@latchkey/controller/ports/lock-radio';
import { NOW_MS } from '@latchkey/protocols/authorization/authority.test-support';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';
import { type CorridorProcess, corridorDisk, startCorridorProcess } from './corridor-process.test-support.ts';
import { createLockCampus, type LockCampus } from './lock-campus.test-support.ts';
import { createMemoryAir } from './memory-radio.ts';
import type { SimulatedLock } from './simulated-lock.ts';

let folder: string;
let clock: VirtualClock;
let campus: LockCampus;
let running: CorridorProcess;
let told: string[];

/** A kernel's radio says when the lock has answered. */
function answering(radio: LockRadio): LockRadio {
  return {
    ...radio,
    async connect(address, deadlineMs, onReached) {
      const name = `lock ${campus.locks.findIndex((lock) => lock.address === address)}`;
      told.push(`${name} connects`);
      const link = await radio.connect(address, deadlineMs);
      onReached?.();
      // Asked for its service.
      await new Promise<void>((resolve) => void clock.after(200, resolve));
      return link;
    },
  };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-crowd-'));
  clock = createVirtualClock(NOW_MS);
  const air = createMemoryAir();
  campus = await createLockCampus({ clock, locks: 4 });
  for (const lock of campus.locks) air.locks.add(lock);
  told = [];
  await campus.beat();
  await campus.setList([1]);
  const disk = corridorDisk(folder);
  running = await startCorridorProcess({ name: 'hci0', clock, air, campus, disk, radio: answering });
  for (let waited = 0; waited < 30_000; waited += 5_000) {
    await campus.beat();
    await clock.advance(5_000);
  }
  told = [];
});
afterEach(async () => {
  await running.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(place: number): Promise<void> {
  const lock = campus.locks[place] as SimulatedLock;
  const { text, expiresMs } = campus.ticket(lock, { holdS: 1 });
  const result = await running.corridor.open(campus.assignment(lock).portal, text, expiresMs);
  told.push(`lock ${place} ${result.ok ? 'opened' : result.code}`);
}

it('the radio goes on to the next who waits while the first is served, and to the list only after them', async () => {
  const all = [open(0), open(1), open(2)];
  await campus.setList([1, 2]);
  running.corridor.refresh();
  await clock.advance(5_000);
  await Promise.all(all);
  expect(told.slice(0, 3)).toEqual(['lock 0 connects', 'lock 1 connects', 'lock 2 connects']);
  expect(told.filter((text) => text.endsWith('opened'))).toHaveLength(3);
  const list = told.indexOf('lock 3 connects');
  expect(list === -1 || list > told.indexOf('lock 2 opened')).toBe(true);
});

it('somebody alone at a door does not wait for a connect that only a list wants', async () => {
  await campus.setList([1, 2]);
  running.corridor.refresh();
  const alone = open(0);
  await clock.advance(3_000);
  await alone;
  const others = told.slice(told.indexOf('lock 0 connects') + 1, told.indexOf('lock 0 opened'));
  expect(others).toEqual([]);
});

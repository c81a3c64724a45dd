// SPDX-License-Identifier: Apache-2.0
import { parseWiring } from '@latchkey/controller/core/wiring';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { benchLayout } from './bench-layout.ts';
import { type BenchEvent, DoorBench } from './door-bench.ts';

const UID = Uint8Array.of(1, 2, 3, 4);
const MANNERS = { reachMs: 400, passMs: 1_200, patienceMs: 5_000 };

function bench(fail: 'safe' | 'secure' = 'secure') {
  const wiring = parseWiring({
    readers: [{ name: 'outside', kind: 'simulated' }],
    panel: { kind: 'simulated', socket: './bench.sock' },
    portals: [
      {
        id: 'front',
        lock: { output: 'lock', fail },
        contact: { input: 'contact' },
        requestToExit: { input: 'button', mode: 'unlock' },
        fire: { input: 'fire', freedInHardware: true },
        readers: [{ name: 'outside' }],
      },
    ],
  });
  if (!wiring.ok) throw new Error(wiring.detail);
  const made = new DoorBench({ layout: benchLayout(wiring.value), manners: MANNERS, now: () => Date.now() });
  const events: BenchEvent[] = [];
  made.onEvent((event) => events.push(event));
  return {
    bench: made,
    contacts: () => events.flatMap((event) => (event.kind === 'input' ? [`${event.input} ${event.level}`] : [])),
  };
}

describe('people at a simulated door', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('begins quiet: the normally closed contact is active, the rest is not', () => {
    expect(bench().bench.inputLevels).toEqual({ contact: 'active', button: 'inactive', fire: 'inactive' });
  });

  it('opens a moment after the lock lets go of somebody who tapped, and falls shut behind them', async () => {
    const { bench: door, contacts } = bench();
    await door.present('outside', UID);
    door.setRelay('lock', true);
    vi.advanceTimersByTime(399);
    expect(contacts()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(contacts()).toEqual(['contact inactive']);
    door.setRelay('lock', false);
    vi.advanceTimersByTime(1_200);
    expect(contacts()).toEqual(['contact inactive', 'contact active']);
  });

  it('stays shut when the lock lets go and nobody waits, or nobody waits any more', async () => {
    const { bench: door, contacts } = bench();
    door.setRelay('lock', true);
    door.setRelay('lock', false);
    await door.present('outside', UID);
    vi.advanceTimersByTime(5_001);
    door.setRelay('lock', true);
    vi.advanceTimersByTime(10_000);
    expect(contacts()).toEqual([]);
  });

  it('stays shut when the lock holds again before a hand is at the door', async () => {
    const { bench: door, contacts } = bench();
    await door.present('outside', UID);
    door.setRelay('lock', true);
    door.setRelay('lock', false);
    vi.advanceTimersByTime(10_000);
    expect(contacts()).toEqual([]);
  });

  it('knows a fail-safe lock: without power it lets go', async () => {
    const { bench: door, contacts } = bench('safe');
    expect(door.isReleased('front')).toBe(true);
    door.setRelay('lock', true);
    expect(door.isReleased('front')).toBe(false);
    await door.present('outside', UID);
    door.setRelay('lock', false);
    vi.advanceTimersByTime(400);
    expect(contacts()).toEqual(['contact inactive']);
  });

  it('presses the exit button for a moment', () => {
    const { bench: door, contacts } = bench();
    door.requestExit('front', 300);
    vi.advanceTimersByTime(300);
    expect(contacts()).toEqual(['button active', 'button inactive']);
  });

  it('can be forced, and can burn', () => {
    const { bench: door, contacts } = bench();
    door.openDoor('front');
    expect(door.setFire(true)).toBe(1);
    expect(contacts()).toEqual(['contact inactive', 'fire active']);
  });

  it('keeps the last thousand moves of its relays', () => {
    const { bench: door } = bench();
    for (let move = 0; move < 2_500; move += 1) door.setRelay('lock', move % 2 === 0);
    expect(door.moves).toHaveLength(1_000);
  });

  it('tells the next move, and gives up waiting', async () => {
    const { bench: door } = bench();
    const move = door.nextMove('lock', true, 1_000);
    door.setRelay('lock', true);
    expect(await move).toMatchObject({ output: 'lock', on: true });
    const none = door.nextMove('lock', true, 1_000);
    vi.advanceTimersByTime(1_000);
    expect(await none).toBeUndefined();
  });
});

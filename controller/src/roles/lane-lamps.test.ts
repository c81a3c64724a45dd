// SPDX-License-Identifier: Apache-2.0
// Lamps at the panel: the right ones for a direction, and what comes of outputs that fail or hang.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../adapters/system-clock.ts';
import { parseWiring } from '../core/wiring.ts';
import { createLaneLamps, type LaneLamps } from './lane-lamps.ts';

const file = parseWiring({
  readers: [],
  panel: { kind: 'simulated', socket: '127.0.0.1:1' },
  portals: [
    {
      id: 'lane',
      lock: { output: 'barrier', fail: 'safe' },
      readers: [],
      feedback: {
        in: { granted: { output: 'green-in' } },
        out: { granted: { output: 'green-out' } },
        both: { beeper: { output: 'beep' } },
      },
    },
  ],
});
if (!file.ok) throw new Error(file.detail);
const { portals } = file.value;
const [{ id: LANE }] = portals as [(typeof portals)[number]];

describe('lamps of a lane', () => {
  let lamps: LaneLamps | undefined;
  afterEach(() => {
    lamps?.close();
    vi.useRealTimers();
  });
  function start(setOutput: (output: string, on: boolean) => Promise<void>) {
    vi.useFakeTimers();
    const states: string[] = [];
    const onOutput = (output: string, state: string) => states.push(`${output} ${state}`);
    const made = createLaneLamps({ portals, panel: { setOutput }, clock: systemClock, onOutput });
    lamps = made;
    return { states, grant: (direction: 'in' | 'out') => made.tell(LANE, direction, { kind: 'granted' }) };
  }

  it('are those of the direction, and those of both', async () => {
    const moves: string[] = [];
    const { grant } = start(async (output, on) => void moves.push(`${output} ${on}`));
    grant('out');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(moves).toEqual(['beep true', 'green-out true', 'beep false', 'green-out false']);
  });

  it('raise an alarm once while an output fails, take it back when it works, and shine on elsewhere', async () => {
    const moves: string[] = [];
    let broken = true;
    const { states, grant } = start(async (output, on) => {
      if (output === 'beep' && broken) throw new Error('no such line');
      moves.push(`${output} ${on}`);
    });
    grant('in');
    await vi.advanceTimersByTimeAsync(5_000);
    expect([states, moves]).toEqual([['beep failed'], ['green-in true', 'green-in false']]);
    broken = false;
    grant('in');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(states).toEqual(['beep failed', 'beep works']);
  });

  it('send one order at a time to an output that hangs, and the newest when it is free again', async () => {
    const orders: boolean[] = [];
    let free = () => undefined as void;
    const { grant } = start(async (output, on) => {
      if (output !== 'green-in') return;
      orders.push(on);
      if (orders.length === 1) await new Promise<void>((resolve) => (free = resolve));
    });
    for (let turn = 0; turn < 50; turn += 1) {
      grant('in');
      await vi.advanceTimersByTimeAsync(3_500);
    }
    expect(orders).toEqual([true]);
    free();
    await vi.advanceTimersByTimeAsync(0);
    expect(orders).toEqual([true, false]);
  });

  it('say nothing more once closed', async () => {
    const moves: string[] = [];
    const { grant } = start(async (output) => void moves.push(output));
    lamps?.close();
    grant('in');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(moves).toEqual([]);
  });
});

// SPDX-License-Identifier: Apache-2.0
// Inputs: debounced in steps of 0.1 s, a fault is never closed (reference: door, Details).
import { describe, expect, it } from 'vitest';
import type { InputLevel } from '../ports/panel.ts';
import { type DebounceEffect, INITIAL_DEBOUNCE, inputUses, stepDebounce, wireLevel } from './input-debounce.ts';
import { parseWiring } from './wiring.ts';

/** Feeds readings at given times and collects the levels that count, with their times. */
function readings(debounceMs: number, all: readonly (readonly [number, InputLevel])[]) {
  let state = INITIAL_DEBOUNCE;
  let due: number | undefined;
  let now = 0;
  const counted: string[] = [];
  const run = (effects: readonly DebounceEffect[]) => {
    for (const effect of effects) {
      if (effect.kind === 'level') counted.push(`${now} ${effect.level}`);
      else due = effect.kind === 'timer' ? now + effect.afterMs : undefined;
    }
  };
  const until = (at: number) => {
    if (due !== undefined && due <= at) {
      now = due;
      due = undefined;
      const step = stepDebounce(debounceMs, state, { kind: 'timer' });
      state = step.state;
      run(step.effects);
    }
    now = at;
  };
  for (const [at, level] of all) {
    until(at);
    const step = stepDebounce(debounceMs, state, { kind: 'level', level });
    state = step.state;
    run(step.effects);
  }
  until(1e9);
  return counted;
}

describe('debouncing', () => {
  it('what is found at the start counts at once', () => {
    expect(readings(100, [[0, 'active']])).toEqual(['0 active']);
  });

  it('a level counts once it has held for its time', () => {
    expect(
      readings(100, [
        [0, 'active'],
        [50, 'inactive'],
      ]),
    ).toEqual(['0 active', '150 inactive']);
  });

  it('bouncing does not count, and the time starts over', () => {
    const bouncing = [
      [0, 'active'],
      [50, 'inactive'],
      [90, 'active'],
      [95, 'inactive'],
    ] as const;
    expect(readings(100, bouncing)).toEqual(['0 active', '195 inactive']);
    expect(readings(100, [...bouncing, [190, 'active']])).toEqual(['0 active']);
  });

  it('a line that breaks while it bounces ends as a fault', () => {
    expect(
      readings(100, [
        [0, 'active'],
        [50, 'inactive'],
        [100, 'fault'],
      ]),
    ).toEqual(['0 active', '200 fault']);
  });

  it('0 counts every change at once', () => {
    expect(
      readings(0, [
        [0, 'active'],
        [1, 'inactive'],
        [2, 'active'],
      ]),
    ).toEqual(['0 active', '1 inactive', '2 active']);
  });
});

describe('what a level means', () => {
  it('a closed circuit is quiet where wired normally closed, asserted where not; a fault is neither', () => {
    const levels = ['active', 'inactive', 'fault'] as const;
    expect(levels.map((level) => wireLevel({ normallyClosed: true }, level))).toEqual(['quiet', 'asserted', 'fault']);
    expect(levels.map((level) => wireLevel({ normallyClosed: false }, level))).toEqual(['asserted', 'quiet', 'fault']);
  });

  it('an input speaks to every door it is wired to', () => {
    const portal = (id: string) => ({ id, lock: { output: id, fail: 'safe' }, fire: { input: 'fire' }, readers: [] });
    const parsed = parseWiring({
      readers: [],
      panel: { kind: 'simulated', socket: 'x' },
      portals: [portal('a'), portal('b')],
    });
    const uses = parsed.ok ? inputUses(parsed.value) : new Map();
    expect(uses.get('fire')?.map(({ portal: at, role }: { portal: string; role: string }) => `${at} ${role}`)).toEqual([
      'a fire',
      'b fire',
    ]);
  });
});

// SPDX-License-Identifier: Apache-2.0
// The sounds of the desk: told apart without looking, and silent where the browser or somebody wants them to be.
import { DESK_SOUNDS } from '@latchkey/protocols/api/desk-terms';
import { describe, expect, it } from 'vitest';
import { createSoundPlayer, SOUNDS } from './sounds.ts';

describe('sounds of the desk', () => {
  it('differ by more than loudness: number of notes, pitch or length', () => {
    const signs = DESK_SOUNDS.map((name) => {
      const notes = SOUNDS[name];
      return `${notes.length} ${notes.map(({ hertz }) => Math.round(hertz / 200)).join()} ${notes.at(-1)?.lengthMs}`;
    });
    expect(new Set(signs).size).toBe(DESK_SOUNDS.length);
  });

  it('are over before the next book is scanned', () => {
    for (const name of DESK_SOUNDS)
      for (const { startMs, lengthMs } of SOUNDS[name]) expect(startMs + lengthMs).toBeLessThanOrEqual(600);
  });

  it('rise for done and fall for not done', () => {
    const [first, second] = SOUNDS.success.map(({ hertz }) => hertz);
    const [third, fourth] = SOUNDS.refusal.map(({ hertz }) => hertz);
    expect(second).toBeGreaterThan(first ?? 0);
    expect(fourth).toBeLessThan(third ?? 0);
  });

  it('wait for a key or a click, and say so', () => {
    let resumed = 0;
    const audio = {
      state: 'suspended',
      resume: () => {
        resumed += 1;
        return Promise.resolve();
      },
    } as unknown as AudioContext;
    const player = createSoundPlayer(() => audio);
    expect(player.isAllowed()).toBe(false);
    player.play('success');
    player.allow();
    expect(resumed).toBe(1);
  });

  it('are none where there is no audio', () => {
    const player = createSoundPlayer(() => undefined);
    player.play('refusal');
    expect(player.isAllowed()).toBe(false);
  });
});

// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { takeTurns } from './take-turns.ts';

function* busy(steps: number): Generator<void, string> {
  for (let step = 0; step < steps; step += 1) {
    for (const endMs = performance.now() + 4; performance.now() < endMs; );
    yield;
  }
  return 'done';
}

it('lets others have the thread every few steps, and answers what the work came to', async () => {
  let turns = 0;
  const others = setInterval(() => {
    turns += 1;
  }, 1);
  expect(await takeTurns(busy(40))).toBe('done');
  clearInterval(others);
  expect(turns).toBeGreaterThan(5);
});

it('rejects with what the work threw', async () => {
  function* broken(): Generator<void, never> {
    yield;
    throw new Error('broken');
  }
  await expect(takeTurns(broken())).rejects.toThrow('broken');
});

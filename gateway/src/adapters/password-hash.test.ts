// SPDX-License-Identifier: Apache-2.0
// Hashes tell right from wrong, are worth nothing without the key, and take the same work for an account that is not there.
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createLanes } from './lanes.ts';
import { CHOSEN_COST, createPasswordHasher } from './password-hash.ts';

const lanes = createLanes({ lanes: 1, waiting: 10 });
const pepper = randomBytes(32);
const hasher = createPasswordHasher({ pepper, lanes, chosenCost: 12 });

describe('a password hash', () => {
  it('fits its password only, in either Unicode form', async () => {
    const chosen = await hasher.hash('Ångström-键盘-2026', 'chosen');
    const stored = { chosen, initial: null };
    const check = (password: string) => hasher.check(password, password, stored, false);
    expect(await check('Ångström-键盘-2026'.normalize('NFD'))).toEqual({ chosen: true, initial: false });
    expect(await check('Angström-键盘-2026')).toEqual({ chosen: false, initial: false });
    expect(await check('')).toEqual({ chosen: false, initial: false });
  });

  it('is another one each time, and names its cost', async () => {
    const one = await hasher.hash('x', 'chosen');
    expect(one).toMatch(/^scrypt\$12\$/);
    expect(await hasher.hash('x', 'chosen')).not.toBe(one);
    expect(await hasher.hash('x', 'initial')).toMatch(/^scrypt\$10\$/);
    expect(CHOSEN_COST).toBe(17);
  });

  it('of a stolen database says nothing without the key', async () => {
    const initial = await hasher.hash('070020', 'initial');
    const thief = createPasswordHasher({ pepper: randomBytes(32), lanes, chosenCost: 12 });
    expect(await thief.check('070020', '070020', { chosen: null, initial }, false)).toEqual({
      chosen: false,
      initial: false,
    });
  });

  it('that is damaged fits nothing', async () => {
    for (const chosen of ['', 'scrypt$99$x$y', 'scrypt$12$', 'x'])
      expect((await hasher.check('x', 'x', { chosen, initial: chosen }, false)).chosen).toBe(false);
  });
});

it('an absent account, one with an initial and one with a chosen password take the same time', async () => {
  const costly = createPasswordHasher({ pepper, lanes, chosenCost: 14 });
  const chosen = await costly.hash('right', 'chosen');
  const initial = await costly.hash('right', 'initial');
  const kinds = [
    { chosen: null, initial: null },
    { chosen: null, initial },
    { chosen, initial },
  ];
  const tookMs = kinds.map(() => Infinity);
  for (let round = 0; round < 8; round++)
    for (const [at, stored] of kinds.entries()) {
      const began = performance.now();
      await costly.check('wrong', 'wrong', stored, false);
      tookMs[at] = Math.min(tookMs[at] ?? Infinity, performance.now() - began);
    }
  // The fastest of each, so that a busy machine does not decide.
  expect(Math.max(...tookMs) / Math.min(...tookMs)).toBeLessThan(1.5);
});

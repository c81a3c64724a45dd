// SPDX-License-Identifier: Apache-2.0
import { writeAdvertisement } from '@latchkey/protocols/lock/advertisement';
import { expect, it } from 'vitest';
import { createRadioSieve } from './radio-sieve.ts';

const lock = { flags: 0, battery: 80, stateCounter: 1, listVersion: 1, logNext: 1, shortId: '01020304' };
const seen = (bytes: Uint8Array) => ({ manufacturerData: Uint8Array.of(0xff, 0xff, ...bytes) });
const LOCK = seen(writeAdvertisement(lock, new Uint8Array(16)));
const PHONE = seen(new Uint8Array(8));

it('tells every lock, and of a crowd a few a second', () => {
  let now = 0;
  const tells = createRadioSieve(() => now);
  const told = { locks: 0, phones: 0 };
  for (; now < 3_000; now += 1) {
    if (tells(PHONE)) told.phones += 1;
    if (now % 500 === 0 && tells(LOCK)) told.locks += 1;
  }
  expect(told).toEqual({ locks: 6, phones: 30 });
});

it('takes what is too short or long for no lock', () => {
  const tells = createRadioSieve(() => 0);
  for (let stranger = 0; stranger < 10; stranger += 1)
    expect(tells({ manufacturerData: new Uint8Array(stranger) })).toBe(true);
  expect(tells({ manufacturerData: new Uint8Array(31) })).toBe(false);
  expect(tells(LOCK)).toBe(true);
});

// SPDX-License-Identifier: Apache-2.0
// Failed attempts are counted per address, in bounded memory, each address for itself.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createAttemptLimit, networkOf } from './attempt-limit.ts';

const OPTIONS = { allowed: 3, windowMs: 1_000, capacity: 5 };

it('limits after the allowance and forgets after the window', () => {
  const limit = createAttemptLimit(OPTIONS);
  const at = (nowMs: number) => limit.failed('10.0.0.1', nowMs);
  expect([at(0), at(1), at(2), at(3), at(999)]).toEqual(['counted', 'counted', 'counted', 'limited', 'limited']);
  expect(at(1_000)).toBe('counted');
});

it('an address is not limited by another', () => {
  const limit = createAttemptLimit(OPTIONS);
  for (let n = 0; n < 10; n++) limit.failed('10.0.0.1', n);
  expect(limit.failed('10.0.0.2', 10)).toBe('counted');
});

it('memory stays bounded whatever addresses come', () => {
  fc.assert(
    fc.property(fc.array(fc.ipV6(), { maxLength: 50 }), (addresses) => {
      const limit = createAttemptLimit(OPTIONS);
      for (const address of addresses) limit.failed(address, 0);
      expect(limit.size).toBeLessThanOrEqual(OPTIONS.capacity);
    }),
  );
});

it.each([
  ['10.1.2.3', '10.1.2.3'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::9', '2001:db8:1:2'],
  ['2001:0db8::1', '2001:db8:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

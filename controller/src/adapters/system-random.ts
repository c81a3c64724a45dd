// SPDX-License-Identifier: Apache-2.0
// Randomness of the machine.
import { randomBytes } from 'node:crypto';
import type { Random } from '../ports/random.ts';

export const systemRandom: Random = {
  bytes: (count) => new Uint8Array(randomBytes(count)),
  unit: () => Math.random(),
};

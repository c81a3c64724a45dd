// SPDX-License-Identifier: Apache-2.0
// Form of what a corridor needs: the radios through which it reaches its locks. Which locks those are, the gateway says.
import { z } from 'zod';
import { socket } from './wiring-readers.ts';

const radioWiring = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('noble'),
    /** Number of the adapter: 0 is hci0. */
    device: z.int().min(0, 'use 0 for hci0').max(15, 'use at most 15').default(0),
  }),
  z.strictObject({ kind: z.literal('simulated'), socket }),
]);

export const locksWiring = z.strictObject({
  radios: z.array(radioWiring).min(1, 'name at least one radio').max(4),
});
export type LocksWiring = z.infer<typeof locksWiring>;

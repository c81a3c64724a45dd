// SPDX-License-Identifier: Apache-2.0
// Which corridor controllers may hold sessions with a lock: the whole set, signed by the command key and in order, so that a
// second corridor can be let in and a stolen one put out without going to the door.
import { z } from 'zod';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `use ${bytes * 2} hex digits`);

export const MAX_CORRIDORS = 4;

export const corridorKeys = z.object({
  lockId: hex(8),
  /** Rises: an older set is not taken any more. */
  order: z.int().min(1),
  /** Public keys (X25519). */
  corridors: z.array(hex(32)).min(1).max(MAX_CORRIDORS),
});
export type CorridorKeys = z.infer<typeof corridorKeys>;

// SPDX-License-Identifier: Apache-2.0
// What a corridor controller is told of one lock: whose portal it is, the keys that meet it, and whether this corridor serves it.
// Signed by the command key, so that nobody on the way can put another lock in its place.
import { z } from 'zod';
import { deviceId, portalId } from '../ids.ts';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `use ${bytes * 2} hex digits`);

export const lockAssignment = z.object({
  device: deviceId,
  lockId: hex(8),
  portal: portalId,
  /** Of the lock's own list. */
  scope: z.int().min(1).max(0xffff_ffff),
  /** Rises with everything said of this lock: what is older is not taken any more. */
  order: z.int().min(1),
  /** Public key of the lock, learned at pairing. */
  key: hex(32),
  /** Under which it advertises. */
  advertisementKey: hex(16),
  /** Key of the scope, sealed to the lock (key-wrap.ts): the corridor carries it and cannot read it. */
  prf: z.object({ id: z.int().min(0).max(0xffff_ffff), wrapped: hex(128) }).optional(),
  /** The campus key, sealed the same way: denies are under it. */
  campus: z.object({ id: z.int().min(0).max(0xffff_ffff), wrapped: hex(128) }).optional(),
  /** Which corridors the lock is to admit (corridor-keys.ts), where that is more or other than the one that paired it. */
  corridors: z.object({ order: z.int().min(1), frame: z.string().max(2_000) }).optional(),
  /** Until when this corridor serves it; `null`: until told otherwise, as the only one there is; 0: another does. */
  servesUntilMs: z.int().min(0).nullable(),
  /** The lock is no longer this corridor's business. */
  gone: z.boolean().optional(),
});
export type LockAssignment = z.infer<typeof lockAssignment>;

// SPDX-License-Identifier: Apache-2.0
// A corridor controller is told to pair one lock at the door (DESIGN: a lock's enrolment): whom, by which code, and what the lock
// is to be told. Signed by the command key; the code travels encrypted to this controller, as PRF keys do, and is good once.
import { z } from 'zod';
import { deviceId, portalId } from '../ids.ts';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `use ${bytes * 2} hex digits`);

export const pairingOrder = z.object({
  device: deviceId,
  /** Of this order; the report of the outcome repeats it. */
  id: hex(8),
  portal: portalId,
  lockId: hex(8),
  scope: z.int().min(1).max(0xffff_ffff),
  /** JWE (ECDH-ES+A256KW, A256GCM) of the 16 bytes of the label's code, to the controller's key. */
  code: z.string().max(2_000),
  /** Given to the lock in the `pair` message. */
  advertisementKey: hex(16),
  expiresMs: z.int().min(0),
});
export type PairingOrder = z.infer<typeof pairingOrder>;

/** In up/locks: how it went. Taken only for an order that still stands, from the controller it was given to. */
export const pairingOutcome = z.discriminatedUnion('state', [
  z.object({
    id: hex(8),
    lockId: hex(8),
    state: z.literal('paired'),
    /** The lock's own static public key. */
    key: hex(32),
    firmware: z.int().min(0),
  }),
  z.object({ id: hex(8), lockId: hex(8), state: z.literal('failed'), code: z.string().max(40) }),
]);
export type PairingOutcome = z.infer<typeof pairingOutcome>;

// SPDX-License-Identifier: Apache-2.0
// What a corridor controller reports of its locks (up/locks), and the journal events that come out of their logs.
import { z } from 'zod';
import { credentialClass, portalId } from '../ids.ts';
import { LOG_KINDS, type LogKind } from '../lock/log-record.ts';
import { pairingOutcome } from '../lock/pairing-order.ts';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `use ${bytes * 2} hex digits`);
const count = z.int().min(0);

export const BOLT_STATES = ['thrown', 'drawn', 'jammed', 'unknown'] as const;
export const LOCK_DOOR_STATES = ['closed', 'open', 'unknown'] as const;
/** `other`: this corridor hears it, another serves it. `unpaired`: it lost its keys, as after a factory reset. */
export const LOCK_STATES = ['never-seen', 'seen', 'linked', 'unreachable', 'other', 'unpaired'] as const;

export const lockReport = z.object({
  portal: portalId,
  lockId: hex(8),
  /** Of the assignment in force here. */
  order: count,
  state: z.enum(LOCK_STATES),
  /** List in force in the lock, as the lock said; absent until it did. */
  list: z.object({ epoch: count, version: count, digest: hex(32) }).optional(),
  deny: z.object({ epoch: count, seq: count }).optional(),
  /** What this controller has for it: where the lock says less, it is on its way. Without a list, none came here yet. */
  wanted: z
    .object({
      list: z.object({ epoch: count, version: count }).optional(),
      deny: z.object({ epoch: count, seq: count }),
    })
    .optional(),
  /** Percent. */
  battery: z.int().min(0).max(100).optional(),
  lastSeenMs: count.optional(),
  rssi: z.int().min(-127).max(20).optional(),
  bolt: z.enum(BOLT_STATES),
  door: z.enum(LOCK_DOOR_STATES),
  /** Records in the lock that the journal does not have yet. */
  logPending: count.optional(),
  firmware: count.optional(),
  /** Why the last visit failed, in a word; absent after one that went well. */
  fault: z.string().max(40).optional(),
});
export type LockReport = z.infer<typeof lockReport>;

export const MAX_LOCKS_A_REPORT = 50;

/** On change, at most once a second, and of all of them every minute. */
export const locksReport = z.object({
  /** Public key of this corridor, that locks are paired with. */
  corridor: hex(32),
  locks: z.array(lockReport).max(MAX_LOCKS_A_REPORT),
  /** Orders to pair that have ended. Said again until they are not ordered any more. */
  pairings: z.array(pairingOutcome).max(20).optional(),
});

const LOG_KIND_NAMES = Object.keys(LOG_KINDS) as [LogKind, ...LogKind[]];

/** A record of a lock's log: the same (lockId, seq) is the same record, whoever brings it and how often. */
export const lockEvent = {
  portal: portalId,
  lockId: hex(8),
  seq: count,
  /** `unknown`: of a later firmware; `kind` then says which. */
  what: z.enum([...LOG_KIND_NAMES, 'unknown']),
  kind: z.int().min(0).max(255),
  detail: z.int().min(0).max(255),
  class: credentialClass.optional(),
  /** Key of the credential under the list's key, or the id of the command. */
  subject: hex(8).optional(),
  value: count,
  /** The lock's own time and how far it trusts it. */
  lockMs: count,
  lockClock: z.enum(['synced', 'free', 'degraded', 'unknown']),
};

/** Numbers that the lock overwrote before anybody had collected them. */
export const lockLogGap = { portal: portalId, lockId: hex(8), fromSeq: count, count: z.int().min(1) };

// SPDX-License-Identifier: Apache-2.0
// Smart locks for those who look after them: pairing, what each should have and what it reports, roll-outs, rights to rooms.
import { z } from 'zod';
import type { TicketAction } from '../lock/ticket.ts';
import { BOLT_STATES, LOCK_DOOR_STATES, LOCK_STATES } from '../mqtt/lock-messages.ts';
import { displayName, instant, personNumber, slug } from './common.ts';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `use ${bytes * 2} hex digits`);
export const lockId = hex(8).describe('on its label, 16 hex digits');
const corridors = z.array(slug).min(1, 'name a controller').max(8).describe('controllers that may serve it');
const labelCode = z
  .string()
  .transform((text) => text.replace(/[\s-]/g, '').toUpperCase())
  .pipe(z.string().regex(/^[A-Z2-7]{26}$/, 'use the 26 letters and digits on the label'))
  .describe('one-time code of the label, 26 of A-Z and 2-7');

/** `paired`: keys of a lock that was paired by other means; then there is no code. */
export const lockBody = z
  .object({
    portal: slug,
    lockId,
    corridors,
    code: labelCode.optional(),
    paired: z.object({ key: hex(32), advertisementKey: hex(16) }).optional(),
  })
  .refine(({ code, paired }) => (code === undefined) !== (paired === undefined), {
    error: 'give either code or paired',
    path: ['code'],
  });
/** What staff may have a lock do besides: the ticket says which. */
export const LOCK_ORDERS = ['open', 'identify', 'restart'] as const satisfies readonly TicketAction[];
export type LockOrder = (typeof LOCK_ORDERS)[number];

export const replaceBody = z.object({ lockId, code: labelCode });
export const corridorsBody = z.object({ corridors });

export const lockReported = z.object({
  device: slug,
  serves: z.boolean(),
  online: z.boolean(),
  state: z.enum(LOCK_STATES),
  version: z.int().nullable(),
  denySeq: z.int().nullable(),
  battery: z.int().nullable(),
  lastSeenAt: instant.nullable(),
  rssi: z.int().nullable(),
  bolt: z.enum(BOLT_STATES),
  door: z.enum(LOCK_DOOR_STATES),
  logPending: z.int().nullable(),
  fault: z.string().nullable(),
  reportedAt: instant,
});

/** In this order: from the gateway over the corridor's controller to the lock. */
export const ROLLOUT_STATES = ['unpaired', 'unsigned', 'at-gateway', 'at-corridor', 'in-force'] as const;
export const lock = z
  .object({
    portal: slug,
    building: z.string(),
    room: z.string(),
    lockId: z.string(),
    state: z.enum(['waiting', 'paired', 'replaced', 'reset']),
    scope: z.int(),
    firmware: z.int().nullable(),
    corridors: z.array(slug),
    server: slug.nullable().describe('controller that serves it now'),
    waitsFor: z
      .array(slug)
      .describe(
        'served it alone and may not know yet that another may: nobody else serves it until they answer or are taken off',
      ),
    desired: z.int().nullable().describe('newest signed version of its list'),
    reported: z.int().nullable().describe('version in force in the lock, as it said'),
    rollout: z.enum(ROLLOUT_STATES).describe('where the newest list is: what still waits, and for whom'),
    waitingSince: instant.nullable(),
    pairingUntil: instant.nullable(),
    pairingFault: z
      .string()
      .nullable()
      .describe(
        'why pairing failed: wrong-code (of another lock), too-many-attempts (wait, then enter the lock again), busy, not-seen, expired, already-paired (reset it first), or another word of the lock',
      ),
    reports: z.array(lockReported),
  })
  .meta({ id: 'Lock' });
export const lockList = z.object({ items: z.array(lock) });
export const lockQuery = z.object({
  building: z.string().max(100).optional(),
  waiting: z.enum(['true', 'false']).optional().describe('true: only those that wait for their newest list'),
});

const counts = z.record(z.enum(ROLLOUT_STATES), z.int());
export const WAITING_SHOWN = 20;
const waitingLock = lock.pick({
  portal: true,
  room: true,
  rollout: true,
  desired: true,
  reported: true,
  waitingSince: true,
  server: true,
});
export const rollouts = z
  .object({
    locks: z.int(),
    counts,
    oldestWaitingAt: instant.nullable(),
    buildings: z.array(
      z.object({
        building: z.string(),
        locks: z.int(),
        counts,
        oldestWaitingAt: instant.nullable(),
        waiting: z.array(waitingLock).describe(`those that wait longest, ${WAITING_SHOWN} at most`),
      }),
    ),
  })
  .meta({ id: 'Rollouts' });

export const grantBody = z
  .object({
    person: personNumber.optional(),
    group: slug.optional(),
    building: displayName,
    room: z.string().trim().min(1).max(40).optional().describe('absent: every room of the floor or the building'),
    floor: z.string().trim().min(1).max(20).optional(),
    from: instant,
    until: instant.describe('at most 30 days after from'),
    reason: z.string().trim().min(3, 'say what for').max(200),
  })
  .refine(({ person, group }) => (person === undefined) !== (group === undefined), {
    error: 'give either person or group',
    path: ['person'],
  });
export const grant = z
  .object({
    id: z.string(),
    person: z.string().nullable(),
    group: z.string().nullable(),
    building: z.string(),
    room: z.string().nullable(),
    floor: z.string().nullable(),
    from: instant,
    until: instant,
    reason: z.string(),
    by: z.string(),
    withdrawnAt: instant.nullable(),
  })
  .meta({ id: 'RoomGrant' });
export const grantList = z.object({ items: z.array(grant) });

export type LockBody = z.output<typeof lockBody>;
export type ReplaceBody = z.output<typeof replaceBody>;
export type Lock = z.infer<typeof lock>;
export type RolloutState = (typeof ROLLOUT_STATES)[number];
export type Rollouts = z.infer<typeof rollouts>;
export type Grant = z.infer<typeof grant>;
export type GrantBody = z.infer<typeof grantBody>;

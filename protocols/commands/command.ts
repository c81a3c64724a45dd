// SPDX-License-Identifier: Apache-2.0
// What the gateway says under signature: operator commands and online answers (command key), time (deny key), each bound to
// the request or boot it belongs to, so that nothing recorded can be played again. They travel as signed frames whose payload is magic and JSON (DESIGN 6).
import { z } from 'zod';
import { credentialClass, deviceId, portalId } from '../ids.ts';
import { REASONS } from '../mqtt/reasons.ts';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `use ${bytes * 2} hex digits`);
const millis = z.int().min(0);

/** A momentary command waits for nobody: it must arrive within this time of being issued (reference: door). */
export const MOMENTARY_EXPIRY_MS = 10_000;

export const OPERATIONS = [
  'unlock-momentary',
  'set-mode',
  'release-mode',
  'lockdown',
  'release-lockdown',
  'open-lock',
] as const;
export type Operation = (typeof OPERATIONS)[number];

export const command = z.object({
  id: hex(8),
  device: deviceId,
  /** Absent: every portal of the device. */
  portal: portalId.optional(),
  operation: z.enum(OPERATIONS),
  /** set-mode only. */
  mode: z.enum(['Locked', 'Unlocked', 'Blocked', 'DoubleLocked', 'LockedOpen']).optional(),
  /** open-lock only: what the lock itself judges (lock/ticket.ts). */
  ticket: z
    .string()
    .regex(/^[A-Za-z0-9_-]{123}$/, 'use the 92 bytes of a ticket in base64url')
    .optional(),
  issuedMs: millis,
  /** Momentary: at most 10 s after issue. Mode changes: they are desired state, applied on reconnect until superseded. */
  expiresMs: millis,
  actor: z.string().max(80),
  /** Momentary: the boot the gateway saw last; another boot refuses. */
  boot: hex(8).optional(),
  /** Rises with every command of one device: an older mode change never undoes a newer one. */
  order: z.int().min(0),
});
export type Command = z.infer<typeof command>;

export const answer = z.object({
  ask: hex(8),
  device: deviceId,
  boot: hex(8),
  portal: portalId,
  outcome: z.enum(['granted', 'denied']),
  reason: z.enum(REASONS).optional(),
  extended: z.boolean().optional(),
  /** Whom a code of another app stands for: the reference to record, and the class it counts as. Absent for a credential asked by id. */
  credential: z.object({ ref: hex(8), class: credentialClass }).optional(),
  expiresMs: millis,
});
export type Answer = z.infer<typeof answer>;

export const timeAnswer = z.object({ nonce: hex(8), device: deviceId, t0: millis, t1: millis, t2: millis });
export type TimeAnswer = z.infer<typeof timeAnswer>;

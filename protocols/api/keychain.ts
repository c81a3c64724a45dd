// SPDX-License-Identifier: Apache-2.0
// The keychain: a person's doors with smart locks, and openings of them. States are keys that every page has words for; none of
// them is ever guessed: `opened` is what the bolt's sensor said.
import { z } from 'zod';
import { BOLT_STATES, LOCK_DOOR_STATES } from '../mqtt/lock-messages.ts';
import { REASONS } from '../mqtt/reasons.ts';
import { instant, personNumber, slug } from './common.ts';

/** Why a door cannot be opened from the keychain now. The last four are about the lock, the others about the right. */
export const NOT_NOW = [
  'not-allowed-now',
  'held',
  'needs-card',
  'not-paired',
  'nobody-serves-it',
  'out-of-reach',
  'battery-critical',
] as const;

export const myDoor = z
  .object({
    portal: slug,
    name: z.string(),
    nameEn: z.string(),
    building: z.string(),
    room: z.string(),
    own: z.boolean().describe('the room this person lives in'),
    reachable: z.boolean().describe('a controller serves the lock and has heard it within the last two minutes'),
    lastSeenAt: instant.nullable(),
    battery: z.int().min(0).max(100).nullable().describe('percent'),
    bolt: z.enum(BOLT_STATES).describe('as last reported'),
    door: z.enum(LOCK_DOOR_STATES),
    notNow: z.enum(NOT_NOW).nullable().describe('why it cannot be opened now; null: it can'),
    reason: z.enum(REASONS).nullable().describe('the rule that refuses, where the right does'),
  })
  .meta({ id: 'MyDoor' });
export const myDoors = z.object({ items: z.array(myDoor) });

export const openBody = z.object({
  confirm: z
    .string()
    .regex(/^[A-Za-z0-9_-]{16,64}$/, 'use 16 to 64 of A-Z, a-z, 0-9, "-" and "_"')
    .describe('made anew for every confirmation by the person: sent again with the same, it never opens twice'),
});

export const OPENING_STATES = [
  'waiting',
  'opening',
  'opened',
  'jammed',
  'not-reached',
  'refused',
  'expired',
  'unknown',
] as const;
export const opening = z
  .object({
    id: z.string().describe('16 hex digits, the same as of the command'),
    portal: slug,
    state: z
      .enum(OPENING_STATES)
      .describe(
        'waiting: on its way; opening: the lock has it; the others are final. expired: came too late and opens nothing; unknown: nobody said whether it opened',
      ),
    reason: z.string().nullable().describe('of refused: one of notNow, or what the lock said, such as privacy'),
    askedAt: instant,
    elapsedMs: z.int().nullable().describe('from confirmation to the result'),
  })
  .meta({ id: 'Opening' });
export const isFinalOpening = (state: (typeof OPENING_STATES)[number]): boolean =>
  state !== 'waiting' && state !== 'opening';

export const openingParams = z.object({ id: z.string().regex(/^[0-9a-f]{16}$/, 'use the id of an opening') });

/** Campus apps act for the person their own sign-in named. */
export const appQuery = z.object({ person: personNumber });
export const appOpenBody = openBody.extend({ person: personNumber });

export type MyDoor = z.infer<typeof myDoor>;
export type NotNow = (typeof NOT_NOW)[number];
export type Opening = z.infer<typeof opening>;

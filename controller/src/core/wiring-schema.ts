// SPDX-License-Identifier: Apache-2.0
// Form of a wiring file: which readers, relays and inputs make which portal, with every default (reference: door, Timers).
// Fail-safe or fail-secure has no default on purpose: somebody has to look at the lock.
import { direction, portalId } from '@latchkey/protocols/ids';
import { z } from 'zod';
import { deskWiring } from './wiring-desk.ts';
import { displayWiring, feedbackWiring } from './wiring-lane.ts';
import { locksWiring } from './wiring-locks.ts';
import { readerWiring, socket } from './wiring-readers.ts';
import { MINUTE, name, times } from './wiring-values.ts';
import { clockWiring, neighboursWiring } from './wiring-zone.ts';

export type { ReaderWiring } from './wiring-readers.ts';

/** Debouncing works in steps of 0.1 s. */
const debounceMs = times(0, 2_000).multipleOf(100, 'use a multiple of 100 ms').default(100);

const input = (normallyClosed: boolean) =>
  z.strictObject({
    input: name,
    /** The circuit is closed in the quiet state: door shut, button not pressed, no fire, cover on. */
    normallyClosed: z.boolean().default(normallyClosed),
    /** Wired with resistors, so that a cut or shorted line shows as a fault. */
    supervised: z.boolean().default(false),
    debounceMs,
  });

const gpioLine = z.strictObject({ line: z.int().min(0).max(4_095), activeLow: z.boolean().default(false) });

export const panelWiring = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('gpio'),
    /** Label of the chip, as /sys/class/gpio tells it: lines then count from its first. */
    chip: z.string().min(1, 'give the label of a chip, or leave it out').max(60).optional(),
    outputs: z.record(name, gpioLine).default({}),
    inputs: z.record(name, gpioLine).default({}),
  }),
  z.strictObject({ kind: z.literal('simulated'), socket }),
  /** A corridor without doors of its own. */
  z.strictObject({ kind: z.literal('none') }),
]);
export type PanelWiring = z.infer<typeof panelWiring>;

/** safe: without power it is unlocked, so the relay holds it locked. secure: without power it is locked, the relay opens it. */
const fail = z.enum(['safe', 'secure'], 'say "safe" (unlocked without power) or "secure" (locked without power)');
const relay = z.strictObject({ output: name });

const lock = z.union(
  [z.strictObject({ output: name, fail }), z.strictObject({ in: relay, out: relay, fail })],
  'give output and fail, or in, out and fail for a lane with a relay for each direction',
);

const timers = z
  .strictObject({
    releaseTimeMs: times(500, 5 * MINUTE).default(5_000),
    extendedReleaseTimeMs: times(0, 5 * MINUTE).default(10_000),
    delayTimeBeforeRelockMs: times(0, MINUTE).default(0),
    openTimeMs: times(1_000, 60 * MINUTE).default(30_000),
    preAlarmTimeMs: times(0, 30 * MINUTE).default(5_000),
    extendedOpenTimeMs: times(0, 60 * MINUTE).default(30_000),
    /** From a grant on; where it is left out, as long as the lock is released. */
    entryTimeMs: times(500, 10 * MINUTE).optional(),
  })
  .prefault({});

const requestToExit = input(false).extend({
  mode: z.enum(['unlock', 'mask'], 'say "unlock" or "mask" (a handle opens, the request only silences the alarm)'),
  /** For motion sensors, which see whoever comes in; a button needs neither. */
  ignoreAfterGrantMs: times(0, MINUTE).default(0),
  ignoreAfterCloseMs: times(0, MINUTE).default(0),
  /** A request this long is an alarm: nobody presses a button for a minute. More for a sensor over a busy way out. */
  stuckAfterMs: times(5_000, 60 * MINUTE).default(60_000),
});

/** Ids of schedules in the policy of the portal's list. */
const scheduleId = z.string().min(1).max(60);

export const portalWiring = z.strictObject({
  id: portalId,
  lock,
  contact: input(true).optional(),
  requestToExit: requestToExit.optional(),
  fire: input(false)
    .extend({
      /** The panel or a handle frees the door without this controller. Required of a fail-secure lock. */
      freedInHardware: z.boolean().default(false),
    })
    .optional(),
  tamper: input(false).optional(),
  readers: z.array(z.strictObject({ name, direction: direction.default('in') })).max(8),
  /** Lamps and a beeper for the people in the lane. */
  feedback: feedbackWiring.optional(),
  /** A page in the lane that says how it went (controller/README.md). */
  display: displayWiring.optional(),
  timers,
  /** Schedules that hold the door in a mode, or silence one of its two alarms, while they run. */
  schedules: z
    .strictObject({
      unlocked: scheduleId.optional(),
      blocked: scheduleId.optional(),
      doubleLocked: scheduleId.optional(),
      maskForced: scheduleId.optional(),
      maskHeld: scheduleId.optional(),
    })
    .prefault({}),
  wrongAttempts: z
    .strictObject({
      limit: z.int().min(1).max(5, 'alarm after at most 5').default(5),
      windowMs: times(1_000, 60 * MINUTE).default(MINUTE),
    })
    .prefault({}),
  /** The same card again on the same reader within this time is the same event. */
  repeatWindowMs: times(0, MINUTE).default(2_000),
});
export type PortalWiring = z.infer<typeof portalWiring>;
export type InputWiring = z.infer<ReturnType<typeof input>>;

export const wiring = z.strictObject({
  readers: z.array(readerWiring).max(32),
  panel: panelWiring,
  portals: z.array(portalWiring).max(64),
  /** The radios of a corridor of smart locks (controller/README.md, Corridor). */
  locks: locksWiring.optional(),
  /** A library counter (controller/README.md, Desk). */
  desk: deskWiring.optional(),
  /** The other controllers of its zone (controller/README.md, Codes). */
  neighbours: neighboursWiring.optional(),
  clock: clockWiring.prefault({}),
});
export type Wiring = z.infer<typeof wiring>;

// SPDX-License-Identifier: Apache-2.0
// Events a controller journals and uploads. Names follow ONVIF's access and door services (reference: IEC 60839-11).
import { z } from 'zod';
import { DESK_ACTS } from '../api/desk-terms.ts';
import { credentialClass, direction, portalId } from '../ids.ts';
import { ALARM_KINDS, DOOR_ALARMS, DOOR_MODES, DOOR_PHYSICAL_STATES, LOCK_PHYSICAL_STATES } from './door-terms.ts';
import { lockEvent, lockLogGap } from './lock-messages.ts';
import { REASONS } from './reasons.ts';

/** 64-bit in the design; held as a JavaScript safe integer: 2^53 events are 285 years at a million a second. */
export const sequence = z.int().min(0);
const millis = z.int().min(0);

/** What a scanned text looks like (codes/code-forms). `other` is text of no known form, which a resolver may still own. */
export const CODE_FORMS = ['pass', 'wechat-pay', 'alipay', 'unionpay', 'other'] as const;
export const codeForm = z.enum(CODE_FORMS);
export type CodeForm = z.infer<typeof codeForm>;

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `use ${bytes * 2} hex digits`);

/** Quality of the instant of an event: `synced` within 5 s of the gateway, `free` on its own clock, `degraded` behind signed time. */
export const clockQuality = z.enum(['synced', 'free', 'degraded']);
export type ClockQuality = z.infer<typeof clockQuality>;

/** Reference to a credential: its key under the campus PRF, never a number (promise 7). */
const credentialReference = z.object({ ref: hex(8), class: credentialClass });

const passage = {
  portal: portalId,
  direction,
  reader: z.string().max(64).optional(),
  credential: credentialReference,
  /** Joins granted → taken / not taken of one passage on this controller. */
  admission: z.string().max(40),
};
const decided = {
  list: z.object({ scope: z.int(), version: sequence }).optional(),
  profile: z.int().optional(),
  /** What decided: the signed list, the gateway's online answer, or a signed command. */
  via: z.enum(['list', 'gateway', 'command']),
};

/**
 * kept: waits at the desk until the library's system answers; done: the library has it; conflict: the library refuses what has
 * happened; settled and discarded: what a person decided about that.
 */
export const CIRCULATION_STATES = ['kept', 'done', 'conflict', 'settled', 'discarded'] as const;
const circulation = {
  number: z.int().min(1),
  act: z.enum(DESK_ACTS),
  state: z.enum(CIRCULATION_STATES),
  /** When it happened, as far as the desk knows by now. */
  happenedAt: millis,
  /** Of the borrower's credential; absent where a librarian typed the number, and for returns. */
  ref: hex(8).optional(),
  /** Who decided. */
  by: z.string().max(40).optional(),
};

const base = { at: millis, clock: clockQuality };

export const journalEvent = z.discriminatedUnion('type', [
  z.object({ ...base, type: z.literal('access-granted'), ...passage, ...decided, warning: z.enum(REASONS).optional() }),
  z.object({ ...base, type: z.literal('access-denied'), ...passage, ...decided, reason: z.enum(REASONS) }),
  z.object({ ...base, type: z.literal('access-taken'), ...passage }),
  z.object({ ...base, type: z.literal('access-not-taken'), ...passage }),
  /** The controller stopped between the grant and the door's answer: whether anybody passed is not known. Told once, at the next start. */
  z.object({ ...base, type: z.literal('access-unconcluded'), ...passage }),
  z.object({
    ...base,
    type: z.literal('door-mode'),
    portal: portalId,
    mode: z.enum(DOOR_MODES),
    by: z.string().max(80),
  }),
  z.object({ ...base, type: z.literal('door-position'), portal: portalId, state: z.enum(DOOR_PHYSICAL_STATES) }),
  z.object({ ...base, type: z.literal('lock-state'), portal: portalId, state: z.enum(LOCK_PHYSICAL_STATES) }),
  z.object({
    ...base,
    type: z.literal('door-alarm'),
    portal: portalId,
    alarm: z.enum(DOOR_ALARMS),
    warning: z.boolean().optional(),
  }),
  z.object({ ...base, type: z.literal('request-to-exit'), portal: portalId }),
  z.object({
    ...base,
    type: z.literal('command'),
    portal: portalId.optional(),
    command: hex(8),
    operation: z.string().max(40),
    actor: z.string().max(80),
    state: z.enum(['done', 'refused', 'expired']),
    code: z.string().max(60).optional(),
  }),
  z.object({
    ...base,
    type: z.literal('alarm'),
    alarm: z.enum(ALARM_KINDS),
    active: z.boolean(),
    portal: portalId.optional(),
    subject: z.string().max(120).optional(),
  }),
  z.object({ ...base, type: z.literal('unreadable-card'), portal: portalId.optional(), reader: z.string().max(64) }),
  /** A scanned code that was refused before anybody was identified. Never the code: only what form it had. */
  z.object({
    ...base,
    type: z.literal('code-refused'),
    portal: portalId,
    direction,
    reader: z.string().max(64),
    form: codeForm,
    reason: z.enum(REASONS),
  }),
  z.object({ ...base, type: z.literal('list-activated'), scope: z.int(), version: sequence, digest: hex(32) }),
  /** Brought from a smart lock's log by the corridor controller that serves it. */
  z.object({ ...base, type: z.literal('lock-event'), ...lockEvent }),
  z.object({ ...base, type: z.literal('lock-log-gap'), ...lockLogGap }),
  /** A loan, renewal or return at a library desk, by its number in the desk's own ledger: which book it was stays there. */
  z.object({ ...base, type: z.literal('circulation'), portal: portalId, ...circulation }),
  z.object({ ...base, type: z.literal('started'), software: z.string().max(40), boot: hex(8) }),
  z.object({ ...base, type: z.literal('stopped'), boot: hex(8) }),
]);
export type JournalEvent = z.infer<typeof journalEvent>;
export type JournalEventType = JournalEvent['type'];

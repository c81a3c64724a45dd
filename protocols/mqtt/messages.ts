// SPDX-License-Identifier: Apache-2.0
// JSON part of every MQTT message between controller and gateway (DESIGN 6). One source: the AsyncAPI document derives from it.
// Signed content (lists, denies, beats, commands, answers, time) travels as signed frames, see authorization/signed-frame.
import { z } from 'zod';
import { credentialClass, direction, portalId } from '../ids.ts';
import { DOOR_ALARMS, DOOR_MODES, DOOR_PHYSICAL_STATES, LOCK_PHYSICAL_STATES } from './door-terms.ts';
import { clockQuality, codeForm, journalEvent, sequence } from './events.ts';
import { locksReport } from './lock-messages.ts';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `use ${bytes * 2} hex digits`);
const base64url = z.string().regex(/^[A-Za-z0-9_-]*$/, 'use base64url');
const scope = z.int().min(1).max(0xffff_ffff);
const epoch = z.int().min(0).max(0xffff_ffff);
const millis = z.int().min(0);

export const MAX_CHUNK_BYTES = 65_536;
export const MAX_EVENTS_A_BATCH = 50;

export const portalReport = z.object({
  portal: portalId,
  mode: z.enum(DOOR_MODES),
  door: z.enum(DOOR_PHYSICAL_STATES),
  lock: z.enum(LOCK_PHYSICAL_STATES),
  alarm: z.enum(DOOR_ALARMS),
});
export type PortalReport = z.infer<typeof portalReport>;

const listRef = { scope, epoch, version: sequence };

/** First message of a session. `have` is what is in force now: the gateway answers with what differs. */
export const hello = z.object({
  boot: hex(8),
  session: hex(8),
  software: z.string().max(40),
  time: z.object({ nowMs: millis, quality: clockQuality }),
  root: sequence,
  have: z.array(z.object({ ...listRef, digest: hex(32) })).max(10_000),
  deny: z.object({ epoch, seq: sequence, chain: hex(32) }),
  /** Ids of the PRF keys it holds (Kscope and the campus key), so that only missing ones are sent. */
  prfKeys: z.array(z.int()).max(20_000),
  journal: z.object({ epoch: hex(8), nextSeq: sequence, ackedSeq: sequence }),
  portals: z.array(portalReport).max(64),
});

/** The will. Ignored unless `session` is the device's current one. */
export const bye = z.object({ session: hex(8) });

/** dn/list. `offer` opens a transfer; policy, leaves and pages answer a need. Bytes ride in the envelope's body. */
export const listDown = z.discriminatedUnion('kind', [
  /** Body: delta frames one after the other (authorization/delta), from the version the device has; may be empty. */
  z.object({
    kind: z.literal('offer'),
    ...listRef,
    digest: hex(32),
    head: base64url,
    policyBytes: z.int().min(0),
    /** JWE (ECDH-ES+A256KW, A256GCM) of a signed PRF key of the scope (authorization/prf-key), when the device said it lacks it. */
    prf: z.object({ id: z.int(), jwe: z.string().max(2_000) }).optional(),
  }),
  z.object({ kind: z.literal('policy'), ...listRef, offset: z.int().min(0), total: z.int().min(0) }),
  /** Body: 32-byte leaves from index `first`. */
  z.object({ kind: z.literal('leaves'), ...listRef, first: z.int().min(0) }),
  /** Body: the records of pages `first`, `first+1`, …; `counts` are records a page. */
  z.object({ kind: z.literal('pages'), ...listRef, first: z.int().min(0), counts: z.array(z.int().min(0)).min(1) }),
  /** Body: one signed freshness statement. */
  z.object({ kind: z.literal('freshness') }),
  /** Body: one signed deny frame, sent alone to fill a gap. */
  z.object({ kind: z.literal('deny') }),
  /** Body: a root document, signed by the old and the new root keys. */
  z.object({ kind: z.literal('root') }),
  /** The campus PRF key, signed like a scope's: deny keys and credential references. */
  z.object({ kind: z.literal('campus-key'), prf: z.object({ id: z.int(), jwe: z.string().max(2_000) }) }),
  /** The scope is no longer this device's: drop the list. Body: one signed retraction (authorization/retraction). */
  z.object({ kind: z.literal('retract'), scope }),
  /** Body: one lock of this corridor, as signed JSON (lock/assignment). */
  z.object({ kind: z.literal('lock') }),
  /** Body: an order to pair a lock at the door, as signed JSON (lock/pairing-order). */
  z.object({ kind: z.literal('pair-lock') }),
]);
export type ListDown = z.infer<typeof listDown>;

export const need = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('offer'), scope }),
  z.object({ kind: z.literal('policy'), ...listRef }),
  z.object({ kind: z.literal('leaves'), ...listRef }),
  /** Ranges [first, count] of pages still missing. */
  z.object({
    kind: z.literal('pages'),
    ...listRef,
    ranges: z
      .array(z.tuple([z.int().min(0), z.int().min(1)]))
      .min(1)
      .max(4_096),
  }),
  z.object({ kind: z.literal('deny'), fromSeq: sequence }),
  z.object({ kind: z.literal('root'), fromVersion: sequence }),
  z.object({ kind: z.literal('campus-key') }),
]);
export type Need = z.infer<typeof need>;

/** Reported version of a list: what is in force, or why the offered one was refused. */
export const listReport = z.object({
  ...listRef,
  digest: hex(32),
  state: z.enum(['active', 'refused']),
  code: z.string().max(60).optional(),
});

export const commandResult = z.object({
  id: hex(8),
  state: z.enum(['received', 'done', 'refused', 'expired']),
  code: z.string().max(60).optional(),
  atMs: millis,
  portal: portalReport.optional(),
});

/** Events first … first+events.length-1 of one journal. */
export const eventBatch = z.object({
  epoch: hex(8),
  first: sequence,
  events: z.array(journalEvent).min(1).max(MAX_EVENTS_A_BATCH),
});
/** Everything up to and including `upTo` is committed at the gateway. */
export const eventAck = z.object({ epoch: hex(8), upTo: sequence });

/** A credential this controller does not know, while online. Answered as a signed frame within 800 ms or not at all. */
export const ask = z.object({
  id: hex(8),
  boot: hex(8),
  portal: portalId,
  direction,
  credential: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('id'), id: hex(16), class: credentialClass }),
    /** A code of another app, as scanned. Held in memory only: never logged, stored or shown. */
    z.object({ kind: z.literal('code'), form: codeForm, text: z.string().min(1).max(512) }),
  ]),
});

/** NTP-style: t0 is the controller's monotonic-free clock at sending. The answer is a signed frame. */
export const timeRequest = z.object({ t0: millis, nonce: hex(8) });

/** Every minute, and soon after a deny came into force: `deny` is then the gateway's proof of it. */
export const health = z.object({
  uptimeS: z.int().min(0),
  rssBytes: z.int().min(0),
  time: z.object({ nowMs: millis, quality: clockQuality, behindMs: z.int().optional() }),
  journal: z.object({ pending: z.int().min(0), stored: z.int().min(0), freeBytes: z.int().optional() }),
  readers: z.array(z.object({ reader: z.string().max(64), state: z.enum(['present', 'lost']) })).max(64),
  portals: z.array(portalReport).max(64),
  alarms: z.array(z.string().max(160)).max(200),
  /** Place in the deny chain that is in force. */
  deny: z.object({ epoch, seq: sequence }).optional(),
});

/** Asks for the next certificate. The broker's word on who asks is not enough: the present key signs for it (mqtt/renewal). */
export const renewal = z.object({
  id: hex(8),
  csr: z.string().max(4_000),
  certificate: z.string().max(8_000),
  proof: base64url.max(200),
});
export type Renewal = z.infer<typeof renewal>;

/** Vouches for itself: signed by the authority pinned at enrolment, for the key in the request. */
export const renewalAnswer = z.object({
  id: hex(8),
  certificate: z.string().max(8_000).optional(),
  code: z.string().max(60).optional(),
});

/** Schemas of what a device may publish, by topic. */
export const UP_MESSAGES = {
  hello,
  bye,
  need,
  list: listReport,
  res: commandResult,
  ev: eventBatch,
  ask,
  time: timeRequest,
  health,
  locks: locksReport,
  renew: renewal,
} as const;

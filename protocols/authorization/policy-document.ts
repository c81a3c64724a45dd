// SPDX-License-Identifier: Apache-2.0
// Policy document of a list (lists-and-codes, POLICY): profiles, schedules, holidays and portals as JSON. The head holds the
// hash of its bytes. References are indexes into the document's own arrays.
import { z } from 'zod';
import { encodeJson } from '../bytes/canonical-json.ts';
import { credentialClass, direction, portalId } from '../ids.ts';

const time = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'use HH:MM');
const until = z.string().regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'use HH:MM, up to 24:00');
const days = z.array(z.int().min(1).max(7)).min(1).max(7);
const index = z.int().min(0).max(0xffff);
const epochMinute = z.int().min(0).max(0xffff_ffff);
const area = z.string().min(1).max(40);

/** Wall-clock time. `until` at or before `from` ends on the next day; the interval belongs to the day it starts on. */
export const interval = z.strictObject({ days, from: time, until });
export const holidayInterval = z.strictObject({ days: days.optional(), from: time, until });

export const schedule = z.strictObject({
  id: z.string().min(1).max(60),
  intervals: z.array(interval).max(100),
  /** What starts on a holiday: nothing, what starts on any such weekday, or these instead. */
  onHolidays: z.union([z.literal('closed'), z.literal('as-usual'), z.array(holidayInterval).max(100)]),
});

export const antiPassback = z.strictObject({
  mode: z.enum(['off', 'soft', 'hard', 'timed']),
  /** Area entered by passing in that direction. */
  in: area.optional(),
  out: area.optional(),
  /** timed only. */
  minutes: z.int().min(1).max(10_080).optional(),
});

export const policyPortal = z.strictObject({
  id: portalId,
  antiPassback,
  /** While the schedule is active, a credential must be presented in this class or a stronger one. */
  assurance: z
    .array(z.strictObject({ class: credentialClass, schedule: index }))
    .max(20)
    .optional(),
  /** Who may still enter past the list's hard expiry. Leaving stays free. */
  afterExpiry: z.enum(['refuse-all', 'keep-residents', 'keep-all']),
  /** Ask the gateway, while online, about credentials that the list does not hold. */
  askGateway: z.boolean(),
});

export const policyRule = z.strictObject({
  portals: z.array(index).min(1).max(10_000),
  /** Absent: both. */
  directions: z.array(direction).min(1).max(2).optional(),
  schedule: index,
  /** Valid from and until, epoch minutes (UTC): from ≤ now < until. */
  fromMinute: epochMinute.optional(),
  untilMinute: epochMinute.optional(),
});

/** What holders of a profile may borrow at the desks of this list while the library's own system does not answer. */
export const loanTerms = z.strictObject({
  /** Shown at the desk. */
  group: z.string().min(1).max(120),
  /** Books that may be lent on this list's word alone. */
  limit: z.int().min(0).max(999),
  days: z.int().min(1).max(999),
  blocked: z.boolean().optional(),
});

export const policyProfile = z.strictObject({
  rules: z.array(policyRule).max(2_000),
  kind: z.enum(['resident', 'staff', 'visitor']),
  curfewClass: z.string().min(1).max(40).optional(),
  /** Weakest class in which holders of this profile may present, at every portal. */
  assurance: credentialClass.optional(),
  loans: loanTerms.optional(),
});

/** `rows` is base64url of rows sorted by key: key 8, then `width` bytes of a patron number that only its card opens. */
export const borrowerTable = z.strictObject({
  width: z.int().min(1).max(32),
  rows: z.string().regex(/^[A-Za-z0-9_-]*$/),
});

export const policyDocument = z.strictObject({
  format: z.literal(1),
  /** IANA name. */
  timeZone: z.string().min(1).max(64).default('Asia/Shanghai'),
  /** Zone of identity codes: the gates of this list accept only codes made for it, and share what they accepted. Absent: no codes. */
  zone: z.int().min(1).max(0xffff).optional(),
  holidays: z.array(z.iso.date()).max(2_000),
  schedules: z.array(schedule).max(5_000),
  portals: z.array(policyPortal).max(10_000),
  profiles: z.array(policyProfile).max(65_536),
  /** Patron numbers behind the credentials of a library desk's list (authorization/borrowers). */
  borrowers: borrowerTable.optional(),
});

export type PolicyInterval = z.infer<typeof interval>;
export type HolidayInterval = z.infer<typeof holidayInterval>;
export type PolicySchedule = z.infer<typeof schedule>;
export type PolicyPortal = z.infer<typeof policyPortal>;
export type PolicyRule = z.infer<typeof policyRule>;
export type PolicyProfile = z.infer<typeof policyProfile>;
export type LoanTerms = z.infer<typeof loanTerms>;
export type BorrowerTable = z.infer<typeof borrowerTable>;
export type PolicyDocument = z.infer<typeof policyDocument>;
export type HolderKind = PolicyProfile['kind'];
export type AntiPassbackMode = PolicyDocument['portals'][number]['antiPassback']['mode'];

/** The bytes that are hashed and sent: the same for the same document. */
export const encodePolicy = (document: PolicyDocument): Uint8Array => encodeJson(document);

// SPDX-License-Identifier: Apache-2.0
// What a signed-in person sees and does about themselves: zones, phones, cards, passages. Never anybody else's.
import { z } from 'zod';
import { credentialClass, direction } from '../ids.ts';
import { REASONS } from '../mqtt/reasons.ts';
import { displayName, instant, pageOf, pageQuery, personNumber } from './common.ts';
import { cardState } from './people.ts';

const base64url = (bytes: number) =>
  z.string().regex(new RegExp(`^[A-Za-z0-9_-]{${Math.ceil((bytes * 4) / 3)}}$`), `use base64url of ${bytes} bytes`);

/** A place whose gates take codes, and where this person has a right. */
export const myZone = z.object({ zone: z.int().min(1).max(0xffff), name: z.string(), nameEn: z.string() });

/** GET /v1/me/pass: all that a phone needs to make codes and to check its clock. */
export const myPass = z
  .object({
    campusId: z.string().describe('16 hex digits, part of what a code signs'),
    number: personNumber,
    name: displayName,
    nowMs: z.int().describe("the gateway's time"),
    zones: z.array(myZone),
    phonesAllowed: z.int().min(1),
  })
  .meta({ id: 'MyPass' });

export const PHONE_STATES = ['active', 'replaced', 'withdrawn'] as const;
export const myPhone = z
  .object({
    id: z.string(),
    name: z.string(),
    algorithm: z.enum(['ES256', 'EdDSA']),
    state: z.enum(PHONE_STATES),
    enrolledAt: instant,
    endedAt: instant.nullable().describe('when it was replaced or withdrawn'),
  })
  .meta({ id: 'MyPhone' });
export const myPhones = z.object({ items: z.array(myPhone), allowed: z.int().min(1) });

/** POST /v1/me/phones/challenge → used once, within 5 minutes, in the same session. */
export const phoneChallenge = z.object({ challenge: base64url(32) });
/** POST /v1/me/phones. The key is made on the phone and never leaves it. */
export const phoneEnrol = z.object({
  name: z.string().trim().min(1, 'name the phone').max(60),
  algorithm: z.enum(['ES256', 'EdDSA']),
  publicKey: z.union([base64url(65), base64url(32)]).describe('ES256: uncompressed point, 65 bytes; EdDSA: 32 bytes'),
  challenge: base64url(32),
  proof: base64url(64).describe('signature over "campus-phone-v1\\0", campus id (8 bytes), challenge (32 bytes)'),
  replaces: z.string().max(64).optional().describe('id of the phone that stops working with this'),
});
/** Certificates for gates whose list is older than this phone (profile B): one a zone, valid at most 72 h. */
export const phoneCertificate = z.object({
  zone: z.int().min(1).max(0xffff),
  certificate: base64url(72),
  expires: instant,
});
export const phoneEnrolled = z.object({ phone: myPhone, certificates: z.array(phoneCertificate) });
/** GET /v1/me/phones/{id}/certificates. */
export const phoneCertificates = z.object({ items: z.array(phoneCertificate) });
/** POST /v1/phones/status, public: a phone asks for itself, proving its key, even when its session is gone. */
export const phoneStatusAsk = z.object({
  id: z.string().max(64),
  timeMs: z.int(),
  proof: base64url(64).describe('signature over "campus-phone-status-v1\\0", campus id, id, time as decimal text'),
});
export const phoneStatus = z.object({ state: z.enum(PHONE_STATES), nowMs: z.int(), endedAt: instant.nullable() });

export const myCard = z
  .object({
    id: z.string(),
    ending: z.string(),
    class: credentialClass,
    state: cardState,
    mayReport: z.boolean().describe('the holder may report it lost now'),
    mayFind: z.boolean().describe('the holder may declare it found now'),
  })
  .meta({ id: 'MyCard' });
export const myCards = z.object({ items: z.array(myCard) });
/** POST /v1/me/cards/{id}/lose and …/found?waitMs=: state and how many gates confirmed. */
export const myCardChange = z.object({
  card: myCard,
  confirmation: z.object({ online: z.int(), confirmed: z.int(), confirmedMs: z.int().nullable() }).optional(),
});

export const myPassage = z.object({
  at: instant,
  portal: z.string(),
  portalName: z.string(),
  portalNameEn: z.string(),
  direction,
  outcome: z.enum(['granted', 'taken', 'not-taken', 'denied']),
  reason: z.enum(REASONS).optional(),
  with: z
    .enum(['card', 'phone', 'code', 'remote', 'keychain'])
    .describe('keychain: opened from the phone, at its lock'),
});
export const myPassages = pageOf(myPassage);
export const myPassagesQuery = z.object({ ...pageQuery });

export type MyPass = z.infer<typeof myPass>;
export type MyPhone = z.infer<typeof myPhone>;
export type PhoneEnrol = z.infer<typeof phoneEnrol>;
export type PhoneEnrolled = z.infer<typeof phoneEnrolled>;
export type PhoneCertificate = z.infer<typeof phoneCertificate>;
export type PhoneStatusAsk = z.infer<typeof phoneStatusAsk>;
export type PhoneStatus = z.infer<typeof phoneStatus>;
export type MyCard = z.infer<typeof myCard>;
export type MyCardChange = z.infer<typeof myCardChange>;
export type MyPassage = z.infer<typeof myPassage>;

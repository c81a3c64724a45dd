// SPDX-License-Identifier: Apache-2.0
// Signing in: local password, passkey, the campus's identity provider; and what a session may do (DESIGN 8). The session
// rides in an httpOnly cookie; every change also carries the session's csrf token in the header x-latchkey-csrf.
import { z } from 'zod';
import { displayName, instant, personNumber } from './common.ts';

export const ROLES = [
  'student',
  'librarian',
  'dorm-manager',
  'card-office',
  'facilities',
  'security',
  'auditor',
  'administrator',
] as const;
export const role = z.enum(ROLES);
export type Role = z.infer<typeof role>;

/** A role and where it holds: the names of buildings as people and portals carry them, or the whole campus. */
export const roleGrant = z.object({
  role,
  buildings: z.union([z.literal('all'), z.array(z.string().trim().min(1).max(60)).min(1).max(200)]),
});
export type RoleGrant = z.infer<typeof roleGrant>;

/** GET /v1/sign-in/methods, public. */
export const signInMethods = z.object({
  password: z.boolean(),
  passkey: z.boolean(),
  oidc: z.object({ name: z.string(), nameEn: z.string() }).nullable(),
});

/** GET /v1/me and the answer of every successful sign-in. */
export const me = z
  .object({
    number: personNumber.nullable().describe('null for an administrator token'),
    name: displayName,
    roles: z.array(roleGrant),
    csrf: z.string().describe('send as x-latchkey-csrf with every change'),
    mustChangePassword: z.boolean().describe('until then only the password can be changed'),
    expires: instant,
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof me>;

const password = z.string().min(1, 'give the password').max(256);
/** POST /v1/sign-in/password. */
export const passwordSignIn = z.object({ number: personNumber, password });
/** POST /v1/me/password. */
export const passwordChange = z.object({
  current: password,
  next: z.string().min(10, 'use at least 10 characters').max(256),
});

/** Options and answers are those of WebAuthn, as @simplewebauthn speaks them; the gateway checks them with that library. */
export const webAuthnJson = z.record(z.string(), z.unknown());
/** POST /v1/sign-in/passkey/options → options; POST /v1/sign-in/passkey {flow, response} → me. */
export const passkeyOptions = z.object({ flow: z.string().max(64), options: webAuthnJson });
export const passkeyAnswer = z.object({ flow: z.string().max(64), response: webAuthnJson });
/** POST /v1/me/passkeys/options → options; POST /v1/me/passkeys {flow, response, name}. */
export const passkeyRegister = passkeyAnswer.extend({ name: z.string().trim().min(1).max(60) });
export const passkey = z.object({ id: z.string(), name: z.string(), addedAt: instant, lastUsedAt: instant.nullable() });
export const passkeys = z.object({ items: z.array(passkey) });

/** GET /v1/me/sessions: where this person is signed in. DELETE /v1/me/sessions/{id} ends one. */
export const mySession = z
  .object({
    id: z.string(),
    current: z.boolean().describe('the one this request was made with'),
    method: z.enum(['password', 'passkey', 'oidc']),
    browser: z.string().describe('family of the browser; empty where it is not known'),
    signedInAt: instant,
    lastSeenAt: instant,
  })
  .meta({ id: 'MySession' });
export const mySessions = z.object({ items: z.array(mySession) });
/** POST /v1/sign-out: whoever signed in through the identity provider is sent there to sign out there, too. */
export const signedOut = z.object({ continueAt: z.url().nullable() });

/** GET /v1/people/{number}/account. */
export const account = z
  .object({
    number: personNumber,
    disabled: z.boolean().describe('may not sign in at all'),
    password: z.enum(['none', 'initial', 'chosen']),
    passwordSetAt: instant.nullable(),
    passkeys: z.int(),
    sessions: z.int(),
  })
  .meta({ id: 'Account' });
/** POST /v1/people/{number}/account/reset: ends every session and takes passkeys away, too. */
export const accountResetBody = z.object({ to: z.enum(['temporary', 'initial']).default('temporary') });
export const accountReset = z.object({
  temporaryPassword: z.string().nullable().describe('told once, good for choosing another; null for the initial one'),
});
/** PUT /v1/people/{number}/account/disabled. */
export const accountDisabled = z.object({ disabled: z.boolean() });

/** GET /v1/sign-in/oidc?return=/pass/ redirects to the identity provider; it returns to GET /v1/sign-in/oidc/callback. */
export const oidcStart = z.object({
  return: z
    .string()
    .regex(/^\/(?:pass|console|desk)\/[A-Za-z0-9/_-]*$/, 'give a path of this site, such as /pass/')
    .default('/pass/'),
});

/** PUT /v1/people/{number}/roles, administrators only. */
export const roleGrants = z.object({ items: z.array(roleGrant).max(20) });

export type PasswordSignIn = z.infer<typeof passwordSignIn>;
export type PasswordChange = z.infer<typeof passwordChange>;
export type PasskeyOptions = z.infer<typeof passkeyOptions>;
export type PasskeyAnswer = z.infer<typeof passkeyAnswer>;
export type PasskeyRegister = z.infer<typeof passkeyRegister>;
export type Passkey = z.infer<typeof passkey>;
export type MySession = z.infer<typeof mySession>;
export type SignedOut = z.infer<typeof signedOut>;
export type Account = z.infer<typeof account>;
export type AccountReset = z.infer<typeof accountReset>;

// SPDX-License-Identifier: Apache-2.0
// Signing in through the campus's identity provider: a claim names the person's number, and only people the registry knows come
// in. What the browser keeps meanwhile is sealed, so that nobody can begin a sign-in in somebody else's browser.
import { sha256Hex } from '@latchkey/protocols/bytes/hash';
import { err, ok, type Result } from '@latchkey/protocols/result';
import { z } from 'zod';
import type { OidcClient } from '../../adapters/oidc-client.ts';
import type { OidcRefusal } from '../../http/sign-in-services.ts';
import type { Log } from '../log.ts';
import type { Sealer } from '../registry/prf-keys.ts';
import type { AccountPerson, Accounts } from './accounts.ts';

export const OIDC_CALLBACK = '/v1/sign-in/oidc/callback';
/** How long somebody may take at the provider's page. */
export const OIDC_LIFE_SECONDS = 15 * 60;

export interface OidcOptions {
  readonly client: OidcClient;
  readonly sealer: Sealer;
  readonly accounts: Pick<Accounts, 'find'>;
  /** Name of the claim that holds the number; dots lead into objects, as in `attributes.uid`. */
  readonly numberClaim: string;
  readonly nowMs: () => number;
  readonly useUp: (id: string, lifeMs: number) => Promise<boolean>;
  readonly log: Log;
}

export interface OidcArrival {
  readonly person: AccountPerson;
  readonly returnTo: string;
  /** Sealed, for signing out there. */
  readonly idToken: string | null;
}

export interface OidcSignIn {
  start(origin: string, returnTo: string): Promise<Result<{ url: string; sealed: string }, OidcRefusal>>;
  finish(origin: string, query: string, sealed: string | undefined): Promise<Result<OidcArrival, OidcRefusal>>;
  endSession(sealedIdToken: string, origin: string): Promise<string | undefined>;
}

const keptState = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  origin: z.string(),
  returnTo: z.string(),
  untilMs: z.number(),
});
type Kept = z.infer<typeof keptState>;

/** Kept for signing out at the provider; a longer one is left out, and the person is signed out here only. */
const LONGEST_ID_TOKEN = 8_000;

export function createOidcSignIn(options: OidcOptions): OidcSignIn {
  const { client, sealer, nowMs, log } = options;
  return {
    async start(origin, returnTo) {
      const begun = await client.authorize(origin + OIDC_CALLBACK);
      if (!begun.ok) {
        log.warn({ reason: begun.detail }, 'identity provider not reached');
        return begun;
      }
      const untilMs = nowMs() + OIDC_LIFE_SECONDS * 1_000;
      const state: Kept = { ...begun.value.checks, origin, returnTo, untilMs };
      return ok({ url: begun.value.url, sealed: sealText(sealer, JSON.stringify(state)) });
    },
    finish: (origin, query, sealed) => finish(options, origin, query, sealed),
    async endSession(sealedIdToken, origin) {
      const idToken = openText(sealer, sealedIdToken);
      return idToken === undefined ? undefined : client.endSession(idToken, `${origin}/pass/`);
    },
  };
}

async function finish(
  { client, sealer, accounts, numberClaim, nowMs, useUp, log }: OidcOptions,
  origin: string,
  query: string,
  sealed: string | undefined,
): Promise<Result<OidcArrival, OidcRefusal>> {
  const state = readKept(sealer, sealed);
  if (state === undefined || state.untilMs <= nowMs() || state.origin !== origin) return err('state-unknown');
  const callback = new URL(`${origin}${OIDC_CALLBACK}?${query}`);
  if (callback.searchParams.get('state') !== state.state) return err('state-unknown');
  const used = `oidc ${sha256Hex(new TextEncoder().encode(state.state))}`;
  if (!(await useUp(used, OIDC_LIFE_SECONDS * 1_000))) return err('state-unknown');
  const identity = await client.redeem(callback, state);
  if (!identity.ok) {
    log.warn({ reason: identity.detail, outcome: identity.code }, 'identity provider did not vouch');
    return identity;
  }
  const number = claimOf(identity.value.claims, numberClaim);
  if (number === undefined) log.warn({ claim: numberClaim }, 'identity provider sent no such claim');
  const person = number === undefined ? undefined : await accounts.find(number);
  if (person === undefined) return err('person-unknown');
  const { idToken } = identity.value;
  const kept = idToken.length > LONGEST_ID_TOKEN ? null : sealText(sealer, idToken);
  return ok({ person, returnTo: state.returnTo, idToken: kept });
}

/** Numbers are texts: some providers send 2026000001 as a number, and one with leading zeros would be another then. */
export function claimOf(claims: Readonly<Record<string, unknown>>, path: string): string | undefined {
  const value = path.split('.').reduce<unknown>((below, name) => {
    const inner = typeof below === 'object' && below !== null && Object.hasOwn(below, name);
    return inner ? (below as Record<string, unknown>)[name] : undefined;
  }, claims);
  // CAS sends attributes as lists of one.
  const one = Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value;
  if (typeof one === 'number' && Number.isSafeInteger(one)) return String(one);
  return typeof one === 'string' && one.trim() !== '' ? one.trim() : undefined;
}

const sealText = (sealer: Sealer, text: string): string =>
  Buffer.from(sealer.seal(Buffer.from(text, 'utf8'))).toString('base64url');

function openText(sealer: Sealer, sealed: string): string | undefined {
  if (sealed.length < 40 || sealed.length > 16_000 || !/^[A-Za-z0-9_-]+$/.test(sealed)) return undefined;
  try {
    return Buffer.from(sealer.open(Buffer.from(sealed, 'base64url'))).toString('utf8');
  } catch {
    return undefined;
  }
}

function readKept(sealer: Sealer, sealed: string | undefined): Kept | undefined {
  const text = sealed === undefined ? undefined : openText(sealer, sealed);
  if (text === undefined) return undefined;
  const read = keptState.safeParse(parse(text));
  return read.success ? read.data : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

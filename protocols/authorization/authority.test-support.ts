// SPDX-License-Identifier: Apache-2.0
// A campus for tests: keys, a root document, lists of a few credentials. Keys are made anew in every run.
import type { JWK } from 'jose';
import type { Result } from '../result.ts';
import { cardId, createPrf } from './credential-id.ts';
import {
  generateSigningJwk,
  importSigningKey,
  type Keyring,
  type PublicJwk,
  type SigningKey,
  toPublicJwk,
} from './keys.ts';
import { buildList, type ListEntries, type ListPlan, type SealedList, sealList } from './list-build.ts';
import { encodePolicy, type PolicyDocument } from './policy.ts';
import { NO_END } from './record.ts';
import { acceptRoot, encodeRoot, type RootDocument, rootDigest, signRoot } from './root-document.ts';

export const CAMPUS = '00c0ffee00c0ffee';
export const SCOPE = 7;
export const NOW_MS = Date.UTC(2026, 10, 22, 4, 0);
export const NOW_MINUTE = NOW_MS / 60_000;
export const PRF_KEY = Uint8Array.from({ length: 16 }, (_, at) => at);
export const CAMPUS_PRF_KEY = Uint8Array.from({ length: 16 }, (_, at) => 0xf0 + at);

export function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.code}: ${result.detail ?? ''}`);
  return result.value;
}

export const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.code);

export interface TestKey {
  readonly jwk: PublicJwk;
  readonly private: JWK;
  readonly key: SigningKey;
}

export async function makeKey(alg: 'EdDSA' | 'ES256' = 'EdDSA'): Promise<TestKey> {
  const jwk = await generateSigningJwk(alg);
  return { jwk: must(toPublicJwk(jwk)), private: jwk, key: must(await importSigningKey(jwk)) };
}

export interface Authority {
  readonly roots: readonly TestKey[];
  readonly list: TestKey;
  readonly deny: TestKey;
  readonly command: TestKey;
  readonly document: RootDocument;
  readonly rootFrame: Uint8Array;
  readonly keyring: Keyring;
}

export async function makeAuthority(alg: 'EdDSA' | 'ES256' = 'EdDSA'): Promise<Authority> {
  const roots = [await makeKey(), await makeKey(), await makeKey()];
  const list = await makeKey(alg);
  const deny = await makeKey(alg);
  const command = await makeKey(alg);
  const document: RootDocument = {
    version: 1,
    epoch: 1,
    campusId: CAMPUS,
    threshold: 2,
    rootKeys: roots.map(({ jwk }) => jwk),
    keys: [
      { role: 'list', scopes: [SCOPE, SCOPE + 1], jwk: list.jwk },
      { role: 'deny', scopes: 'all', jwk: deny.jwk },
      { role: 'command', scopes: 'all', jwk: command.jwk },
    ],
    issuedAtMs: NOW_MS - 86_400_000,
  };
  const rootFrame = await signRoot(
    document,
    roots.slice(0, 2).map(({ key }) => key),
  );
  const accepted = must(await acceptRoot({ kind: 'pinned', digest: rootDigest(encodeRoot(document)) }, rootFrame));
  return { roots, list, deny, command, document, rootFrame, keyring: accepted.keyring };
}

export const POLICY: PolicyDocument = {
  format: 1,
  timeZone: 'Asia/Shanghai',
  holidays: ['2026-10-01'],
  schedules: [
    {
      id: 'always',
      intervals: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', until: '24:00' }],
      onHolidays: 'as-usual',
    },
    {
      id: 'night',
      intervals: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '22:00', until: '06:00' }],
      onHolidays: 'as-usual',
    },
  ],
  portals: [
    {
      id: 'north-gate' as never,
      antiPassback: { mode: 'hard', in: 'dormitory', out: 'outside' },
      assurance: [{ class: 'authenticated-card', schedule: 1 }],
      afterExpiry: 'keep-residents',
      askGateway: true,
    },
    { id: 'laboratory' as never, antiPassback: { mode: 'off' }, afterExpiry: 'refuse-all', askGateway: false },
  ],
  profiles: [
    { rules: [{ portals: [0], schedule: 0 }], kind: 'resident' },
    { rules: [{ portals: [0, 1], schedule: 0 }], kind: 'staff' },
    {
      rules: [{ portals: [0], schedule: 0, fromMinute: NOW_MINUTE - 60, untilMinute: NOW_MINUTE + 60 }],
      kind: 'visitor',
    },
  ],
};

export const uidOf = (number: number): Uint8Array => Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number);
export const idOf = (number: number): Uint8Array => cardId(uidOf(number));

/** Cards 0 to count-1 (or the numbers given), profile 0, no end. */
export function entriesOf(numbers: readonly number[]): ListEntries {
  const ids = new Uint8Array(numbers.length * 16);
  numbers.forEach((number, at) => ids.set(idOf(number), at * 16));
  return {
    ids,
    profiles: new Uint16Array(numbers.length),
    flags: new Uint8Array(numbers.length),
    classes: new Uint8Array(numbers.length),
    until: new Uint32Array(numbers.length).fill(NO_END),
  };
}

export const range = (count: number, first = 0): number[] => Array.from({ length: count }, (_, at) => first + at);

export const planOf = (change: Partial<ListPlan> = {}): ListPlan => ({
  campusId: CAMPUS,
  scopeId: SCOPE,
  epoch: 1,
  version: 1,
  issuedAtMs: NOW_MS,
  refreshBy: NOW_MINUTE + 1_440,
  hardExpiry: NOW_MINUTE + 10_080,
  denySeq: 0,
  previousHeadHash: new Uint8Array(32),
  prfKeyId: 1,
  prf: createPrf(PRF_KEY),
  policy: encodePolicy(POLICY),
  entries: entriesOf(range(20)),
  ...change,
});

export const makeList = async (key: SigningKey, change: Partial<ListPlan> = {}): Promise<SealedList> =>
  sealList(must(buildList(planOf({ algorithm: key.alg, ...change }))), key);

/** Every way of flipping one bit is too many for long inputs: this many, spread evenly. */
export function* bitFlips(bytes: Uint8Array, most = 400): Generator<Uint8Array> {
  const bits = bytes.length * 8;
  const step = Math.max(1, Math.floor(bits / most));
  for (let bit = 0; bit < bits; bit += step) {
    const flipped = new Uint8Array(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield flipped;
  }
}

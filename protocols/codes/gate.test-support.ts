// SPDX-License-Identifier: Apache-2.0
// A gate with a list of phones and the phones themselves, for the tests of codes.

import {
  type Authority,
  CAMPUS,
  CAMPUS_PRF_KEY,
  makeAuthority,
  must,
  NOW_MS,
  POLICY,
  PRF_KEY,
  planOf,
  SCOPE,
} from '../authorization/authority.test-support.ts';
import { createPrf, phoneId } from '../authorization/credential-id.ts';
import { type DenyOverlay, EMPTY_OVERLAY } from '../authorization/deny-overlay.ts';
import { buildList, type ListEntries, type SealedList, sealList } from '../authorization/list-build.ts';
import { encodeListFile } from '../authorization/list-file.ts';
import { type AuthorizationList, loadList } from '../authorization/list-load.ts';
import { encodePolicy, type PolicyDocument } from '../authorization/policy.ts';
import { NO_END } from '../authorization/record.ts';
import { toHex } from '../bytes/hex.ts';
import { type CodeCheck, type CodeContext, checkCode } from './check-code.ts';
import { type CodePlan, generatePhoneKeys, makeCode, type PhoneKey, phoneKeyOf } from './make-code.ts';
import { createSeenCodes, type SeenCodes } from './seen-codes.ts';

export const ZONE = 12;
export const PORTAL = 'north-gate';
export const ZONE_POLICY: PolicyDocument = {
  ...POLICY,
  zone: ZONE,
  portals: POLICY.portals.map((portal) => ({ ...portal, askGateway: false })),
  profiles: [...POLICY.profiles, { rules: [{ portals: [0], schedule: 1 }], kind: 'resident' }],
};
/** Profile that has a right at the gate by night only; the tests' day is noon. */
export const NIGHT_ONLY = POLICY.profiles.length;
export const ALGORITHMS = ['ES256', 'EdDSA'] as const;

export const makePhone = async (algorithm: 'ES256' | 'EdDSA' = 'ES256'): Promise<PhoneKey> =>
  phoneKeyOf(await generatePhoneKeys(algorithm));
export const idOfPhone = ({ algorithm, publicKey }: PhoneKey): Uint8Array => phoneId(algorithm, publicKey);

export interface Listed {
  readonly phone: PhoneKey;
  readonly profile?: number;
  readonly flags?: number;
  readonly untilMinute?: number;
}

function entriesOf(listed: readonly Listed[]): ListEntries {
  const ids = new Uint8Array(listed.length * 16);
  listed.forEach(({ phone }, at) => ids.set(idOfPhone(phone), at * 16));
  return {
    ids,
    profiles: Uint16Array.from(listed, ({ profile }) => profile ?? 0),
    flags: Uint8Array.from(listed, ({ flags }) => flags ?? 0),
    classes: new Uint8Array(listed.length),
    until: Uint32Array.from(listed, ({ untilMinute }) => untilMinute ?? NO_END),
  };
}

export async function listOf(
  authority: Authority,
  listed: readonly Listed[],
  policy: PolicyDocument = ZONE_POLICY,
): Promise<AuthorizationList> {
  const plan = planOf({ policy: encodePolicy(policy), entries: entriesOf(listed) });
  const sealed: SealedList = await sealList(must(buildList(plan)), authority.list.key);
  const trust = { keyring: authority.keyring, campusId: CAMPUS, scopeId: SCOPE };
  return must(await loadList(encodeListFile(sealed), trust));
}

export interface Gate {
  readonly seen: SeenCodes;
  readonly context: CodeContext;
  check(text: string, change?: Partial<CodeContext>): CodeCheck;
  /** As a controller does: what was granted is noted. */
  present(text: string, change?: Partial<CodeContext>): CodeCheck;
}

export function gateWith(list: AuthorizationList | undefined, change: Partial<CodeContext> = {}): Gate {
  const seen = createSeenCodes();
  const context: CodeContext = {
    list,
    overlay: EMPTY_OVERLAY,
    scopePrf: createPrf(PRF_KEY),
    campusPrf: createPrf(CAMPUS_PRF_KEY),
    portal: PORTAL,
    direction: 'in',
    reader: 'scanner-1',
    instant: { ms: NOW_MS, quality: 'synced' },
    atMs: 50_000,
    driftMs: 0,
    bootMs: NOW_MS - 3_600_000,
    campusId: CAMPUS,
    zone: ZONE,
    seen,
    keyring: undefined,
    challenges: [],
    ...change,
  };
  const check = (text: string, now: Partial<CodeContext> = {}) => checkCode(text, { ...context, ...now });
  return {
    seen,
    context,
    check,
    present(text, now = {}) {
      const checked = check(text, now);
      if (checked.kind !== 'identified' || checked.decision.outcome !== 'granted') return checked;
      const at = { ...context, ...now };
      if (checked.acceptance.seen) seen.raise(checked.acceptance.seen, at.instant.ms);
      seen.noteGrant(at.reader, text, at.atMs);
      return checked;
    },
  };
}

export const planAt = (offsetMs = 0): CodePlan => ({ campusId: CAMPUS, zone: ZONE, timeMs: NOW_MS + offsetMs });
export const codeAt = (phone: PhoneKey, offsetMs = 0): Promise<string> => makeCode(phone, planAt(offsetMs));
export const at = (offsetMs: number): Partial<CodeContext> => ({
  instant: { ms: NOW_MS + offsetMs, quality: 'synced' },
  atMs: 50_000 + offsetMs,
});

/** What the check came to in one word: `granted`, `repeat`, or the reason; `!` in front where nobody was named. */
export function verdict(checked: CodeCheck): string {
  if (checked.kind === 'repeat') return 'repeat';
  if (checked.kind === 'refused') return `!${checked.reason}`;
  return checked.decision.reason ?? checked.decision.outcome;
}

export const denying = (phone: PhoneKey): DenyOverlay => ({
  ...EMPTY_OVERLAY,
  epoch: 1,
  seq: 1,
  entries: new Map([
    [toHex(createPrf(CAMPUS_PRF_KEY).key(idOfPhone(phone))), { epoch: 1, seq: 1, reason: 'lost', minute: 1 }],
  ]),
});

export { makeAuthority, must, NOW_MS };

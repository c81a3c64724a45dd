// SPDX-License-Identifier: Apache-2.0
// Policy made ready for decisions: references resolved, schedules in minutes, portals by id, a wall clock of the zone.

import { decodeJson } from '../bytes/canonical-json.ts';
import { sha256 } from '../bytes/hash.ts';
import { CREDENTIAL_CLASSES } from '../ids.ts';
import { err, ok, type Result } from '../result.ts';
import { MAX_POLICY_BYTES } from './limits.ts';
import {
  type HolderKind,
  type PolicyDocument,
  type PolicyPortal,
  type PolicyProfile,
  type PolicyRule,
  policyDocument,
} from './policy-document.ts';
import { type Calendar, type CompiledSchedule, compileSchedule, dayOf } from './schedule.ts';
import { createZoneClock } from './zone-clock.ts';

export { encodePolicy, type PolicyDocument, policyDocument } from './policy-document.ts';

export interface CompiledRule {
  readonly in: boolean;
  readonly out: boolean;
  readonly schedule: CompiledSchedule;
  /** Epoch milliseconds: from ≤ now < until. */
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface CompiledProfile {
  readonly kind: HolderKind;
  readonly curfewClass: string | undefined;
  /** Number of the weakest class admitted. */
  readonly assurance: number;
  /** By index of the portal. */
  readonly rules: ReadonlyMap<number, readonly CompiledRule[]>;
}

export interface CompiledPortal {
  readonly index: number;
  readonly id: string;
  readonly antiPassback: PolicyPortal['antiPassback'];
  readonly assurance: readonly { readonly least: number; readonly schedule: CompiledSchedule }[];
  readonly afterExpiry: PolicyPortal['afterExpiry'];
  readonly askGateway: boolean;
}

export interface CompiledPolicy extends Calendar {
  readonly document: PolicyDocument;
  /** SHA-256 of the bytes: the head's policyRoot. */
  readonly digest: Uint8Array;
  readonly portals: ReadonlyMap<string, CompiledPortal>;
  readonly profiles: readonly CompiledProfile[];
  readonly schedules: readonly CompiledSchedule[];
}

export type PolicyError =
  | 'policy-too-large'
  | 'policy-not-json'
  | 'policy-invalid'
  | 'unknown-zone'
  | 'unknown-reference'
  | 'duplicate-portal';

export function compilePolicy(bytes: Uint8Array): Result<CompiledPolicy, PolicyError> {
  if (bytes.length > MAX_POLICY_BYTES)
    return err('policy-too-large', `a policy takes at most ${MAX_POLICY_BYTES} bytes`);
  const json = decodeJson(bytes);
  if (json === undefined) return err('policy-not-json', 'the policy is no UTF-8 JSON text');
  const parsed = policyDocument.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return err('policy-invalid', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`);
  }
  const document = parsed.data;
  const dangling = findDangling(document);
  if (!dangling.ok) return dangling;
  const zone = createZoneClock(document.timeZone);
  if (!zone.ok) return zone;
  const schedules = document.schedules.map(compileSchedule);
  const portals = new Map(
    document.portals.map((portal, index) => [portal.id, compilePortal(portal, index, schedules)]),
  );
  if (portals.size !== document.portals.length) return err('duplicate-portal', 'two portals have the same id');
  return ok({
    document,
    digest: sha256(bytes),
    zone: zone.value,
    holidays: new Set(document.holidays.map(dayOf)),
    schedules,
    portals,
    profiles: document.profiles.map((profile) => compileProfile(profile, schedules)),
  });
}

function findDangling({ portals, profiles, schedules }: PolicyDocument): Result<null, 'unknown-reference'> {
  for (const [at, portal] of portals.entries()) {
    const bad = portal.assurance?.find((rule) => rule.schedule >= schedules.length);
    if (bad) return err('unknown-reference', `portals.${at}.assurance: there is no schedule ${bad.schedule}`);
  }
  for (const [at, profile] of profiles.entries()) {
    for (const [ruleAt, rule] of profile.rules.entries()) {
      const where = `profiles.${at}.rules.${ruleAt}`;
      if (rule.schedule >= schedules.length) return err('unknown-reference', `${where}: no schedule ${rule.schedule}`);
      const bad = rule.portals.find((portal) => portal >= portals.length);
      if (bad !== undefined) return err('unknown-reference', `${where}: there is no portal ${bad}`);
    }
  }
  return ok(null);
}

function compilePortal(portal: PolicyPortal, index: number, schedules: readonly CompiledSchedule[]): CompiledPortal {
  return {
    index,
    id: portal.id,
    antiPassback: portal.antiPassback,
    afterExpiry: portal.afterExpiry,
    askGateway: portal.askGateway,
    assurance: (portal.assurance ?? []).map((rule) => ({
      least: CREDENTIAL_CLASSES[rule.class],
      schedule: schedules[rule.schedule] as CompiledSchedule,
    })),
  };
}

function compileProfile(profile: PolicyProfile, schedules: readonly CompiledSchedule[]): CompiledProfile {
  const rules = new Map<number, CompiledRule[]>();
  for (const rule of profile.rules) {
    const compiled = compileRule(rule, schedules);
    for (const portal of new Set(rule.portals)) {
      const sameDoor = rules.get(portal);
      if (sameDoor) sameDoor.push(compiled);
      else rules.set(portal, [compiled]);
    }
  }
  const assurance = profile.assurance === undefined ? 0 : CREDENTIAL_CLASSES[profile.assurance];
  return { kind: profile.kind, curfewClass: profile.curfewClass, assurance, rules };
}

function compileRule(rule: PolicyRule, schedules: readonly CompiledSchedule[]): CompiledRule {
  const { directions, fromMinute, untilMinute } = rule;
  return {
    in: directions?.includes('in') ?? true,
    out: directions?.includes('out') ?? true,
    schedule: schedules[rule.schedule] as CompiledSchedule,
    fromMs: fromMinute === undefined ? 0 : fromMinute * 60_000,
    untilMs: untilMinute === undefined ? Number.POSITIVE_INFINITY : untilMinute * 60_000,
  };
}

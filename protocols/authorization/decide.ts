// SPDX-License-Identifier: Apache-2.0
// May this credential pass here, now? One pure function for controllers, for the gateway's explainer and for simulators
// (DESIGN 5). The rules are a table in the order in which they refuse; the first that does gives the reason.
import { CREDENTIAL_CLASSES, type CredentialClass, type Direction } from '../ids.ts';
import type { Reason } from '../mqtt/reasons.ts';
import type { Prf } from './credential-id.ts';
import { type DenyOverlay, isDenied } from './deny-overlay.ts';
import type { AuthorizationList } from './list-load.ts';
import type { CompiledPolicy, CompiledPortal, CompiledProfile, CompiledRule } from './policy.ts';
import type { AntiPassbackMode, HolderKind } from './policy-document.ts';
import { RECORD_FLAGS, type RecordContent } from './record.ts';
import { isActiveAt } from './schedule.ts';
import type { Instant } from './signed-time.ts';
import type { LocalTime } from './zone-clock.ts';

export interface AntiPassbackRequirement {
  readonly mode: AntiPassbackMode;
  /** Area entered by this passage. */
  readonly area?: string;
  /** Area that it leaves: the other direction's. */
  readonly leaves?: string;
  /** timed: how long the same area may not be entered again. */
  readonly minutes?: number;
  readonly exempt: boolean;
}

export interface Decision {
  readonly outcome: 'granted' | 'denied';
  readonly reason?: Reason;
  /** Of the list that decided; 0 without one. */
  readonly scope: number;
  readonly version: number;
  /** Index into the policy's profiles; absent where the credential is in no list. */
  readonly profile?: number;
  /** Longer times at the door for this holder. */
  readonly extended: boolean;
  readonly antiPassback: AntiPassbackRequirement;
  readonly holder: HolderKind | undefined;
  /** The portal wants the gateway asked about credentials unknown here. */
  readonly askGateway: boolean;
}

/** What a list says, without the list: the gateway explains from its registry what a list would decide. */
export interface Rulebook {
  readonly scope: number;
  readonly version: number;
  /** Epoch minute (UTC). */
  readonly hardExpiry: number;
  readonly policy: CompiledPolicy;
}

export interface Passage {
  readonly portal: string;
  readonly direction: Direction;
  readonly class: CredentialClass;
  readonly instant: Instant;
}

export interface DecisionInput {
  readonly list: AuthorizationList | undefined;
  readonly overlay: DenyOverlay;
  readonly credential: { readonly id: Uint8Array; readonly class: CredentialClass };
  readonly portal: string;
  readonly direction: Direction;
  readonly instant: Instant;
  /** The key that the list's head names; without it no list can be read. */
  readonly scopePrf: Prf | undefined;
  /** The campus key, under which denies are. */
  readonly campusPrf: Prf | undefined;
}

export const RULES = [
  'list-present',
  'not-denied',
  'in-list',
  'enabled',
  'not-expired',
  'list-in-force',
  'right-at-portal',
  'valid-period',
  'schedule',
  'assurance',
] as const;
export type RuleName = (typeof RULES)[number];

export interface Explanation {
  readonly decision: Decision;
  /** Rules in order, up to and with the one that refused. */
  readonly steps: readonly { readonly rule: RuleName; readonly reason?: Reason }[];
}

interface Facts {
  readonly book: Rulebook | undefined;
  readonly record: RecordContent | undefined;
  readonly denied: boolean;
  readonly passage: Passage;
  readonly portal: CompiledPortal | undefined;
  readonly profile: CompiledProfile | undefined;
}

export function decide(input: DecisionInput): Decision {
  return decideOn(factsOf(input));
}

/** The same decision with the rules that led to it. */
export function explain(input: DecisionInput): Explanation {
  return explainFacts(factsOf(input));
}

/** For whoever knows the record without a list: the gateway's registry, a keychain. */
export const explainRecord = (
  book: Rulebook,
  record: RecordContent | undefined,
  denied: boolean,
  passage: Passage,
): Explanation => explainFacts(gather(book, record, denied, passage));

function factsOf(input: DecisionInput): Facts {
  const { list, overlay, credential, portal, direction, instant, scopePrf, campusPrf } = input;
  const passage = { portal, direction, class: credential.class, instant };
  // With denies pending and no key to read them by, nobody can be told from someone denied.
  const blind = scopePrf === undefined || (campusPrf === undefined && overlay.entries.size > 0);
  if (!list || !scopePrf || blind) return gather(undefined, undefined, false, passage);
  const denied = overlay.entries.size > 0 && campusPrf !== undefined && isDenied(overlay, campusPrf.key(credential.id));
  const { scopeId, version, hardExpiry } = list.head;
  const book = { scope: scopeId, version, hardExpiry, policy: list.policy };
  return gather(book, list.find(scopePrf.key(credential.id)), denied, passage);
}

function gather(
  book: Rulebook | undefined,
  record: RecordContent | undefined,
  denied: boolean,
  passage: Passage,
): Facts {
  const portal = book?.policy.portals.get(passage.portal);
  const profile = record === undefined ? undefined : book?.policy.profiles[record.profile];
  return { book, record, denied, passage, portal, profile };
}

function decideOn(facts: Facts): Decision {
  for (const rule of RULES) {
    const reason = refusal(rule, facts);
    if (reason !== undefined) return conclude(facts, reason);
  }
  return conclude(facts, undefined);
}

function explainFacts(facts: Facts): Explanation {
  const steps: { rule: RuleName; reason?: Reason }[] = [];
  for (const rule of RULES) {
    const reason = refusal(rule, facts);
    if (reason !== undefined) return { decision: conclude(facts, reason), steps: [...steps, { rule, reason }] };
    steps.push({ rule });
  }
  return { decision: conclude(facts, undefined), steps };
}

function refusal(rule: RuleName, facts: Facts): Reason | undefined {
  const { book, record, denied, passage, profile, portal } = facts;
  if (book === undefined) return 'ListMissing';
  if (rule === 'list-present') return undefined;
  if (rule === 'not-denied') return denied ? 'CredentialDenied' : undefined;
  if (record === undefined || profile === undefined) return 'UnknownCredential';
  const nowMs = passage.instant.ms;
  switch (rule) {
    case 'in-list':
      return undefined;
    case 'enabled':
      return (record.flags & RECORD_FLAGS.blocked) === 0 ? undefined : 'CredentialNotEnabled';
    case 'not-expired':
      return nowMs < record.untilMinute * 60_000 ? undefined : 'CredentialExpired';
    case 'list-in-force':
      return mayPassAfterExpiry(book, portal, profile, passage) ? undefined : 'ListExpired';
    case 'right-at-portal':
      return rulesFor(portal, profile, passage).length > 0 ? undefined : 'Unauthorized';
    case 'valid-period':
      return validPeriod(rulesFor(portal, profile, passage), nowMs);
    case 'schedule': {
      const at = book.policy.zone.local(nowMs);
      const valid = rulesFor(portal, profile, passage).filter((right) => isValid(right, nowMs));
      const active = valid.some(({ schedule }) => isActiveAt(schedule, book.policy.holidays, at));
      return active ? undefined : 'NotPermittedAtThisTime';
    }
    case 'assurance': {
      const least = leastClass(book.policy, portal, profile, record, book.policy.zone.local(nowMs));
      return CREDENTIAL_CLASSES[passage.class] >= least ? undefined : 'AssuranceTooLow';
    }
    default:
      return rule satisfies never;
  }
}

/** Past the hard expiry the portal's own policy applies; leaving stays free of it. */
function mayPassAfterExpiry(
  book: Rulebook,
  portal: CompiledPortal | undefined,
  profile: CompiledProfile,
  { instant, direction }: Passage,
): boolean {
  if (instant.ms < book.hardExpiry * 60_000 || direction === 'out') return true;
  switch (portal?.afterExpiry) {
    case 'keep-all':
      return true;
    case 'keep-residents':
      return profile.kind === 'resident';
    default:
      return false;
  }
}

const NO_RULES: readonly CompiledRule[] = [];

function rulesFor(
  portal: CompiledPortal | undefined,
  profile: CompiledProfile,
  { direction }: Passage,
): readonly CompiledRule[] {
  const rules = portal === undefined ? NO_RULES : (profile.rules.get(portal.index) ?? NO_RULES);
  return rules.every((rule) => rule[direction]) ? rules : rules.filter((rule) => rule[direction]);
}

const isValid = ({ fromMs, untilMs }: CompiledRule, nowMs: number): boolean => fromMs <= nowMs && nowMs < untilMs;

function validPeriod(rules: readonly CompiledRule[], nowMs: number): Reason | undefined {
  if (rules.some((rule) => isValid(rule, nowMs))) return undefined;
  // One right yet to come says more than another that is over.
  return rules.some(({ fromMs }) => nowMs < fromMs) ? 'CredentialNotActive' : 'CredentialExpired';
}

/** Strongest of what the record, the profile and, at this hour, the portal demand. */
function leastClass(
  policy: CompiledPolicy,
  portal: CompiledPortal | undefined,
  profile: CompiledProfile,
  record: RecordContent,
  at: LocalTime,
): number {
  let least = Math.max(record.credentialClass, profile.assurance);
  for (const demand of portal?.assurance ?? []) {
    if (demand.least > least && isActiveAt(demand.schedule, policy.holidays, at)) least = demand.least;
  }
  return least;
}

function conclude(facts: Facts, reason: Reason | undefined): Decision {
  const { book, record, profile, portal } = facts;
  const flags = record?.flags ?? 0;
  return {
    outcome: reason === undefined ? 'granted' : 'denied',
    ...(reason === undefined ? {} : { reason }),
    scope: book?.scope ?? 0,
    version: book?.version ?? 0,
    ...(record === undefined ? {} : { profile: record.profile }),
    extended: (flags & RECORD_FLAGS.extendedAccess) !== 0,
    antiPassback: antiPassbackOf(portal, facts.passage, (flags & RECORD_FLAGS.antiPassbackExempt) !== 0),
    holder: profile?.kind,
    askGateway: portal?.askGateway ?? false,
  };
}

function antiPassbackOf(
  portal: CompiledPortal | undefined,
  { direction }: Passage,
  exempt: boolean,
): AntiPassbackRequirement {
  if (portal === undefined) return { mode: 'off', exempt };
  const { mode, minutes } = portal.antiPassback;
  const area = portal.antiPassback[direction];
  const leaves = portal.antiPassback[direction === 'in' ? 'out' : 'in'];
  return {
    mode,
    ...(area === undefined ? {} : { area }),
    ...(leaves === undefined ? {} : { leaves }),
    ...(minutes === undefined ? {} : { minutes }),
    exempt,
  };
}

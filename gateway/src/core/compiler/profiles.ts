// SPDX-License-Identifier: Apache-2.0
// Profiles of a list: everyone with the same kind, the same levels and the same beginning shares one (lists-and-codes, RECORD).
import type {
  HolderKind,
  LoanTerms,
  PolicyProfile,
  PolicyRule,
} from '@latchkey/protocols/authorization/policy-document';
import { canonicalJson } from '@latchkey/protocols/bytes/canonical-json';

export interface ProfileKey {
  readonly kind: HolderKind;
  /** Indexes of levels, rising. */
  readonly levels: readonly number[];
  /** Epoch minute from which the holder may pass at all; absent: since ever. */
  readonly fromMinute: number | undefined;
  readonly loans?: LoanTerms | undefined;
}

export interface ProfileTable {
  /** Number of the profile until `finish`. */
  take(key: ProfileKey): number;
  /** The profiles in their final order, and for every number given out its place in it. */
  finish(): { readonly profiles: readonly PolicyProfile[]; readonly places: Uint32Array };
}

interface Entry {
  readonly profile: PolicyProfile;
  readonly text: string;
  readonly fromMinute: number;
}

export function createProfileTable(levelRules: readonly PolicyRule[]): ProfileTable {
  const numbers = new Map<string, number>();
  const entries: Entry[] = [];
  return {
    take(key) {
      const loans = key.loans && canonicalJson(key.loans);
      const name = `${key.kind}|${key.levels.join()}|${key.fromMinute ?? ''}|${loans ?? ''}`;
      const known = numbers.get(name);
      if (known !== undefined) return known;
      const profile = {
        kind: key.kind,
        rules: rulesOf(key, levelRules),
        ...(key.loans === undefined ? {} : { loans: key.loans }),
      };
      numbers.set(name, entries.length);
      entries.push({ profile, text: canonicalJson(profile), fromMinute: key.fromMinute ?? 0 });
      return entries.length - 1;
    },
    finish: () => arrange(entries),
  };
}

/** A holder's own beginning holds for each of the rules. */
const rulesOf = ({ levels, fromMinute }: ProfileKey, levelRules: readonly PolicyRule[]): PolicyRule[] =>
  levels.map((index) => {
    const rule = levelRules[index] as PolicyRule;
    const latest = Math.max(fromMinute ?? 0, rule.fromMinute ?? 0);
    return latest === 0 ? rule : { ...rule, fromMinute: latest };
  });

/**
 * The order depends on the content alone. Beginnings come last, by time: a newcomer's profile then goes to the end, and the
 * records of everyone else keep their numbers, and so the delta is small.
 */
function arrange(entries: readonly Entry[]): ReturnType<ProfileTable['finish']> {
  const order = entries
    .map((entry, number) => ({ ...entry, number }))
    .sort((one, other) => one.fromMinute - other.fromMinute || compareText(one.text, other.text));
  const places = new Uint32Array(entries.length);
  const profiles: PolicyProfile[] = [];
  let last: string | undefined;
  for (const { number, profile, text } of order) {
    if (text !== last) profiles.push(profile);
    last = text;
    places[number] = profiles.length - 1;
  }
  return { profiles, places };
}

export const compareText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

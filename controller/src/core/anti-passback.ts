// SPDX-License-Identifier: Apache-2.0
// Anti-passback: who is in which area, so that one card does not let two people in (reference: door, Granted is not entered).
// A passage counts once it was taken, and whose place is not known passes: first use, and whoever was not seen for a day. With
// both areas of a passage named, one has to be in the one it leaves, as controllers of the field have it. Bounded: the longest
// unseen are forgotten, which forgives them. A door with a request to exit lets out whomever this refuses.
import type { Direction, PortalId } from '@latchkey/protocols/ids';
import { z } from 'zod';

/** What a passage means for one's place. Neither: nothing. */
export interface PassageAreas {
  /** The area this passage enters. */
  readonly area?: string | undefined;
  /** The area it leaves: only whoever is there may. */
  readonly leaves?: string | undefined;
}

/** From the policy of the portal, for one direction. */
export interface PassageRule extends PassageAreas {
  readonly mode: 'off' | 'soft' | 'hard' | 'timed';
  /** timed: a second passage within this time is refused. */
  readonly minutes?: number | undefined;
  readonly exempt: boolean;
}

export interface PassedBy {
  /** Reference of the credential, 16 hex digits. */
  readonly ref: string;
  readonly portal: PortalId;
  readonly direction: Direction;
}

const lastPassage = z.object({
  ref: z.string(),
  /** Where one is. Null: where no area has a name. Absent: not known. */
  area: z.string().nullable().optional(),
  /** When one came there; absent in files of old: with the last passage. */
  areaAtMs: z.number().optional(),
  portal: z.string(),
  direction: z.string(),
  atMs: z.number(),
});
export type LastPassage = z.infer<typeof lastPassage>;
const kept = z.array(lastPassage);

export interface AntiPassback {
  /** `soft-violation` lets pass and is recorded. */
  judge(by: PassedBy, rule: PassageRule, nowMs: number): 'ok' | 'soft-violation' | 'violation';
  /** The passage was taken. */
  commit(by: PassedBy, areas: PassageAreas, nowMs: number): void;
  /** An operator forgives one credential, or everybody. */
  forgive(ref?: string): void;
  /** To be kept over a restart: plain JSON, oldest first. */
  save(): readonly LastPassage[];
}

export interface AntiPassbackOptions {
  readonly maxCredentials?: number;
  /** Whoever was not seen for so long may have left by another way. */
  readonly forgiveAfterMs?: number;
}

const MAX_CREDENTIALS = 50_000;
const FORGIVE_AFTER_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;

/** `saved` is what `save` gave; anything else starts empty, which forgives everybody. */
export function createAntiPassback(saved?: unknown, options: AntiPassbackOptions = {}): AntiPassback {
  const maxCredentials = options.maxCredentials ?? MAX_CREDENTIALS;
  const forgiveAfterMs = options.forgiveAfterMs ?? FORGIVE_AFTER_MS;
  const parsed = kept.safeParse(saved);
  // Insertion order is order of last passage: the first is the longest unseen.
  const last = new Map((parsed.success ? parsed.data.slice(-maxCredentials) : []).map((each) => [each.ref, each]));

  return {
    judge(by, rule, nowMs) {
      const before = last.get(by.ref);
      if (rule.exempt || rule.mode === 'off' || !before) return 'ok';
      if (rule.mode === 'timed') return isAgainTooSoon(before, by, rule, nowMs) ? 'violation' : 'ok';
      if (!isElsewhere(before, rule) || ageOf(before.areaAtMs ?? before.atMs, nowMs) >= forgiveAfterMs) return 'ok';
      return rule.mode === 'hard' ? 'violation' : 'soft-violation';
    },
    commit(by, areas, nowMs) {
      const { ref, portal, direction } = by;
      const place = placeAfter(last.get(ref), areas, nowMs);
      last.delete(ref);
      last.set(ref, { ref, portal, direction, atMs: nowMs, ...place });
      for (const oldest of last.keys()) {
        if (last.size <= maxCredentials) break;
        last.delete(oldest);
      }
    },
    forgive(ref) {
      if (ref === undefined) last.clear();
      else last.delete(ref);
    },
    save: () => [...last.values()],
  };
}

/** A clock that went back makes nobody's passage older. */
const ageOf = (atMs: number, nowMs: number): number => Math.max(0, nowMs - atMs);

/** Not where this passage starts. */
function isElsewhere({ area }: LastPassage, rule: PassageAreas): boolean {
  if (area === undefined) return false;
  if (rule.leaves !== undefined) return area !== rule.leaves;
  return rule.area !== undefined && area === rule.area;
}

function isAgainTooSoon(before: LastPassage, by: PassedBy, rule: PassageRule, nowMs: number): boolean {
  const withinMs = (rule.minutes ?? 0) * MINUTE_MS;
  if (rule.area !== undefined)
    return before.area === rule.area && ageOf(before.areaAtMs ?? before.atMs, nowMs) < withinMs;
  const sameWay = before.portal === by.portal && before.direction === by.direction;
  return sameWay && ageOf(before.atMs, nowMs) < withinMs;
}

/** A door between two parts of one area moves nobody. */
function placeAfter(before: LastPassage | undefined, { area, leaves }: PassageAreas, nowMs: number) {
  if (area !== undefined || leaves !== undefined) return { area: area ?? null, areaAtMs: nowMs };
  if (before?.area === undefined) return {};
  return { area: before.area, areaAtMs: before.areaAtMs ?? before.atMs };
}

// SPDX-License-Identifier: Apache-2.0
// Anti-passback: who is in which area, so that one card does not let two people in (reference: door, Granted is not entered).
// A passage counts once it was taken. Bounded: the longest unseen are forgotten, which forgives them.
import type { Direction, PortalId } from '@latchkey/protocols/ids';
import { z } from 'zod';

/** From the policy of the portal, for one direction. */
export interface PassageRule {
  readonly mode: 'off' | 'soft' | 'hard' | 'timed';
  /** The area this passage enters. Without one there is nothing to be in twice. */
  readonly area?: string | undefined;
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
  area: z.string().optional(),
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
  commit(by: PassedBy, area: string | undefined, nowMs: number): void;
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
      // A clock that went back makes nobody's passage older.
      const ageMs = Math.max(0, nowMs - before.atMs);
      if (rule.mode === 'timed') {
        const sameWay = before.portal === by.portal && before.direction === by.direction;
        const sameArea = rule.area === undefined ? sameWay : before.area === rule.area;
        return sameArea && ageMs < (rule.minutes ?? 0) * MINUTE_MS ? 'violation' : 'ok';
      }
      if (rule.area === undefined || before.area !== rule.area || ageMs >= forgiveAfterMs) return 'ok';
      return rule.mode === 'hard' ? 'violation' : 'soft-violation';
    },
    commit(by, area, nowMs) {
      last.delete(by.ref);
      last.set(by.ref, { ...by, ...(area === undefined ? {} : { area }), atMs: nowMs });
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

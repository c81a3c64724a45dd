// SPDX-License-Identifier: Apache-2.0
// Freshness statement, one a scope (lists-and-codes, FRESHNESS): which version is the newest. It makes a withheld list visible
// even while beats arrive.
import { type Codec, type TableValue, table } from '../bytes/field-table.ts';
import { err, ok, type Result } from '../result.ts';
import type { TrustState } from './accept-list.ts';
import { type Instant, judgeSignedTime, type RootEpoch } from './signed-time.ts';

const FRESHNESS_FIELDS = [
  { name: 'magic', type: 'magic', text: 'LKF1' },
  { name: 'campusId', type: 'hex', length: 8 },
  { name: 'scopeId', type: 'u32', min: 1 },
  { name: 'epoch', type: 'u32' },
  { name: 'version', type: 'u64', min: 1 },
  /** `headHash` of that version. */
  { name: 'headHash', type: 'hex', length: 32 },
  { name: 'timeMs', type: 'u64' },
] as const;
export type Freshness = TableValue<typeof FRESHNESS_FIELDS>;
export const FRESHNESS: Codec<Freshness> = table('freshness', FRESHNESS_FIELDS);

/** No statement for this long, while online, is an alarm. */
export const FRESHNESS_MISSING_AFTER_MS = 180_000;

export interface FreshnessContext {
  readonly root: RootEpoch & { readonly campusId: string };
  readonly scopeId: number;
  /** The list in force; null without one. */
  readonly inForce: TrustState | null;
  /** Time of the last statement accepted for this scope, 0 for none. */
  readonly lastTimeMs: number;
  readonly instant: Instant;
}

export type FreshnessError =
  | 'wrong-campus'
  | 'wrong-scope'
  | 'replay'
  | 'epoch-not-from-root'
  | 'implausible-time'
  | 'equivocation';

/** `current`: the list in force is the newest. `behind`: fetch what the statement names. */
export function judgeFreshness(
  statement: Freshness,
  { root, scopeId, inForce, lastTimeMs, instant }: FreshnessContext,
): Result<'current' | 'behind', FreshnessError> {
  if (statement.campusId !== root.campusId) return err('wrong-campus');
  if (statement.scopeId !== scopeId) return err('wrong-scope');
  if (statement.epoch !== root.epoch) {
    return statement.epoch < root.epoch ? err('replay', 'its epoch is over') : err('epoch-not-from-root');
  }
  if (statement.timeMs < lastTimeMs) return err('replay', 'a later statement has been seen');
  if (judgeSignedTime(statement.timeMs, instant, root) === 'implausible') return err('implausible-time');
  if (!inForce || inForce.epoch < statement.epoch) return ok('behind');
  if (statement.version < inForce.version) return err('replay', `version ${inForce.version} is in force`);
  if (statement.version > inForce.version) return ok('behind');
  return statement.headHash === inForce.digest
    ? ok('current')
    : err('equivocation', `version ${statement.version} has two different heads`);
}

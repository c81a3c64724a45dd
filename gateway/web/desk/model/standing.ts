// SPDX-License-Identifier: Apache-2.0
// What follows from a snapshot and the time: how old the list is, how full a patron's count, how long until the session ends.
import type { DeskItem, DeskPatron, DeskState } from '@latchkey/protocols/api/desk';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export interface Age {
  readonly unit: 'minutes' | 'hours' | 'days';
  readonly count: number;
}

/** Rounded down in the unit that says enough; never below nothing. */
export function ageOf(ms: number): Age {
  if (ms < 2 * HOUR_MS) return { unit: 'minutes', count: Math.max(0, Math.floor(ms / MINUTE_MS)) };
  if (ms < 2 * DAY_MS) return { unit: 'hours', count: Math.floor(ms / HOUR_MS) };
  return { unit: 'days', count: Math.floor(ms / DAY_MS) };
}

export type ListStanding = 'none' | 'fresh' | 'old' | 'expired';

export function listStanding(list: DeskState['list'], nowMs: number): ListStanding {
  if (list === null) return 'none';
  if (nowMs >= list.hardExpiry) return 'expired';
  return nowMs >= list.refreshBy ? 'old' : 'fresh';
}

export const isAtLimit = ({ count, limit }: DeskPatron['charged']): boolean =>
  count !== null && limit !== null && count >= limit;

/** Whole seconds, so that the last one shown is 1. */
export const secondsLeft = (endsAtMs: number, nowMs: number): number =>
  Math.max(0, Math.ceil((endsAtMs - nowMs) / 1000));

/** What happened last: a line that is new or changed, or a word about the desk as a whole. */
export type Latest =
  | { readonly kind: 'line'; readonly line: DeskItem }
  | { readonly kind: 'notice'; readonly notice: NonNullable<DeskState['notice']> };

/** Snapshots tell how things are, not what changed: that shows in comparing two. */
export function latestOf(
  shown: Latest | undefined,
  before: DeskState | undefined,
  after: DeskState,
): Latest | undefined {
  const { notice, items } = after;
  if (notice !== null && notice.seq !== before?.notice?.seq) return { kind: 'notice', notice };
  const changed = items.find((line) => !before?.items.some((each) => isSame(each, line)));
  if (changed) return { kind: 'line', line: changed };
  if (shown?.kind === 'line' && items.some(({ id }) => id === shown.line.id)) return shown;
  return shown?.kind === 'notice' && notice?.seq === shown.notice.seq ? shown : undefined;
}

const isSame = (one: DeskItem, other: DeskItem): boolean =>
  one.id === other.id && one.message === other.message && one.at === other.at && one.pending === other.pending;

/** Paper is read from above. No method of the last years: desks run on old machines. */
export const oldestFirst = (items: readonly DeskItem[]): DeskItem[] => {
  const order: DeskItem[] = [];
  for (const item of items) order.unshift(item);
  return order;
};

/** May be renewed at a press: what the patron who stands here has by the newest line about it. What waits for the library was lent now. */
export const isRenewable = ({ patron, items }: Pick<DeskState, 'patron' | 'items'>, line: DeskItem): boolean =>
  patron !== null &&
  line.act !== 'return' &&
  line.colour !== 'red' &&
  !line.pending &&
  !UNDECIDED.includes(line.message) &&
  items.find(({ item }) => item === line.item)?.id === line.id;

const UNDECIDED: readonly DeskItem['message'][] = ['waiting', 'fee-asked', 'asking-again'];

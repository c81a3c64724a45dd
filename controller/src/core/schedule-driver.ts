// SPDX-License-Identifier: Apache-2.0
// What the policy's schedules ask of a portal at an instant: a mode, and which of its two alarms are silenced
// (reference: door, Details). Without a policy, or without the schedule that the wiring names, a door asks for nothing.
import type { CompiledPolicy } from '@latchkey/protocols/authorization/policy';
import { isActive } from '@latchkey/protocols/authorization/schedule';
import type { Claim, ClaimedMode } from './mode-arbiter.ts';
import type { PortalWiring } from './wiring.ts';

export interface Scheduled {
  readonly claim: Claim | null;
  readonly masks: { readonly forced: boolean; readonly held: boolean };
  /** Schedules that the wiring names and the policy does not have. */
  readonly missing: readonly string[];
}

/** Where several run at once, the one that shuts more. */
const MODES: readonly (readonly [keyof PortalWiring['schedules'], ClaimedMode])[] = [
  ['blocked', 'Blocked'],
  ['doubleLocked', 'DoubleLocked'],
  ['unlocked', 'Unlocked'],
];
const MINUTE_MS = 60_000;

type Policy = Pick<CompiledPolicy, 'schedules' | 'zone' | 'holidays'>;

export function scheduledAt(
  schedules: PortalWiring['schedules'],
  policy: Policy | undefined,
  nowMs: number,
): Scheduled {
  const find = (id: string) => policy?.schedules.find((schedule) => schedule.id === id);
  const runs = (id: string | undefined): boolean => {
    const schedule = id === undefined ? undefined : find(id);
    return policy !== undefined && schedule !== undefined && isActive(schedule, policy, nowMs);
  };
  const running = MODES.find(([role]) => runs(schedules[role]));
  return {
    claim: running ? { mode: running[1], by: `schedule:${schedules[running[0]]}` } : null,
    masks: { forced: runs(schedules.maskForced), held: runs(schedules.maskHeld) },
    missing: Object.values(schedules).filter((id): id is string => id !== undefined && !find(id)),
  };
}

/** Schedules change on whole minutes of the wall clock, as does every zone's offset: the next one is when to look again. */
export const nextLookMs = (nowMs: number): number => (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS;

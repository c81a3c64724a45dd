// SPDX-License-Identifier: Apache-2.0
// The rules a second time, written to be read: plain objects, one long function, Intl for every question of time. It shares no
// code with decide.ts; property tests hold the two against each other.
import type { Reason } from '../mqtt/reasons.ts';
import type { PolicyDocument } from './policy-document.ts';

export interface NaiveCard {
  readonly name: string;
  readonly profile: number;
  readonly blocked: boolean;
  readonly class: number;
  readonly untilMinute: number;
}

export interface NaiveCase {
  readonly policy: PolicyDocument;
  readonly hardExpiry: number;
  readonly cards: readonly NaiveCard[];
  readonly denied: readonly string[];
  readonly card: string;
  readonly presented: number;
  readonly portal: string;
  readonly direction: 'in' | 'out';
  readonly ms: number;
}

const CLASSES = ['uid-only', 'authenticated-card', 'phone-code', 'remote-command'];
const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

function wallClock(timeZone: string, ms: number) {
  const date = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(ms);
  const time = new Intl.DateTimeFormat('sv-SE', { timeZone, timeStyle: 'short' }).format(ms);
  const day = DAYS.indexOf(new Intl.DateTimeFormat('en-US', { timeZone, weekday: 'short' }).format(ms)) + 1;
  return { date, time, day };
}

function dayBefore(date: string): string {
  return new Date(Date.parse(`${date}T12:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}

function isOpen(policy: PolicyDocument, scheduleIndex: number, ms: number): boolean {
  const schedule = policy.schedules[scheduleIndex];
  if (!schedule) throw new Error('no such schedule');
  const { date, time, day } = wallClock(policy.timeZone, ms);
  const intervalsOn = (onDate: string, onDay: number) => {
    const usual = schedule.intervals.filter(({ days }) => days.includes(onDay));
    if (!policy.holidays.includes(onDate)) return usual;
    if (schedule.onHolidays === 'closed') return [];
    if (schedule.onHolidays === 'as-usual') return usual;
    return schedule.onHolidays.filter(({ days }) => days === undefined || days.includes(onDay));
  };
  for (const { from, until } of intervalsOn(date, day)) {
    const crosses = until <= from;
    if (time >= from && (crosses || time < until)) return true;
  }
  for (const { from, until } of intervalsOn(dayBefore(date), day === 1 ? 7 : day - 1)) {
    if (until <= from && time < until) return true;
  }
  return false;
}

/** `granted` or the reason of refusal. */
export function naiveDecide(input: NaiveCase): 'granted' | Reason {
  const { policy, ms } = input;
  if (input.denied.includes(input.card)) return 'CredentialDenied';
  const card = input.cards.find(({ name }) => name === input.card);
  if (!card) return 'UnknownCredential';
  if (card.blocked) return 'CredentialNotEnabled';
  if (ms >= card.untilMinute * 60_000) return 'CredentialExpired';
  const profile = policy.profiles[card.profile];
  if (!profile) throw new Error('no such profile');
  const portalIndex = policy.portals.findIndex(({ id }) => id === input.portal);
  const portal = policy.portals[portalIndex];

  if (ms >= input.hardExpiry * 60_000 && input.direction === 'in') {
    if (!portal) return 'ListExpired';
    if (portal.afterExpiry === 'refuse-all') return 'ListExpired';
    if (portal.afterExpiry === 'keep-residents' && profile.kind !== 'resident') return 'ListExpired';
  }

  if (!portal) return 'Unauthorized';
  const rights = profile.rules
    .filter(({ portals }) => portals.includes(portalIndex))
    .filter(({ directions }) => directions === undefined || directions.includes(input.direction));
  if (rights.length === 0) return 'Unauthorized';

  const begun = rights.filter(({ fromMinute }) => fromMinute === undefined || ms >= fromMinute * 60_000);
  const valid = begun.filter(({ untilMinute }) => untilMinute === undefined || ms < untilMinute * 60_000);
  if (valid.length === 0) return begun.length < rights.length ? 'CredentialNotActive' : 'CredentialExpired';
  if (!valid.some(({ schedule }) => isOpen(policy, schedule, ms))) return 'NotPermittedAtThisTime';

  if (input.presented < card.class) return 'AssuranceTooLow';
  if (profile.assurance !== undefined && input.presented < CLASSES.indexOf(profile.assurance)) return 'AssuranceTooLow';
  for (const demand of portal.assurance ?? []) {
    if (isOpen(policy, demand.schedule, ms) && input.presented < CLASSES.indexOf(demand.class))
      return 'AssuranceTooLow';
  }
  return 'granted';
}

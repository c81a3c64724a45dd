// SPDX-License-Identifier: Apache-2.0
// Registry → one scope's policy and entries (DESIGN 5). Pure: the same registry gives the same bytes, so that a scope in which
// nothing changed gets no new version.
import type { Borrower } from '@latchkey/protocols/authorization/borrowers';
import { ID_BYTES } from '@latchkey/protocols/authorization/credential-id';
import type { ListEntries } from '@latchkey/protocols/authorization/list-build';
import type { HolderKind, PolicyDocument, PolicyRule } from '@latchkey/protocols/authorization/policy-document';
import { NO_END, RECORD_FLAGS } from '@latchkey/protocols/authorization/record';
import type { PortalId } from '@latchkey/protocols/ids';
import { err, ok, type Result } from '@latchkey/protocols/result';
import { createLoans, type Loans } from './loans.ts';
import { compareText, createProfileTable, type ProfileTable } from './profiles.ts';
import type { ScopeSnapshot, SnapshotCredentials, SnapshotLevel, SnapshotPortal } from './scope-snapshot.ts';

export interface CompiledScope {
  readonly policy: PolicyDocument;
  readonly entries: ListEntries;
  /** To be sealed into the policy of a library desk; empty elsewhere. */
  readonly borrowers: readonly Borrower[];
}

/** A profile's number takes 16 bits in a record. */
export const MAX_PROFILES = 65_536;
const MS_A_MINUTE = 60_000;

export function compileScope(snapshot: ScopeSnapshot): Result<CompiledScope, 'too-many-profiles'> {
  const portals = [...snapshot.portals].sort((one, other) => compareText(one.id, other.id));
  const levels = usableLevels(snapshot);
  const schedules = schedulesInUse(snapshot, levels);
  const scheduleIndex = new Map(schedules.map(({ id }, index) => [id, index]));
  const rules = levels.map((level) => ruleOf(level, portals, scheduleIndex));
  const table = createProfileTable(rules);
  const loans = createLoans(snapshot.loans);
  const columns = fillColumns(snapshot, levels, table, loans);
  const { profiles, places } = table.finish();
  if (profiles.length > MAX_PROFILES)
    return err('too-many-profiles', `${profiles.length} different combinations of levels and beginnings`);
  const policy: PolicyDocument = {
    format: 1,
    timeZone: snapshot.timeZone,
    ...(snapshot.zone === null ? {} : { zone: snapshot.zone }),
    holidays: [...snapshot.holidays].sort(),
    schedules: schedules.map(({ id, intervals, onHolidays }) => ({
      id,
      intervals: intervals.map(({ days, from, until }) => ({
        days: [...days].sort((one, other) => one - other),
        from,
        until,
      })),
      onHolidays: typeof onHolidays === 'string' ? onHolidays : onHolidays.map(({ from, until }) => ({ from, until })),
    })),
    portals: portals.map((portal) => portalOf(portal, scheduleIndex)),
    profiles: [...profiles],
  };
  const { numbers, ...rest } = columns;
  const entries = { ...rest, profiles: placed(numbers, places) };
  return ok({ policy, entries, borrowers: borrowersOf(snapshot, loans) });
}

function placed(numbers: Uint32Array, places: Uint32Array): Uint16Array {
  const profiles = new Uint16Array(numbers.length);
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index] ?? 0;
    profiles[index] = number === ANY_PROFILE ? 0 : (places[number] ?? 0);
  }
  return profiles;
}

/** What is blocked is refused before its profile matters: one of its own would move everybody else's. */
const ANY_PROFILE = 0xffff_ffff;

const usableLevels = ({ levels }: ScopeSnapshot): SnapshotLevel[] =>
  levels
    .filter(({ portals, directions }) => portals.length > 0 && directions.length > 0)
    .sort((one, other) => compareText(one.id, other.id));

function schedulesInUse({ schedules, portals }: ScopeSnapshot, levels: readonly SnapshotLevel[]) {
  const used = new Set([
    ...levels.map(({ schedule }) => schedule),
    ...portals.flatMap(({ assurance }) => assurance.map(({ schedule }) => schedule)),
  ]);
  return schedules.filter(({ id }) => used.has(id)).sort((one, other) => compareText(one.id, other.id));
}

function ruleOf(
  level: SnapshotLevel,
  portals: readonly SnapshotPortal[],
  schedules: ReadonlyMap<string, number>,
): PolicyRule {
  const indexes = level.portals.map((id) => portals.findIndex((portal) => portal.id === id));
  return {
    portals: indexes.sort((one, other) => one - other),
    ...(level.directions.length === 2 ? {} : { directions: [...level.directions] }),
    schedule: schedules.get(level.schedule) ?? 0,
    ...(level.validFromMs === null ? {} : { fromMinute: Math.ceil(level.validFromMs / MS_A_MINUTE) }),
    ...(level.validUntilMs === null ? {} : { untilMinute: Math.floor(level.validUntilMs / MS_A_MINUTE) }),
  };
}

const portalOf = (
  portal: SnapshotPortal,
  schedules: ReadonlyMap<string, number>,
): PolicyDocument['portals'][number] => {
  const { mode, in: into, out, minutes } = portal.antiPassback;
  return {
    id: portal.id as PortalId,
    antiPassback: {
      mode,
      ...(into === undefined ? {} : { in: into }),
      ...(out === undefined ? {} : { out }),
      ...(minutes === undefined ? {} : { minutes }),
    },
    ...(portal.assurance.length === 0
      ? {}
      : {
          assurance: portal.assurance.map((demand) => ({
            class: demand.class,
            schedule: schedules.get(demand.schedule) ?? 0,
          })),
        }),
    afterExpiry: portal.afterExpiry,
    askGateway: portal.askGateway,
  };
};

interface Columns extends Omit<ListEntries, 'profiles'> {
  /** Numbers of profiles before their final order. */
  readonly numbers: Uint32Array;
}

/** One walk over people and memberships, both sorted by person. */
function fillColumns(
  snapshot: ScopeSnapshot,
  levels: readonly SnapshotLevel[],
  table: ProfileTable,
  loans: Loans,
): Columns {
  const { credentials } = snapshot;
  const count = credentials.persons.length;
  const numbers = new Uint32Array(count);
  const flags = new Uint8Array(count);
  const until = new Uint32Array(count);
  const levelsOf = createLevelWalk(snapshot, levels);
  for (let index = 0; index < count; index++) {
    const kind = (credentials.kinds.values[credentials.kinds.indexes[index] ?? 0] ?? 'visitor') as HolderKind;
    const fromMinute = beginning(credentials, index);
    const person = credentials.persons[index] ?? 0;
    const held = levelsOf(person);
    const key = { kind, levels: held, fromMinute, loans: loans.of(person)?.terms };
    numbers[index] = credentials.blocked[index] === 1 ? ANY_PROFILE : table.take(key);
    flags[index] =
      (credentials.extended[index] === 1 ? RECORD_FLAGS.extendedAccess : 0) |
      (credentials.exempt[index] === 1 ? RECORD_FLAGS.antiPassbackExempt : 0) |
      (credentials.blocked[index] === 1 ? RECORD_FLAGS.blocked : 0);
    until[index] = end(credentials, index);
  }
  // A record names a profile in any case.
  if (count > 0 && numbers.every((number) => number === ANY_PROFILE))
    table.take({ kind: 'visitor', levels: [], fromMinute: undefined });
  return { ids: credentials.ids, numbers, flags, classes: Uint8Array.from(credentials.classes), until };
}

/** What is blocked names nobody. */
function borrowersOf({ credentials }: ScopeSnapshot, loans: Loans): Borrower[] {
  const borrowers: Borrower[] = [];
  for (let index = 0; index < credentials.persons.length; index++) {
    const number = loans.of(credentials.persons[index] ?? 0)?.patron;
    if (number === undefined || credentials.blocked[index] === 1) continue;
    borrowers.push({ id: credentials.ids.subarray(index * ID_BYTES, (index + 1) * ID_BYTES), number });
  }
  return borrowers;
}

function createLevelWalk(
  { members }: ScopeSnapshot,
  levels: readonly SnapshotLevel[],
): (person: number) => readonly number[] {
  const byGroup = members.groups.values.map((group) =>
    levels.flatMap((level, index) => (level.groups.includes(group) ? [index] : [])),
  );
  let at = 0;
  let last = { person: Number.NaN, levels: [] as readonly number[] };
  return (person) => {
    if (person === last.person) return last.levels;
    while (at < members.persons.length && (members.persons[at] ?? 0) < person) at += 1;
    const found = new Set<number>();
    for (; members.persons[at] === person; at++)
      for (const level of byGroup[members.groups.indexes[at] ?? 0] ?? []) found.add(level);
    last = { person, levels: [...found].sort((one, other) => one - other) };
    return last.levels;
  };
}

/** The later of both beginnings, whole minutes: never a moment too early. */
function beginning({ personFrom, from }: SnapshotCredentials, index: number): number | undefined {
  const person = personFrom[index] ?? Number.NaN;
  const card = from[index] ?? Number.NaN;
  const latest = Number.isNaN(person) ? card : Number.isNaN(card) ? person : Math.max(person, card);
  return Number.isNaN(latest) ? undefined : Math.max(0, Math.ceil(latest / MS_A_MINUTE));
}

/** The earlier of both ends, whole minutes: never a moment too late. */
function end({ personUntil, until }: SnapshotCredentials, index: number): number {
  const person = personUntil[index] ?? Number.NaN;
  const card = until[index] ?? Number.NaN;
  const earliest = Number.isNaN(person) ? card : Number.isNaN(card) ? person : Math.min(person, card);
  return Number.isNaN(earliest) ? NO_END : Math.max(0, Math.min(NO_END, Math.floor(earliest / MS_A_MINUTE)));
}

// SPDX-License-Identifier: Apache-2.0
// Momentary access: granted is not entered. The lock is released for a time that opening and closing cut short, and every
// grant ends as taken or not taken (reference: door, Timers).
import type { Direction } from '@latchkey/protocols/ids';
import type { Access } from './door-state.ts';
import { arm, cancel, change, type DoorTimer, isArmed, isLane, modeOf, type Turn, tell } from './door-state.ts';
import type { Passage } from './event-body.ts';
import { baseMode, refusesMomentary } from './mode-arbiter.ts';

/** More people than can stand before one door; the oldest gives way. */
export const MAX_PENDING = 16;
/** An opening in the last instant of a release shows only after debouncing. */
const LATE_OPENING_MS = 200;

const entryTimer = (passage: Passage): DoorTimer => `entry:${passage.admission}`;

export function isAccessible(turn: Pick<Turn, 'state'>): boolean {
  return !refusesMomentary(modeOf(turn.state));
}

export function grant(turn: Turn, passage: Passage, extended: boolean): void {
  if (turn.state.pending.some(({ admission }) => admission === passage.admission)) return;
  if (!isAccessible(turn)) {
    conclude(turn, passage, 'not-taken');
    turn.effects.push({ kind: 'refuse', code: 'DoorNotAccessible' });
    return;
  }
  turn.by = 'credential';
  turn.afterRecord = false;
  release(turn, { in: passage.direction === 'in', out: passage.direction === 'out', egress: false, extended });
  ignoreExitAfterGrant(turn);
  replaceOwn(turn, passage);
  if (turn.config.contact && turn.state.door === 'Closed') return awaitOpening(turn, passage, extended);
  conclude(turn, passage, 'taken');
  if (turn.state.door === 'Open') extendOpening(turn, extended);
}

export function unlockMomentarily(turn: Turn, by: string, direction: Direction | undefined): void {
  if (!isAccessible(turn)) {
    turn.effects.push({ kind: 'refuse', code: 'DoorNotAccessible' });
    return;
  }
  turn.by = by;
  release(turn, { in: direction !== 'out', out: direction !== 'in', egress: false, extended: false });
  ignoreExitAfterGrant(turn);
}

/** Requests add up and never shorten each other; on an open door they leave a relock that is under way alone. */
export function release(turn: Turn, asked: Access): void {
  const { access } = turn.state;
  const extended = asked.extended || (access?.extended ?? false);
  change(turn, {
    access: {
      in: asked.in || (access?.in ?? false),
      out: asked.out || (access?.out ?? false),
      egress: asked.egress || (access?.egress ?? false),
      extended,
    },
  });
  cancel(turn, 'late-opening');
  if (!isArmed(turn, 'relock')) arm(turn, 'release', releaseMs(turn, extended));
}

function releaseMs({ config: { timers } }: Turn, extended: boolean): number {
  return timers.releaseTimeMs + (extended ? timers.extendedReleaseTimeMs : 0);
}

export const lateOpeningMs = ({ config }: Turn): number => (config.contact?.debounceMs ?? 0) + LATE_OPENING_MS;

function ignoreExitAfterGrant(turn: Turn): void {
  const ignoreMs = turn.config.requestToExit?.ignoreAfterGrantMs ?? 0;
  if (ignoreMs > 0) arm(turn, 'exit-after-grant', ignoreMs);
}

/** A card presented again before the door opened is one person: only the last grant can be taken. */
function replaceOwn(turn: Turn, { credential, direction }: Passage): void {
  for (const earlier of turn.state.pending)
    if (earlier.credential.ref === credential.ref && earlier.direction === direction)
      resolve(turn, earlier, 'not-taken');
}

function awaitOpening(turn: Turn, passage: Passage, extended: boolean): void {
  const oldest = turn.state.pending[0];
  if (oldest && turn.state.pending.length >= MAX_PENDING) resolve(turn, oldest, 'not-taken');
  change(turn, { pending: [...turn.state.pending, passage] });
  const { entryTimeMs, extendedReleaseTimeMs } = turn.config.timers;
  const entryMs =
    entryTimeMs === undefined ? releaseMs(turn, extended) : entryTimeMs + (extended ? extendedReleaseTimeMs : 0);
  arm(turn, entryTimer(passage), entryMs + lateOpeningMs(turn));
}

/** Ends a passage that waits for its opening. */
export function resolve(turn: Turn, passage: Passage, outcome: 'taken' | 'not-taken'): void {
  change(turn, { pending: turn.state.pending.filter((each) => each !== passage) });
  cancel(turn, entryTimer(passage));
  conclude(turn, passage, outcome);
}

function conclude(turn: Turn, passage: Passage, outcome: 'taken' | 'not-taken'): void {
  tell(turn, { type: outcome === 'taken' ? 'access-taken' : 'access-not-taken', ...passage });
  turn.effects.push({ kind: 'passage', outcome, passage });
}

export function entryTimedOut(turn: Turn, name: DoorTimer): void {
  const passage = turn.state.pending.find((each) => entryTimer(each) === name);
  if (passage) resolve(turn, passage, 'not-taken');
}

/** One opening lets everybody granted through a door, but one person through a lane. */
export function takePending(turn: Turn): void {
  const { pending } = turn.state;
  for (const passage of isLane(turn.config) ? pending.slice(0, 1) : pending) resolve(turn, passage, 'taken');
}

/** Somebody was granted while the door stood open: the held alarm counts from now. */
function extendOpening(turn: Turn, extended: boolean): void {
  if (extended) change(turn, { openExtended: true });
  if (!turn.state.warned) cancel(turn, 'held', 'held-warning');
}

/** The door opened: relock after the delay, unless a lane still has people granted. */
export function relockAfterOpening(turn: Turn): void {
  const { access, pending } = turn.state;
  if (!access || pending.length > 0) return;
  const delayMs = turn.config.timers.delayTimeBeforeRelockMs;
  if (delayMs === 0) return endAccess(turn, 'relock');
  cancel(turn, 'release');
  if (!isArmed(turn, 'relock')) arm(turn, 'relock', delayMs);
}

export function endAccess(turn: Turn, by: string): void {
  cancel(turn, 'release', 'relock');
  if (!turn.state.access) return;
  turn.by = by;
  change(turn, { access: null });
}

/** A request that is still made keeps the lock released; otherwise the time is over. */
export function releaseTimedOut(turn: Turn): void {
  const { access, exit } = turn.state;
  if (access?.egress && exit.active) return arm(turn, 'release', releaseMs(turn, access.extended));
  endAccess(turn, 'relock');
  if (turn.config.contact) arm(turn, 'late-opening', lateOpeningMs(turn));
}

/** Blocked and LockedDown cut short what was granted; the way out stays. */
export function cutShort(turn: Turn): void {
  const base = baseMode(turn.state.claims);
  if (base !== 'Blocked' && base !== 'LockedDown') return;
  const { access, pending } = turn.state;
  if (access?.egress) change(turn, { access: { ...access, in: false, out: true } });
  else endAccess(turn, turn.by);
  for (const passage of pending) resolve(turn, passage, 'not-taken');
}

// SPDX-License-Identifier: Apache-2.0
// One step of a counter session under way: what every kind of step does with lines, sounds and words. The library decides while
// it answers, the signed list while it does not.
import type { DeskAct, DeskNotice, DeskSound } from '@latchkey/protocols/api/desk-terms';
import { offlineDue, offlineRefusal, refusal, type Verdict, withVerdict } from './desk-lines.ts';
import {
  type AskedAct,
  type DeskContext,
  type DeskEffect,
  type DeskLine,
  type DeskPerson,
  type DeskSession,
  endingOf,
} from './desk-state.ts';

/** `state` and `effects` grow as it goes. */
export interface DeskTurn {
  state: DeskSession;
  readonly context: DeskContext;
  readonly effects: DeskEffect[];
}

/** A screen shows no more, and a session has hardly ever as many. */
export const MOST_LINES = 200;
const RED_NOTICES: readonly DeskNotice[] = [
  'card-unknown',
  'card-denied',
  'card-unreadable',
  'code-refused',
  'patron-unknown',
  'patron-inactive',
  'library-refuses-login',
  'fee-not-paid',
  'renewed-none',
  'disk-not-written',
];
const AMBER_NOTICES: readonly DeskNotice[] = ['library-does-not-answer', 'no-reader', 'idle-ended', 'fee-unclear'];

export function touch(turn: DeskTurn): void {
  const { nowMs, idle } = turn.context;
  turn.state = { ...turn.state, touchedMs: nowMs, warned: false };
  turn.effects.push({ kind: 'timer', afterMs: idle.warnMs });
}

export function play(turn: DeskTurn, sound: DeskSound): void {
  const counter = turn.state.counter + 1;
  turn.state = { ...turn.state, counter, sound: { seq: counter, sound } };
}

export function tell(turn: DeskTurn, notice: DeskNotice, detail?: string | null): void {
  const colour = RED_NOTICES.includes(notice) ? 'red' : AMBER_NOTICES.includes(notice) ? 'amber' : 'green';
  if (colour === 'red') play(turn, 'refusal');
  const counter = turn.state.counter + 1;
  turn.state = { ...turn.state, counter, notice: { seq: counter, notice, colour, detail: detail ?? null } };
}

export function nextId(turn: DeskTurn): string {
  turn.state = { ...turn.state, counter: turn.state.counter + 1 };
  return String(turn.state.counter);
}

const TWICE_MS = 2_000;

/** A label read twice, or a button pressed twice, must not renew what has just been lent or renewed. */
export function isRepeated({ state, context }: DeskTurn, item: string, acts: readonly DeskAct[]): boolean {
  const before = state.lines.find((line) => line.item === item);
  if (before === undefined || !acts.includes(before.act)) return false;
  return before.message === 'waiting' || (before.colour !== 'red' && context.nowMs - before.at < TWICE_MS);
}

/** Asks the library, or keeps it here where the library is away. */
export function startAct(turn: DeskTurn, act: DeskAct, item: string, feeAccepted: boolean, again?: DeskLine): void {
  const person = act === 'return' ? null : (turn.state.patron?.person ?? null);
  const line: DeskLine = again ? { ...again, colour: 'amber', message: 'waiting' } : blankLine(turn, act, item, person);
  putLine(turn, line);
  const asked = askedOf(line);
  // The library hears of a book's life in its order: what it has not heard yet comes first.
  if (turn.context.library === 'offline' || turn.context.isWaiting(item)) return keep(turn, line, 'no');
  turn.effects.push({ kind: 'ask', feeAccepted, ...asked });
}

const askedOf = ({ id, act, item, patron, ref }: DeskLine): AskedAct => ({ line: id, act, item, patron, ref });

export function keep(turn: DeskTurn, line: DeskLine, asked: 'no' | 'not-sent' | 'unknown'): void {
  const { patron } = turn.state;
  const person = line.patron !== null && patron?.person.number === line.patron ? patron.person : undefined;
  const why = line.act === 'return' ? undefined : person && offlineRefusal(person, line.act, turn.context);
  if (line.act === 'return' || (person && why === undefined)) {
    const due = offlineDue(person, line.act, turn.context.nowMs);
    const shown = due === null ? line : { ...line, due: { text: '', at: due } };
    putLine(turn, shown);
    turn.effects.push({ kind: 'keep', due, asked, ...askedOf(line) });
    return;
  }
  // The book stays here unless the library has lent it: that is found out once it answers.
  if (asked === 'unknown') return putLine(turn, withVerdict(line, { ...refusal('asking-again'), colour: 'amber' }));
  if (asked === 'not-sent') turn.effects.push({ kind: 'drop', line: line.id });
  settle(turn, line, refusal(why ?? 'patron-not-listed'));
}

export function endSession(turn: DeskTurn, notice: DeskNotice | undefined): void {
  const { patron, lines, mode } = turn.state;
  const isOver = patron !== null || notice !== undefined;
  // At a counter the librarian chose; in self-service whoever comes next begins anew.
  const taking = isOver && mode === 'self-service' ? 'loans' : turn.state.taking;
  if (patron !== null && turn.context.library === 'up')
    turn.effects.push({ kind: 'end-session', number: patron.person.number });
  const isWorthKeeping = patron !== null || lines.length > 0;
  const last = isWorthKeeping
    ? { ending: patron && endingOf(patron.person.number), lines, printed: turn.state.printed }
    : turn.state.last;
  turn.state = { ...turn.state, taking, patron: null, lines: [], printed: [], notice: null, warned: false, last };
  if (notice !== undefined) tell(turn, notice);
}

export function blankLine(turn: DeskTurn, act: DeskAct, item: string, person: DeskPerson | null): DeskLine {
  return {
    id: nextId(turn),
    at: turn.context.nowMs,
    act,
    item,
    title: null,
    colour: 'amber',
    message: 'waiting',
    detail: null,
    due: null,
    fee: null,
    sortBin: null,
    holdFor: null,
    pending: false,
    patron: person?.number ?? null,
    ref: person?.ref ?? null,
  };
}

export function settle(turn: DeskTurn, line: DeskLine, verdict: Verdict): void {
  putLine(turn, withVerdict(line, verdict));
  play(turn, verdict.sound);
}

export function putLine(turn: DeskTurn, line: DeskLine): void {
  const { lines } = turn.state;
  const isKnown = lines.some(({ id }) => id === line.id);
  const next = isKnown ? lines.map((each) => (each.id === line.id ? line : each)) : [line, ...lines];
  turn.state = { ...turn.state, lines: next.slice(0, MOST_LINES) };
}

/** Lines of an earlier session are over for the screen; the ledger has them. */
export function onLine(turn: DeskTurn, id: string, change: (line: DeskLine) => void): void {
  const line = turn.state.lines.find((each) => each.id === id);
  if (line) change(line);
}

/** Of the session just over, for its receipt. */
export function onPastLine(turn: DeskTurn, id: string, change: (line: DeskLine) => DeskLine): void {
  const { last } = turn.state;
  if (!last) return;
  const lines = last.lines.map((line) => (line.id === id ? change(line) : line));
  turn.state = { ...turn.state, last: { ...last, lines } };
}

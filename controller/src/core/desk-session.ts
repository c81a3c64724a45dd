// SPDX-License-Identifier: Apache-2.0
// A counter session of the library desk: a card takes up its holder at any moment, items are lent, renewed and taken back, fees
// wait for a yes, idle time ends it with a warning. The library decides while it answers, the signed list while it does not.
import { onAction } from './desk-actions.ts';
import { keptVerdict, refusal, type Verdict, withAnswer, withVerdict } from './desk-lines.ts';
import type {
  ActAnswer,
  DeskContext,
  DeskEvent,
  DeskLine,
  DeskPerson,
  DeskSession,
  DeskStep,
  PatronOutcome,
} from './desk-state.ts';
import {
  blankLine,
  type DeskTurn,
  endSession,
  isRepeated,
  keep,
  MOST_LINES,
  nextId,
  onLine,
  onPastLine,
  play,
  putLine,
  settle,
  startAct,
  tell,
  touch,
} from './desk-turn.ts';

export function stepDesk(state: DeskSession, context: DeskContext, event: DeskEvent): DeskStep {
  const turn: DeskTurn = { state, context, effects: [] };
  const refused = event.kind === 'action' ? take(turn, event.action) : undefined;
  if (event.kind !== 'action') react(turn, event);
  return { state: turn.state, effects: turn.effects, ...(refused === undefined ? {} : { refused }) };
}

function take(turn: DeskTurn, action: Extract<DeskEvent, { kind: 'action' }>['action']): DeskStep['refused'] {
  touch(turn);
  return onAction(turn, action);
}

function react(turn: DeskTurn, event: Exclude<DeskEvent, { kind: 'action' }>): void {
  if (TOUCHES.has(event.kind)) touch(turn);
  switch (event.kind) {
    case 'identified':
      return identified(turn, event.person);
    case 'not-identified':
      return notIdentified(turn, event);
    case 'notice':
      return tell(turn, event.notice, event.detail);
    case 'item':
      return scanned(turn, event.item);
    case 'not-an-item':
      return settle(turn, blankLine(turn, 'loan', '', null), refusal('not-an-item'));
    case 'patron':
      return onPatron(turn, event.session, event.answer);
    case 'answered':
      return onAnswer(turn, event.line, event.answer);
    case 'kept':
      onPastLine(turn, event.line, (line) => ({ ...withVerdict(line, keptVerdict(line.act)), pending: true }));
      return onLine(turn, event.line, (line) => settle(turn, { ...line, pending: true }, keptVerdict(line.act)));
    case 'not-written':
      return onLine(turn, event.line, (line) => settle(turn, line, refusal('not-written')));
    case 'resolved':
      return onResolved(turn, event);
    case 'renewed-all':
      return onRenewedAll(turn, event);
    case 'fee-answered':
      return onFee(turn, event);
    case 'library-up':
      return onLibraryUp(turn);
    case 'opened':
      turn.state = { ...turn.state, mode: event.mode };
      return;
    case 'timer':
      return onTimer(turn);
  }
}

const TOUCHES = new Set<DeskEvent['kind']>(['identified', 'not-identified', 'item', 'not-an-item']);

function identified(turn: DeskTurn, person: DeskPerson): void {
  const { patron } = turn.state;
  const isSame = patron?.person.number === person.number;
  if (!isSame) endSession(turn, undefined);
  const session = isSame ? patron.session : nextId(turn);
  const { library, lentSince } = isSame ? patron : { library: null, lentSince: 0 };
  turn.state = { ...turn.state, patron: { person, session, library, lentSince }, notice: null };
  play(turn, 'card');
  if (turn.context.library !== 'offline') turn.effects.push({ kind: 'ask-patron', session, number: person.number });
}

/** Whoever was refused is not whoever stood there before: the next book is nobody's. One that was not read may be anybody's. */
function notIdentified(turn: DeskTurn, { notice, detail }: Extract<DeskEvent, { kind: 'not-identified' }>): void {
  if (notice !== 'card-unreadable' && turn.state.patron !== null) endSession(turn, undefined);
  tell(turn, notice, detail);
}

function onPatron(turn: DeskTurn, session: string, answer: PatronOutcome): void {
  const { patron } = turn.state;
  if (patron?.session !== session) return;
  if (answer.outcome === 'no-answer') return tell(turn, 'library-does-not-answer');
  if (answer.outcome === 'found') {
    turn.state = { ...turn.state, patron: { ...patron, library: answer.patron, lentSince: 0 } };
    return;
  }
  // The library decides, and it does not lend to this person.
  turn.state = { ...turn.state, patron: null };
  tell(turn, answer.outcome === 'unknown' ? 'patron-unknown' : 'patron-inactive', answer.message);
}

function scanned(turn: DeskTurn, item: string): void {
  const { taking, patron } = turn.state;
  if (isRepeated(turn, item, taking === 'returns' ? ['return'] : ['loan', 'renewal'])) return;
  if (taking === 'returns') return startAct(turn, 'return', item, false);
  if (patron === null) return settle(turn, blankLine(turn, 'loan', item, null), refusal('no-patron'));
  startAct(turn, 'loan', item, false);
}

function onAnswer(turn: DeskTurn, id: string, answer: ActAnswer): void {
  if (!turn.state.lines.some((line) => line.id === id)) return onPastAnswer(turn, id, answer);
  turn.state = { ...turn.state, printed: withPrint(turn.state.printed, answer) };
  onLine(turn, id, (line) => {
    if (answer.outcome === 'not-sent' || answer.outcome === 'unknown') return keep(turn, line, answer.outcome);
    const answered = withAnswer(line, answer);
    putLine(turn, answered);
    play(turn, soundOf(answered));
    if (answer.outcome === 'ok') count(turn, answered, answer);
  });
}

const withPrint = (printed: readonly string[], { print = [] }: ActAnswer): readonly string[] =>
  [...printed, ...print].slice(-MOST_LINES);

/** Its session is over: its receipt has it all the same, and a book that has to stay here is shown to whoever is there. */
function onPastAnswer(turn: DeskTurn, id: string, answer: ActAnswer): void {
  const { last } = turn.state;
  const past = last?.lines.find((line) => line.id === id);
  if (!last || !past || answer.outcome === 'not-sent' || answer.outcome === 'unknown') return;
  turn.state = { ...turn.state, last: { ...last, printed: withPrint(last.printed, answer) } };
  onPastLine(turn, id, (line) => withAnswer(line, answer));
  const isDone = answer.outcome === 'ok';
  if (isDone ? !answer.alert : !isShownLater(turn, past)) return;
  const shown = withAnswer(blankLine(turn, past.act, past.item, null), answer);
  const line = answer.outcome === 'fee' ? withVerdict(shown, refusal('fee-declined')) : shown;
  putLine(turn, line);
  play(turn, soundOf(line));
}

/** Next to a patron nobody sees what another one wanted to borrow. */
const isShownLater = ({ state }: DeskTurn, { act }: Pick<DeskLine, 'act'>): boolean =>
  state.mode === 'staffed' || act === 'return';

const soundOf = ({ colour }: DeskLine): Verdict['sound'] =>
  colour === 'green' ? 'success' : colour === 'amber' ? 'attention' : 'refusal';

/** The counts on the screen go along until the library tells them anew. */
function count(turn: DeskTurn, { act }: DeskLine, { renewed, patron: had }: ActAnswer): void {
  const { patron } = turn.state;
  if (patron === null) return;
  const step = act === 'loan' && renewed !== true ? 1 : act === 'return' && had === patron.person.number ? -1 : 0;
  turn.state = { ...turn.state, patron: { ...patron, lentSince: patron.lentSince + step } };
}

function onResolved(turn: DeskTurn, event: Extract<DeskEvent, { kind: 'resolved' }>): void {
  const { act, item, done, answer } = event;
  const shown = turn.state.lines.find(({ id }) => id === event.line);
  // Nobody looks at that line any more; a book that somebody waits for, or that was not lent, has to be put aside all the same.
  const isMissed = !done && event.line !== undefined && isShownLater(turn, { act });
  if (!shown && !answer?.alert && !isMissed) return;
  const line = { ...(shown ?? blankLine(turn, act, item, null)), pending: false };
  if (!done) return settle(turn, line, refusal('not-done'));
  if (!answer) return settle(turn, line, DONE[act]);
  const answered = withAnswer(line, answer);
  putLine(turn, answered);
  play(turn, soundOf(answered));
}

const DONE = {
  loan: { colour: 'green', message: 'lent', sound: 'success' },
  renewal: { colour: 'green', message: 'renewed', sound: 'success' },
  return: { colour: 'green', message: 'returned', sound: 'success' },
} as const satisfies Record<DeskLine['act'], Verdict>;

function onRenewedAll(turn: DeskTurn, event: Extract<DeskEvent, { kind: 'renewed-all' }>): void {
  const { patron } = turn.state;
  if (patron?.session !== event.session) return;
  if (event.outcome === 'no-answer') return tell(turn, 'library-does-not-answer');
  for (const item of event.unrenewed)
    settle(turn, blankLine(turn, 'renewal', item, patron.person), refusal('refused-by-library'));
  for (const item of event.renewed) settle(turn, blankLine(turn, 'renewal', item, patron.person), DONE.renewal);
  const isNone = event.outcome === 'refused' || event.renewed.length === 0;
  tell(turn, isNone ? 'renewed-none' : 'renewed-all', event.detail);
  const { session, person } = patron;
  turn.effects.push({ kind: 'ask-patron', session, number: person.number });
}

/** Whoever stands there already is looked up now, with what was uploaded for them. */
function onLibraryUp(turn: DeskTurn): void {
  const { patron } = turn.state;
  if (patron === null) return;
  turn.effects.push({ kind: 'ask-patron', session: patron.session, number: patron.person.number });
}

function onFee(turn: DeskTurn, { session, paid, detail }: Extract<DeskEvent, { kind: 'fee-answered' }>): void {
  const { patron } = turn.state;
  const isPresent = patron?.session === session;
  // Money was taken: that nothing came of it is said whoever stands there by now.
  if (isPresent || paid !== true)
    tell(turn, paid === null ? 'fee-unclear' : paid ? 'fee-paid' : 'fee-not-paid', detail);
  if (paid === null) play(turn, 'attention');
  // Asked once it is back, where it went away: what was said of the money stays on the screen.
  if (!isPresent || turn.context.library === 'offline') return;
  turn.effects.push({ kind: 'ask-patron', session, number: patron.person.number });
}

/** Without a card as well, where nobody but patrons clears the screen. */
const isSomebodyThere = ({ mode, patron, lines, taking }: DeskSession): boolean =>
  patron !== null || (mode === 'self-service' && (lines.length > 0 || taking === 'returns'));

function onTimer(turn: DeskTurn): void {
  const { nowMs, idle } = turn.context;
  const { touchedMs } = turn.state;
  if (!isSomebodyThere(turn.state)) return;
  const quietMs = nowMs - touchedMs;
  if (quietMs >= idle.endMs) return endSession(turn, 'idle-ended');
  if (quietMs < idle.warnMs) {
    turn.effects.push({ kind: 'timer', afterMs: idle.warnMs - quietMs });
    return;
  }
  if (!turn.state.warned) play(turn, 'attention');
  turn.state = { ...turn.state, warned: true };
  turn.effects.push({ kind: 'timer', afterMs: idle.endMs - quietMs });
}

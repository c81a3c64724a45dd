// SPDX-License-Identifier: Apache-2.0
// From a card on a reader to a decision that is recorded and carried out: one portal, every presentation by itself. Granting
// is not opening: the door answers each admission with taken or not taken (reference: door).
import type { Decision } from '@latchkey/protocols/authorization/decide';
import type { Reason } from '@latchkey/protocols/mqtt/reasons';
import type {
  AdmissionContext,
  AdmissionEffect,
  AdmissionEvent,
  AdmissionState,
  AdmissionTurn,
  OnlineAnswer,
  OpenAsk,
  Presentation,
} from './admission-state.ts';
import type { EventBody, Passage } from './event-body.ts';
import { attemptsTimedOut, countAttempt } from './wrong-attempts.ts';

/** A reader that spews cards must not flood the gateway. */
const MAX_ASKS = 4;
/** Above what a door holds pending, so that only a lost conclusion is ever dropped. */
const MAX_OPEN = 64;

type Via = 'list' | 'gateway';

export function stepAdmission(
  context: AdmissionContext,
  state: AdmissionState,
  event: AdmissionEvent,
): { readonly state: AdmissionState; readonly effects: readonly AdmissionEffect[] } {
  const turn: AdmissionTurn = { context, state, effects: [], atMs: 'atMs' in event ? event.atMs : 0 };
  take(turn, event);
  return { state: turn.state, effects: turn.effects };
}

function take(turn: AdmissionTurn, event: AdmissionEvent): void {
  switch (event.kind) {
    case 'presented':
      return present(turn, event);
    case 'removed':
      return stillThere(turn, event.reader);
    case 'unreadable':
      return unreadable(turn, event.reader);
    case 'answered':
      return answered(turn, event.admission, event.answer);
    case 'concluded':
      return concluded(turn, event.outcome, event.passage);
    case 'timer':
      return attemptsTimedOut(turn);
  }
}

function tell(turn: AdmissionTurn, event: EventBody): void {
  turn.effects.push({ kind: 'event', event });
}

/** A card left lying, or chattering at the edge of the field, is one event for as long as it goes on. */
function isRepeat(turn: AdmissionTurn, reader: string, what: string): boolean {
  const before = turn.state.seen[reader];
  turn.state = { ...turn.state, seen: { ...turn.state.seen, [reader]: { what, atMs: turn.atMs } } };
  return before?.what === what && turn.atMs - before.atMs < turn.context.config.repeatWindowMs;
}

function stillThere(turn: AdmissionTurn, reader: string): void {
  const before = turn.state.seen[reader];
  if (before) isRepeat(turn, reader, before.what);
}

function unreadable(turn: AdmissionTurn, reader: string): void {
  if (isRepeat(turn, reader, 'unreadable')) return;
  tell(turn, { type: 'unreadable-card', portal: turn.context.config.id, reader });
}

function present(turn: AdmissionTurn, given: Presentation): void {
  const { reader, direction, credential } = given;
  if (isRepeat(turn, reader, credential.ref)) return;
  const { context, state } = turn;
  turn.state = { ...state, next: state.next + 1 };
  const admission = `${context.boot}-${state.next}`;
  const presentation = { reader, direction, credential };
  const decision = context.decide(presentation);
  if (decision.outcome === 'granted')
    return admit(turn, { admission, presentation, decision }, 'list', decision.extended);
  if (decision.reason !== 'UnknownCredential' || !decision.askGateway) {
    return refuse(turn, { admission, presentation, decision }, decision.reason ?? 'Unauthorized', 'list');
  }
  ask(turn, { admission, presentation, decision });
}

function ask(turn: AdmissionTurn, question: OpenAsk): void {
  const { state, context } = turn;
  if (!context.online || state.asks.length >= MAX_ASKS) {
    return refuse(turn, question, 'GatewayUnreachable', 'list');
  }
  turn.state = { ...state, asks: [...state.asks, question] };
  turn.effects.push({ kind: 'ask', admission: question.admission, presentation: question.presentation });
}

function answered(turn: AdmissionTurn, admission: string, answer: OnlineAnswer | undefined): void {
  const question = turn.state.asks.find((each) => each.admission === admission);
  if (!question) return;
  turn.state = { ...turn.state, asks: turn.state.asks.filter((each) => each !== question) };
  if (!answer) return refuse(turn, question, 'GatewayUnreachable', 'list');
  if (answer.outcome === 'granted') return admit(turn, question, 'gateway', answer.extended ?? false);
  refuse(turn, question, answer.reason ?? 'UnknownCredential', 'gateway');
}

function passageOf({ context }: AdmissionTurn, { admission, presentation }: OpenAsk): Passage {
  const { reader, direction, credential } = presentation;
  return {
    portal: context.config.id,
    direction,
    reader,
    credential: { ref: credential.ref, class: credential.class },
    admission,
  };
}

function decidedBy({ scope, version, profile }: Decision, via: Via) {
  return {
    ...(scope > 0 ? { list: { scope, version } } : {}),
    ...(profile === undefined ? {} : { profile }),
    via,
  };
}

/** The credential may; the door and anti-passback have their say. */
function admit(turn: AdmissionTurn, question: OpenAsk, via: Via, extended: boolean): void {
  const { context } = turn;
  const passage = passageOf(turn, question);
  if (!context.accessible) return refuse(turn, question, 'DoorNotAccessible', via);
  const { ref } = passage.credential;
  const rule = question.decision.antiPassback;
  const by = { ref, portal: passage.portal, direction: passage.direction };
  const judged = context.antiPassback.judge(by, rule, context.nowMs);
  if (judged === 'violation') return refuse(turn, question, 'AntipassbackViolation', via);
  const open = [
    ...turn.state.open,
    { admission: question.admission, areas: { area: rule.area, leaves: rule.leaves } },
  ].slice(-MAX_OPEN);
  turn.state = { ...turn.state, open };
  const record: EventBody = {
    type: 'access-granted',
    ...passage,
    ...decidedBy(question.decision, via),
    ...(judged === 'soft-violation' ? { warning: 'AntipassbackViolation' } : {}),
  };
  turn.effects.push({ kind: 'admit', record, passage, extended });
}

function refuse(turn: AdmissionTurn, question: OpenAsk, reason: Reason, via: Via): void {
  tell(turn, { type: 'access-denied', ...passageOf(turn, question), ...decidedBy(question.decision, via), reason });
  countAttempt(turn, reason);
}

function concluded(turn: AdmissionTurn, outcome: 'taken' | 'not-taken', passage: Passage): void {
  const { admission, portal, direction, credential } = passage;
  const admitted = turn.state.open.find((each) => each.admission === admission);
  if (!admitted) return;
  turn.state = { ...turn.state, open: turn.state.open.filter((each) => each !== admitted) };
  if (outcome === 'not-taken') return;
  turn.effects.push({ kind: 'commit', by: { ref: credential.ref, portal, direction }, areas: admitted.areas });
}

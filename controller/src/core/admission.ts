// SPDX-License-Identifier: Apache-2.0
// From a card on a reader, or a code before a scanner, to a decision that is recorded and carried out: one portal, every
// presentation by itself. Granting is not opening: the door answers each admission with taken or not taken (reference: door).
import { scanned } from './admission-code.ts';
import { admit, isRepeat, nextAdmission, refuse, tell } from './admission-outcome.ts';
import { answered, ask } from './admission-question.ts';
import type {
  AdmissionContext,
  AdmissionEffect,
  AdmissionEvent,
  AdmissionState,
  AdmissionTurn,
  Presentation,
} from './admission-state.ts';
import type { Passage } from './event-body.ts';
import { attemptsTimedOut } from './wrong-attempts.ts';

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
    case 'scanned':
      return scanned(turn, event);
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

function stillThere(turn: AdmissionTurn, reader: string): void {
  const before = turn.state.seen[reader];
  if (before) isRepeat(turn, reader, before.what);
}

function unreadable(turn: AdmissionTurn, reader: string): void {
  if (isRepeat(turn, reader, 'unreadable')) return;
  tell(turn, { type: 'unreadable-card', portal: turn.context.config.id, reader });
}

function present(turn: AdmissionTurn, presentation: Presentation): void {
  const { reader, direction } = presentation;
  const { id, ref, class: strength } = presentation.credential;
  if (isRepeat(turn, reader, ref)) return;
  const admission = nextAdmission(turn);
  const decision = turn.context.decide(presentation);
  const attempt = { admission, reader, direction, decision, credential: { ref, class: strength } };
  if (decision.outcome === 'granted') return admit(turn, attempt, 'list', decision.extended);
  if (decision.reason !== 'UnknownCredential' || !decision.askGateway)
    return refuse(turn, attempt, decision.reason ?? 'Unauthorized', 'list');
  ask(turn, { ...attempt, kind: 'credential' }, { kind: 'id', id, class: strength });
}

function concluded(turn: AdmissionTurn, outcome: 'taken' | 'not-taken', passage: Passage): void {
  const { admission, portal, direction, credential } = passage;
  const admitted = turn.state.open.find((each) => each.admission === admission);
  if (!admitted) return;
  turn.state = { ...turn.state, open: turn.state.open.filter((each) => each !== admitted) };
  if (outcome === 'not-taken') return;
  turn.effects.push({ kind: 'commit', by: { ref: credential.ref, portal, direction }, areas: admitted.areas });
}

// SPDX-License-Identifier: Apache-2.0
// What somebody presses at the desk, and why it may not be taken now. On a self-service screen nobody sees other people's books,
// takes money or decides anything.
import { refusal } from './desk-lines.ts';
import type { DeskLine, DeskSession, DeskStep, SessionAction } from './desk-state.ts';
import { type DeskTurn, endSession, isRepeated, onLine, settle, startAct } from './desk-turn.ts';

type Refusal = DeskStep['refused'];

export function onAction(turn: DeskTurn, action: SessionAction): Refusal {
  switch (action.kind) {
    case 'taking':
      turn.state = { ...turn.state, taking: action.taking };
      return undefined;
    case 'mode':
      // Out of self-service only by opening the station anew: whoever stands there is a patron.
      if (turn.state.mode === 'self-service') return 'not-in-self-service';
      turn.state = { ...turn.state, mode: action.mode, taking: 'loans' };
      endSession(turn, undefined);
      return undefined;
    case 'renew':
      return withPatron(turn, action, () => {
        if (!isRepeated(turn, action.item, ['renewal'])) startAct(turn, 'renewal', action.item, false);
        return undefined;
      });
    case 'renew-all':
      return withPatron(turn, action, ({ session, person }) => {
        if (turn.context.library === 'offline') return 'not-possible-offline';
        turn.effects.push({ kind: 'renew-all', session, number: person.number });
        return undefined;
      });
    case 'answer-fee':
      return answerFee(turn, action.line, action.accept);
    case 'pay-fee':
      return payFee(turn, action);
    case 'end':
      // A card was presented while somebody pressed: whoever it is stays.
      if (turn.state.patron !== null && turn.state.patron.session !== action.session) return 'other-session';
      endSession(turn, 'session-ended');
      return undefined;
    case 'still-here':
      return undefined;
  }
}

type Taken = NonNullable<DeskSession['patron']>;

function withPatron(turn: DeskTurn, pressed: { readonly session: string }, act: (patron: Taken) => Refusal): Refusal {
  const { patron } = turn.state;
  if (patron === null) return 'no-session';
  return patron.session === pressed.session ? act(patron) : 'other-session';
}

function answerFee(turn: DeskTurn, id: string, accepted: boolean): Refusal {
  const asked = promptedLine(turn.state);
  if (asked?.id !== id) return 'no-prompt';
  onLine(turn, id, (line) => {
    if (accepted) startAct(turn, line.act, line.item, true, line);
    else settle(turn, line, refusal('fee-declined'));
  });
  return undefined;
}

function payFee(turn: DeskTurn, pressed: Extract<SessionAction, { kind: 'pay-fee' }>): Refusal {
  const { amount, payment } = pressed;
  if (turn.state.mode === 'self-service') return 'not-in-self-service';
  return withPatron(turn, pressed, ({ session, person, library }) => {
    if (turn.context.library === 'offline') return 'not-possible-offline';
    const currency = library?.fees?.currency ?? null;
    turn.effects.push({ kind: 'pay', session, number: person.number, amount, currency, payment });
    return undefined;
  });
}

/** The oldest question first: the patron answers in the order in which the books were scanned. */
export const promptedLine = ({ lines }: Pick<DeskSession, 'lines'>): DeskLine | undefined =>
  lines.findLast(({ message }) => message === 'fee-asked');

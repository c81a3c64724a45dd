// SPDX-License-Identifier: Apache-2.0
// What admission asks the gateway, and what comes of it: a credential that no list here knows, or a code of another app, which
// only its answer puts a name to (DESIGN 6). Deny beats allow: what was denied while the gateway was asked stays shut.
import type { Reason } from '@latchkey/protocols/mqtt/reasons';
import { admit, refuse, refuseCode } from './admission-outcome.ts';
import type { AdmissionTurn, AskedCredential, OnlineAnswer, OpenAsk } from './admission-state.ts';

/** A reader that spews cards must not flood the gateway. */
const MAX_ASKS = 4;

export function ask(turn: AdmissionTurn, question: OpenAsk, credential: AskedCredential): void {
  const { state, context } = turn;
  if (!context.online || state.asks.length >= MAX_ASKS) return unanswered(turn, question);
  turn.state = { ...state, asks: [...state.asks, question] };
  const { admission, direction } = question;
  turn.effects.push({ kind: 'ask', admission, direction, credential });
}

export function answered(turn: AdmissionTurn, admission: string, answer: OnlineAnswer | undefined): void {
  const question = turn.state.asks.find((each) => each.admission === admission);
  if (!question) return;
  turn.state = { ...turn.state, asks: turn.state.asks.filter((each) => each !== question) };
  if (!answer) return unanswered(turn, question);
  if (question.kind === 'code') return answeredCode(turn, question, answer);
  if (answer.outcome === 'denied') return refuse(turn, question, answer.reason ?? 'UnknownCredential', 'gateway');
  if (turn.context.isDenied(question.credential.ref)) return refuse(turn, question, 'CredentialDenied', 'list');
  // The same code may have opened another gate while this one asked.
  const { code } = question;
  if (code && !turn.context.isStillNew(code.acceptance)) return refuse(turn, question, 'CodeReplayed', 'list');
  admit(turn, question, 'gateway', answer.extended ?? false);
}

function unanswered(turn: AdmissionTurn, question: OpenAsk): void {
  if (question.kind === 'credential') return refuse(turn, question, 'GatewayUnreachable', 'list');
  refuseCode(turn, question, turn.context.online ? 'ResolverUnavailable' : 'CodeNeedsNetwork');
}

function answeredCode(
  turn: AdmissionTurn,
  question: Extract<OpenAsk, { kind: 'code' }>,
  { outcome, reason, credential, extended }: OnlineAnswer,
): void {
  const refusal: Reason = reason ?? 'CodeNotRecognised';
  // No record without a name: a grant to nobody is none.
  if (!credential) return refuseCode(turn, question, outcome === 'granted' ? 'CodeNotRecognised' : refusal);
  const identified = { ...question, credential };
  if (outcome === 'denied') return refuse(turn, identified, refusal, 'gateway');
  if (turn.context.isDenied(credential.ref)) return refuse(turn, identified, 'CredentialDenied', 'list');
  admit(turn, identified, 'gateway', extended ?? false);
}

// SPDX-License-Identifier: Apache-2.0
// How a read at a portal ends: let in, refused by name, or refused before anybody was identified. Every end is one record.
import type { Decision } from '@latchkey/protocols/authorization/decide';
import type { Direction } from '@latchkey/protocols/ids';
import type { CodeForm } from '@latchkey/protocols/mqtt/events';
import type { Reason } from '@latchkey/protocols/mqtt/reasons';
import type { AdmissionTurn, IdentifiedAttempt } from './admission-state.ts';
import type { EventBody, Passage } from './event-body.ts';
import { countAttempt } from './wrong-attempts.ts';

/** Above what a door holds pending, so that only a lost conclusion is ever dropped. */
const MAX_OPEN = 64;

export type Via = 'list' | 'gateway';

/** Where a code was read. */
export interface CodePlace {
  readonly reader: string;
  readonly direction: Direction;
  readonly form: CodeForm;
}

export function tell(turn: AdmissionTurn, event: EventBody): void {
  turn.effects.push({ kind: 'event', event });
}

/** Takes the number of the next admission. */
export function nextAdmission(turn: AdmissionTurn): string {
  const { context, state } = turn;
  turn.state = { ...state, next: state.next + 1 };
  return `${context.boot}-${state.next}`;
}

/** What is left lying, or chatters at the edge of the field, is one event for as long as it goes on. */
export function isRepeat(turn: AdmissionTurn, reader: string, what: string): boolean {
  const before = turn.state.seen[reader];
  const goesOn = before !== undefined && turn.atMs - before.atMs < turn.context.config.repeatWindowMs;
  const holder = goesOn ? before.holder : undefined;
  const now = { what, atMs: turn.atMs, ...(holder === undefined ? {} : { holder }) };
  turn.state = { ...turn.state, seen: { ...turn.state.seen, [reader]: now } };
  return goesOn && before.what === what;
}

function passageOf({ context }: AdmissionTurn, attempt: IdentifiedAttempt): Passage {
  const { admission, reader, direction, credential } = attempt;
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
export function admit(turn: AdmissionTurn, attempt: IdentifiedAttempt, via: Via, extended: boolean): void {
  const { context } = turn;
  const { decision, code } = attempt;
  const passage = passageOf(turn, attempt);
  if (!context.accessible) return refuse(turn, attempt, 'DoorNotAccessible', via);
  const rule = decision.antiPassback;
  const by = { ref: passage.credential.ref, portal: passage.portal, direction: passage.direction };
  const judged = context.antiPassback.judge(by, rule, context.nowMs);
  if (judged === 'violation') return refuse(turn, attempt, 'AntipassbackViolation', via);
  const { area, leaves } = rule;
  const open = [...turn.state.open, { admission: attempt.admission, areas: { area, leaves } }].slice(-MAX_OPEN);
  turn.state = { ...turn.state, open };
  const record: EventBody = {
    type: 'access-granted',
    ...passage,
    ...decidedBy(decision, via),
    ...(judged === 'soft-violation' ? { warning: 'AntipassbackViolation' } : {}),
  };
  turn.effects.push({ kind: 'admit', record, passage, extended, ...(code === undefined ? {} : { code }) });
}

export function refuse(turn: AdmissionTurn, attempt: IdentifiedAttempt, reason: Reason, via: Via): void {
  tell(turn, { type: 'access-denied', ...passageOf(turn, attempt), ...decidedBy(attempt.decision, via), reason });
  countAttempt(turn, reason);
}

/** Nobody is known to have been there. */
export function refuseCode(turn: AdmissionTurn, { reader, direction, form }: CodePlace, reason: Reason): void {
  tell(turn, { type: 'code-refused', portal: turn.context.config.id, direction, reader, form, reason });
  countAttempt(turn, reason);
}

// SPDX-License-Identifier: Apache-2.0
// The sending half of a SIP2 session: the next question, the same one again, 97, and the end of a connection.
import type { LibraryState } from '@latchkey/protocols/api/desk-terms';
import type { SipMessage } from '@latchkey/protocols/sip2/message';
import { writeMessage } from '@latchkey/protocols/sip2/write-message';
import type { SipOutcome, SipRequest } from './desk-sip-requests.ts';
import { isAway, isOffered, isWithoutEffect, messageName, patienceOf } from './sip2-rules.ts';
import { change, type SipFailure, type SipFlight, type SipNote, type SipTurn } from './sip2-state.ts';

const NOT_SENT: SipOutcome = { ok: false, sent: false };
const NOT_OFFERED: SipOutcome = { ok: false, sent: false, unsupported: true };
const UNKNOWN: SipOutcome = { ok: false, sent: true };
const LOGIN = { userIdAlgorithm: '0', passwordAlgorithm: '0' } as const;
const STATUS = {
  code: '99',
  fixed: { statusCode: '0', maxPrintWidth: 80, protocolVersion: '2.00' },
  fields: {},
} as const satisfies SipRequest<'99'>;
const SEQUENCES = 10;
const MOST_WAITING = 200;
/** Of 97s for one answer, of 96s for one question. */
const MOST_REPEATS = 3;
/** How soon a library that says it is away is asked whether it is back. */
const AWAY_BEAT_MS = 5_000;

const patience = ({ config, state }: SipTurn) => patienceOf(config, state.status);
export const note = (turn: SipTurn, what: SipNote, code: string): void =>
  void turn.effects.push({ kind: 'note', note: what, code });

export function ask(turn: SipTurn, id: number, request: SipRequest): void {
  const { phase, standing, queue } = turn.state;
  // Before the greeting is through, and while the library says it is away, nobody else asks.
  if (phase !== 'ready' || standing !== 'up' || queue.length >= MOST_WAITING) return settleAs(turn, id, NOT_SENT);
  change(turn, { queue: [...queue, { id, request }] });
  sendNext(turn);
}

export function sendNext(turn: SipTurn): void {
  const { phase, flight, queue } = turn.state;
  if (flight || phase === 'closed') return;
  if (phase === 'greeting') return greet(turn);
  const [waiting, ...rest] = queue;
  if (!waiting) return beatLater(turn);
  change(turn, { queue: rest });
  const { id, request } = waiting;
  if (isOffered(messageName(request.code), turn.state.status, turn.config.supports)) return send(turn, id, request);
  settleAs(turn, id, NOT_OFFERED);
  sendNext(turn);
}

function greet(turn: SipTurn): void {
  const [step, ...steps] = turn.state.steps;
  const { login } = turn.config;
  change(turn, { steps });
  if (step === 'login' && login) {
    const { user, password, location } = login;
    return send(turn, 'own', { code: '93', fixed: LOGIN, fields: { CN: user, CO: password, CP: location } });
  }
  if (step === 'status') return askStatus(turn);
  change(turn, { phase: 'ready' });
  turn.effects.push({ kind: 'ready' });
  if (turn.state.status) standBy(turn, turn.state.status);
  sendNext(turn);
}

export const askStatus = (turn: SipTurn): void => send(turn, 'own', STATUS);

function beatLater(turn: SipTurn): void {
  const { status } = turn.state;
  const { heartbeatMs } = turn.config;
  const afterMs = status && isAway(status) ? Math.min(AWAY_BEAT_MS, heartbeatMs) : heartbeatMs;
  turn.effects.push({ kind: 'arm', timer: 'heartbeat', afterMs });
}

/** A new message: with an AY of its own. */
export function send(turn: SipTurn, id: SipFlight['id'], request: SipRequest, statuses = 0): void {
  const sequence = (turn.state.sequence + 1) % SEQUENCES;
  const { code, fixed, fields } = request;
  // The table that made the request made its fields.
  const written = writeMessage(code, fixed as never, fields as never, sequence, turn.config.options);
  if (!written.ok) {
    note(turn, 'unwritable', code);
    if (id === 'own') return fail(turn, 'unwritable');
    settleAs(turn, id, NOT_SENT);
    return sendNext(turn);
  }
  const counts = { retries: 0, refusals: 0, resends: 0, isLastResend: false, statuses };
  change(turn, { sequence });
  turn.asked = true;
  put(turn, { id, request, bytes: written.value, sequence, ...counts }, written.value);
}

function put(turn: SipTurn, flight: SipFlight, bytes: Uint8Array): void {
  change(turn, { flight });
  turn.effects.push({ kind: 'send', bytes }, { kind: 'arm', timer: 'answer', afterMs: patience(turn).timeoutMs });
}

/** No answer came in time. What changes something is never sent again by itself: nobody knows what was done. */
export function timedOut(turn: SipTurn, flight: SipFlight): void {
  if (flight.isLastResend) return wantAgain(turn, flight, 'no-answer');
  // Without AY in answers a late one could be taken for the next question's.
  const isTellable = turn.config.options.checksum !== 'off' && turn.state.echoes !== false;
  const { code } = flight.request;
  if (!isTellable || !isWithoutEffect(code) || flight.retries >= patience(turn).retries) return fail(turn, 'no-answer');
  note(turn, 'asked-again', code);
  put(turn, { ...flight, retries: flight.retries + 1 }, flight.bytes);
}

/** The answer came damaged: 97 asks for it once more. */
export function wantAgain(turn: SipTurn, flight: SipFlight, otherwise: SipFailure = 'damaged-answers'): void {
  const { options, supports } = turn.config;
  const written = writeMessage('97', {}, {}, 0, options);
  const may = flight.resends < MOST_REPEATS && isOffered('resend', turn.state.status, supports);
  if (!may || !written.ok) return fail(turn, otherwise);
  note(turn, 'resend-wanted', flight.request.code);
  put(turn, { ...flight, resends: flight.resends + 1, isLastResend: true }, written.value);
}

/** 96: the question came damaged and nothing was done, so that any may go again; after a 97 it says that there is no answer. */
export function refusedSum(turn: SipTurn, flight: SipFlight): void {
  if (flight.isLastResend) return fail(turn, 'damaged-answers');
  if (flight.refusals >= MOST_REPEATS) return fail(turn, 'damaged-questions');
  note(turn, 'asked-again', flight.request.code);
  put(turn, { ...flight, refusals: flight.refusals + 1 }, flight.bytes);
}

/** The question in flight has its answer. */
export function answered(turn: SipTurn, flight: SipFlight, answer: Uint8Array, outcome: SipOutcome = UNKNOWN): void {
  change(turn, { flight: undefined, before: { request: flight.request, answer } });
  turn.effects.push({ kind: 'disarm', timer: 'answer' });
  if (flight.id !== 'own') settleAs(turn, flight.id, outcome);
}

export function takeStatus(turn: SipTurn, status: SipMessage<'98'>): void {
  change(turn, { status });
  // Before the greeting is through nobody else may ask: a login may still be missing.
  if (turn.state.phase === 'ready' || isAway(status)) standBy(turn, status);
}

function standBy(turn: SipTurn, status: SipMessage<'98'>): void {
  stand(turn, isAway(status) ? 'offline' : 'up');
  if (isAway(status)) dropQueue(turn);
}

function stand(turn: SipTurn, standing: LibraryState): void {
  if (turn.state.standing === standing) return;
  change(turn, { standing });
  turn.effects.push({ kind: 'changed' });
}

function dropQueue(turn: SipTurn): void {
  const { queue } = turn.state;
  change(turn, { queue: [] });
  for (const { id } of queue) settleAs(turn, id, NOT_SENT);
}

/** The connection is no good any more: what left is unknown, what waits was not sent and will not be. */
export function lose(turn: SipTurn): void {
  const { phase, flight } = turn.state;
  if (phase === 'closed') return stand(turn, 'offline');
  change(turn, { phase: 'closed', flight: undefined, before: undefined, echoes: undefined, steps: [] });
  turn.effects.push({ kind: 'disarm', timer: 'answer' }, { kind: 'disarm', timer: 'heartbeat' });
  stand(turn, 'offline');
  if (flight && flight.id !== 'own') settleAs(turn, flight.id, UNKNOWN);
  dropQueue(turn);
}

export function fail(turn: SipTurn, reason: SipFailure): void {
  lose(turn);
  turn.effects.push({ kind: 'close', reason });
}

const settleAs = (turn: SipTurn, id: number, outcome: SipOutcome): void =>
  void turn.effects.push({ kind: 'settle', id, outcome });

// SPDX-License-Identifier: Apache-2.0
// A desk's session with a library's SIP2 server (reference: sip2, 2, 7 and 8): one question in flight, AY, 96 and 97, a status in
// between, both login orders, a heartbeat. It reads no clock and no socket: bytes and timers come as events.
import { fieldOf } from '@latchkey/protocols/sip2/message';
import { formOf } from '@latchkey/protocols/sip2/message-table';
import { readMessage } from '@latchkey/protocols/sip2/read-message';
import type { SipRequest } from './desk-sip-requests.ts';
import { isAway } from './sip2-rules.ts';
import {
  answered,
  ask,
  askStatus,
  fail,
  lose,
  note,
  refusedSum,
  send,
  sendNext,
  takeStatus,
  timedOut,
  wantAgain,
} from './sip2-send.ts';
import {
  change,
  type SipFlight,
  type SipSession,
  type SipSessionConfig,
  type SipSessionEffect,
  type SipSessionEvent,
  type SipTurn,
} from './sip2-state.ts';

const MOST_STATUSES = 2;
/** A tail, whatever stands before it. */
const TAIL = /AZ[0-9A-Fa-f]{4}[ \t]*$/;

export function stepSipSession(
  config: SipSessionConfig,
  state: SipSession,
  event: SipSessionEvent,
): { readonly state: SipSession; readonly effects: readonly SipSessionEffect[] } {
  const turn: SipTurn = { config, state, effects: [], asked: false };
  take(turn, event);
  return { state: turn.state, effects: turn.effects };
}

function take(turn: SipTurn, event: SipSessionEvent): void {
  switch (event.kind) {
    case 'opened':
      change(turn, { phase: 'greeting', steps: stepsOf(turn.config) });
      return sendNext(turn);
    case 'ask':
      return ask(turn, event.id, event.request);
    case 'received':
      for (const bytes of event.messages) if (!turn.asked) received(turn, bytes);
      return;
    case 'timer':
      return onTimer(turn, event.name);
    case 'closed':
      return lose(turn);
  }
}

/** What a server says of itself before the login may be less than what it says after. */
function stepsOf({ login }: SipSessionConfig): SipSession['steps'] {
  if (!login) return ['status'];
  return login.order === 'login-first' ? ['login', 'status'] : ['status', 'login', 'status'];
}

/** One that was disarmed meanwhile finds nothing to do. */
function onTimer(turn: SipTurn, name: 'answer' | 'heartbeat'): void {
  const { flight, phase } = turn.state;
  if (name === 'answer') return flight && timedOut(turn, flight);
  if (!flight && phase === 'ready') askStatus(turn);
}

function received(turn: SipTurn, bytes: Uint8Array): void {
  const { options } = turn.config;
  const { flight } = turn.state;
  if (!flight) return;
  const read = readMessage(bytes, options);
  if (!read.ok) return unreadable(turn, flight, bytes);
  const message = read.value;
  if (message.checksum === 'wrong') return wantAgain(turn, flight);
  if (message.code === '96') return refusedSum(turn, flight);
  const isOwn = message.code === '98' || message.code === formOf(flight.request.code).answer;
  if (!isOwn || isOfAnother(turn, flight, bytes, message)) return note(turn, 'not-the-answer', message.code);
  change(turn, { echoes: message.sequence !== undefined });
  if (message.code === '98') {
    takeStatus(turn, message);
    if (flight.request.code !== '99') return statusInstead(turn, flight, bytes, isAway(message));
  }
  answered(turn, flight, bytes, { ok: true, message });
  if (message.code === '94' && !message.fixed.ok) return fail(turn, 'login-refused');
  sendNext(turn);
}

/** Noise is waited out; what has a tail was an answer once. */
function unreadable(turn: SipTurn, flight: SipFlight, bytes: Uint8Array): void {
  const { checksum } = turn.config.options;
  const end = String.fromCharCode(...bytes.subarray(-12));
  if ((checksum === 'bytes' || checksum === 'code-units') && TAIL.test(end)) return wantAgain(turn, flight);
  note(turn, 'unreadable', flight.request.code);
}

/** By the standard nothing was done, and the question goes again, as a new message: the same AY would bring the 98 again. */
function statusInstead(turn: SipTurn, flight: SipFlight, bytes: Uint8Array, away: boolean): void {
  note(turn, 'status-instead', flight.request.code);
  const statuses = flight.statuses + 1;
  if (!away && statuses <= MOST_STATUSES) return send(turn, flight.id, flight.request, statuses);
  answered(turn, flight, bytes);
  sendNext(turn);
}

type Answer = Parameters<typeof fieldOf>[0] & { readonly sequence: number | undefined };

function isOfAnother({ state }: SipTurn, flight: SipFlight, bytes: Uint8Array, answer: Answer): boolean {
  const { sequence } = answer;
  // After a 97 servers leave AY out or write 0 (quirk 14).
  if (sequence !== undefined) return sequence !== flight.sequence && !(flight.resends > 0 && sequence === 0);
  const { before } = state;
  if (!before || isSameQuestion(before.request, flight.request)) return false;
  // A status may well read like the one before it; nothing else that answers another question does.
  const isRepeat = !isStatus(bytes) && isEqual(before.answer, bytes);
  return isRepeat || namesOther(answer, before.request, flight.request);
}

/** Without AY an answer is told by whom and what it names. */
function namesOther(answer: Answer, before: SipRequest, now: SipRequest): boolean {
  return ['AA', 'AB'].some((id) => {
    const said = fieldOf(answer, id);
    const [then, mine] = [valueOf(before, id), valueOf(now, id)];
    return said !== undefined && said === then && mine !== undefined && mine !== said;
  });
}

const valueOf = ({ fields }: SipRequest, id: string) => (fields as Readonly<Record<string, string | undefined>>)[id];
const isSameQuestion = (one: SipRequest, other: SipRequest): boolean =>
  one.code === other.code && ['AA', 'AB'].every((id) => valueOf(one, id) === valueOf(other, id));
const isEqual = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, at) => byte === other[at]);
const isStatus = (bytes: Uint8Array): boolean => bytes[0] === 0x39 && bytes[1] === 0x38;

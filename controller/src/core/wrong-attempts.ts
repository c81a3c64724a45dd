// SPDX-License-Identifier: Apache-2.0
// Alarm after repeated wrong attempts at one portal: at most 5 (GB 50396-2007 5.1.5; reference: door, Figures of the field).
import type { Reason } from '@latchkey/protocols/mqtt/reasons';
import type { AdmissionTurn } from './admission-state.ts';

/** What says nothing about the credential: the door, the lists or the network were the cause. */
const NOT_THE_CREDENTIAL: readonly Reason[] = [
  'DoorNotAccessible',
  'ListMissing',
  'ListExpired',
  'GatewayUnreachable',
  'AntipassbackViolation',
  'CodeClockUnsure',
  'CodeNeedsNetwork',
  'ResolverUnavailable',
  // A phone whose clock is off, an old picture, the wrong app: nobody gets further by trying again.
  'CodeExpired',
  'CodeFromFuture',
  'PaymentCodeNotAccepted',
];

export function countAttempt(turn: AdmissionTurn, reason: Reason): void {
  if (NOT_THE_CREDENTIAL.includes(reason)) return;
  const { atMs } = turn;
  const { id, wrongAttempts } = turn.context.config;
  const recent = turn.state.attempts.filter((at) => atMs - at < wrongAttempts.windowMs);
  const attempts = [...recent, atMs].slice(-wrongAttempts.limit);
  turn.state = { ...turn.state, attempts };
  if (attempts.length < wrongAttempts.limit) return;
  // Goes on for as long as the attempts do.
  turn.effects.push({ kind: 'timer', name: 'wrong-attempts', afterMs: wrongAttempts.windowMs });
  if (turn.state.alarmed) return;
  turn.state = { ...turn.state, alarmed: true };
  turn.effects.push({ kind: 'event', event: { type: 'alarm', alarm: 'wrong-attempts', active: true, portal: id } });
}

export function attemptsTimedOut(turn: AdmissionTurn): void {
  if (!turn.state.alarmed) return;
  turn.state = { ...turn.state, alarmed: false, attempts: [] };
  const portal = turn.context.config.id;
  turn.effects.push({ kind: 'event', event: { type: 'alarm', alarm: 'wrong-attempts', active: false, portal } });
}

// SPDX-License-Identifier: Apache-2.0
// The door machine: one door, one event at a time, effects as data (reference: door). It reads no clock: time passes as timer
// events. The shell runs effects in order and feeds back what became of outputs and timers.
import { endAccess, entryTimedOut, grant, releaseTimedOut, unlockMomentarily } from './door-access.ts';
import { exitMaskTimedOut, exitStuck, requestExit } from './door-exit.ts';
import { takeInput } from './door-inputs.ts';
import { driveRelays, heldTimedOut, heldWarning, outputDone, retryOutputs, settle } from './door-settle.ts';
import {
  change,
  type DoorConfig,
  type DoorEffect,
  type DoorEvent,
  type DoorState,
  type DoorTimer,
  disarm,
  isArmed,
  type Turn,
} from './door-state.ts';
import { claimMode, relinquish } from './mode-arbiter.ts';

export type { DoorConfig, DoorEffect, DoorEvent, DoorState, DoorTimer, WireLevel } from './door-state.ts';
export { initialDoor, reportOf } from './door-state.ts';

export function stepDoor(
  config: DoorConfig,
  state: DoorState,
  event: DoorEvent,
): { readonly state: DoorState; readonly effects: readonly DoorEffect[] } {
  const turn: Turn = { config, state, effects: [], by: 'door', afterRecord: true };
  take(turn, event);
  settle(turn);
  return { state: turn.state, effects: turn.effects };
}

function take(turn: Turn, event: DoorEvent): void {
  switch (event.kind) {
    case 'start':
      return driveRelays(turn, true);
    case 'grant':
      return grant(turn, event.passage, event.extended);
    case 'unlock-momentary':
      return unlockMomentarily(turn, event.by, event.direction);
    case 'claim':
      return claim(turn, event);
    case 'relinquish':
      turn.by = event.by;
      return change(turn, { claims: relinquish(turn.state.claims, event.writer) });
    case 'mask':
      return change(turn, { masks: { forced: event.forced, held: event.held } });
    case 'input':
      return takeInput(turn, event.role, event.level);
    case 'output':
      return outputDone(turn, event.output, event.on, event.ok);
    case 'timer':
      return timedOut(turn, event.name);
  }
}

function claim(turn: Turn, { writer, mode, by }: Extract<DoorEvent, { kind: 'claim' }>): void {
  const claimed = claimMode(turn.state.claims, writer, { mode, by });
  turn.by = by;
  if (claimed.ok) change(turn, { claims: claimed.value });
  else turn.effects.push({ kind: 'refuse', code: claimed.code });
}

/** One that was cancelled meanwhile is nobody's. */
function timedOut(turn: Turn, name: DoorTimer): void {
  if (!isArmed(turn, name)) return;
  disarm(turn, name);
  switch (name) {
    case 'release':
      return releaseTimedOut(turn);
    case 'relock':
      return endAccess(turn, 'relock');
    case 'held':
      return heldTimedOut(turn);
    case 'held-warning':
      return heldWarning(turn);
    case 'exit-after-grant':
    case 'exit-after-close':
      return requestExit(turn);
    case 'exit-mask':
      return exitMaskTimedOut(turn);
    case 'exit-stuck':
      return exitStuck(turn);
    case 'output-retry':
      return retryOutputs(turn);
    case 'late-opening':
      return;
    default:
      return entryTimedOut(turn, name);
  }
}

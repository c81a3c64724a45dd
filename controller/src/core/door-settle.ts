// SPDX-License-Identifier: Apache-2.0
// What follows from a door's state after every step: relays, the held timer, alarms and what is told. Kept in one place so that
// no event can forget it.
import { cutShort } from './door-access.ts';
import {
  alarmOf,
  arm,
  cancel,
  change,
  isArmed,
  lockOf,
  modeOf,
  relayFor,
  reportOf,
  type Turn,
  tell,
} from './door-state.ts';
import { baseMode, isFree } from './mode-arbiter.ts';
import { lockOutputs } from './wiring.ts';

const RETRY_MS = 1_000;

export function settle(turn: Turn): void {
  cutShort(turn);
  maskAlarms(turn);
  watchHeld(turn);
  report(turn);
  driveRelays(turn, false);
}

/** A mask silences: what it hides is not raised again when it ends; a door still open then is timed anew. */
function maskAlarms(turn: Turn): void {
  const free = isFree(baseMode(turn.state.claims));
  if (turn.state.forced && (free || turn.state.masks.forced)) change(turn, { forced: false });
  if ((turn.state.held || turn.state.warned) && (free || turn.state.masks.held))
    change(turn, { held: false, warned: false });
}

function watchHeld(turn: Turn): void {
  const { config, state } = turn;
  const masked = state.masks.held || isFree(baseMode(state.claims));
  const watched = state.door === 'Open' && !masked && !state.forced && !state.held;
  if (!watched) return cancel(turn, 'held', 'held-warning');
  if (isArmed(turn, 'held')) return;
  const { openTimeMs, extendedOpenTimeMs, preAlarmTimeMs } = config.timers;
  const openMs = openTimeMs + (state.openExtended ? extendedOpenTimeMs : 0);
  arm(turn, 'held', openMs);
  if (preAlarmTimeMs > 0 && !state.warned) arm(turn, 'held-warning', openMs - preAlarmTimeMs);
}

export function heldTimedOut(turn: Turn): void {
  cancel(turn, 'held-warning');
  change(turn, { held: true, warned: false });
}

export function heldWarning(turn: Turn): void {
  change(turn, { warned: true });
  tell(turn, { type: 'door-alarm', portal: turn.config.id, alarm: 'DoorOpenTooLong', warning: true });
}

function report(turn: Turn): void {
  const { config, state } = turn;
  const portal = config.id;
  const before = state.reported;
  const now = reportOf(config, state);
  if (now.door !== before.door) tell(turn, { type: 'door-position', portal, state: now.door });
  if (now.mode !== before.mode)
    tell(turn, { type: 'door-mode', portal, mode: modeOf(state), by: turn.by.slice(0, 80) });
  if (now.alarm !== before.alarm) tell(turn, { type: 'door-alarm', portal, alarm: alarmOf(state) });
  if (now.lock !== before.lock) tell(turn, { type: 'lock-state', portal, state: lockOf(config, state) });
  change(turn, { reported: now });
}

function wantedRelays({ config, state }: Turn): ReadonlyMap<string, boolean> {
  const outputs = lockOutputs(config.lock);
  const free = isFree(baseMode(state.claims));
  const released = { in: free || (state.access?.in ?? false), out: free || (state.access?.out ?? false) };
  if (outputs.in === outputs.out) return new Map([[outputs.in, relayFor(config, released.in || released.out)]]);
  return new Map([
    [outputs.in, relayFor(config, released.in)],
    [outputs.out, relayFor(config, released.out)],
  ]);
}

/** `all`: also those that should be right already, at the start. */
export function driveRelays(turn: Turn, all: boolean): void {
  for (const [output, on] of wantedRelays(turn)) {
    const known = turn.state.outputs[output];
    if (!known || (known.wanted === on && !all)) continue;
    change(turn, { outputs: { ...turn.state.outputs, [output]: { ...known, wanted: on } } });
    const releases = on === relayFor(turn.config, true);
    turn.effects.push({ kind: 'output', output, on, afterRecord: releases && turn.afterRecord });
  }
}

export function outputDone(turn: Turn, output: string, on: boolean, ok: boolean): void {
  const known = turn.state.outputs[output];
  if (!known) return;
  const failed = known.actual === 'failed';
  change(turn, { outputs: { ...turn.state.outputs, [output]: { ...known, actual: ok ? on : 'failed' } } });
  if (!ok) arm(turn, 'output-retry', RETRY_MS);
  if (failed === !ok) return;
  // Where the relay got stuck is unknown; without power the lock does what it is built for.
  const presumed = turn.config.lock.fail === 'safe' ? 'unlocked' : 'locked';
  const subject = `${output}, ${presumed} without power`;
  tell(turn, { type: 'alarm', alarm: 'output-fault', active: !ok, portal: turn.config.id, subject });
}

export function retryOutputs(turn: Turn): void {
  for (const [output, { wanted, actual }] of Object.entries(turn.state.outputs))
    if (actual === 'failed') turn.effects.push({ kind: 'output', output, on: wanted, afterRecord: false });
}

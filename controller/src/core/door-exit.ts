// SPDX-License-Identifier: Apache-2.0
// Request to exit: unlocks, or only masks the forced alarm; ignored for a while after a grant and after a close, and while the
// door is open, so that it never clears an alarm (reference: door, Details).

import { release } from './door-access.ts';
import { arm, cancel, change, isArmed, type Turn, tell, type WireLevel } from './door-state.ts';

export function exitInput(turn: Turn, level: WireLevel): void {
  const { exit } = turn.state;
  // A faulty line requests nothing; handles and the fire panel still free the door.
  const active = level === 'asserted';
  if (active === exit.active) return;
  change(turn, { exit: { ...exit, active } });
  watchStuck(turn);
  if (active) requestExit(turn);
  else if (exit.masking) arm(turn, 'exit-mask', turn.config.timers.releaseTimeMs);
}

/** The way out stays free all the while: the alarm is about a lock that somebody's tape, or a sensor, holds open. */
function watchStuck(turn: Turn): void {
  const { active, stuck } = turn.state.exit;
  const afterMs = turn.config.requestToExit?.stuckAfterMs;
  if (active && afterMs !== undefined) return arm(turn, 'exit-stuck', afterMs);
  cancel(turn, 'exit-stuck');
  if (stuck) setStuck(turn, false);
}

function setStuck(turn: Turn, stuck: boolean): void {
  change(turn, { exit: { ...turn.state.exit, stuck } });
  tell(turn, { type: 'alarm', alarm: 'exit-request-stuck', active: stuck, portal: turn.config.id });
}

export function exitStuck(turn: Turn): void {
  if (turn.state.exit.active) setStuck(turn, true);
}

/** Also called when a reason to ignore it has passed and the request is still made. */
export function requestExit(turn: Turn): void {
  const { config, state } = turn;
  if (!config.requestToExit || !state.exit.active) return;
  if (state.door === 'Open' || isArmed(turn, 'exit-after-grant') || isArmed(turn, 'exit-after-close')) return;
  tell(turn, { type: 'request-to-exit', portal: config.id });
  if (config.requestToExit.mode === 'unlock') {
    turn.by = 'request-to-exit';
    release(turn, { in: false, out: true, egress: true, extended: false });
    return;
  }
  change(turn, { exit: { ...state.exit, masking: true } });
  cancel(turn, 'exit-mask');
}

export function exitMaskTimedOut(turn: Turn): void {
  if (!turn.state.exit.active) change(turn, { exit: { ...turn.state.exit, masking: false } });
}

export function ignoreExitAfterClose(turn: Turn): void {
  const ignoreMs = turn.config.requestToExit?.ignoreAfterCloseMs ?? 0;
  if (ignoreMs > 0) arm(turn, 'exit-after-close', ignoreMs);
  else requestExit(turn);
}

// SPDX-License-Identifier: Apache-2.0
// Contact, fire line and tamper switch of a door. A faulty line is a fault: the door is never called closed on its word.
import { endAccess, relockAfterOpening, resolve, takePending } from './door-access.ts';
import { exitInput, ignoreExitAfterClose } from './door-exit.ts';
import { change, isArmed, type Turn, tell, type WireLevel } from './door-state.ts';
import { claimMode, relinquish } from './mode-arbiter.ts';
import type { InputRole } from './wiring.ts';

export function takeInput(turn: Turn, role: InputRole, level: WireLevel): void {
  if (!turn.config[role]) return;
  noteFault(turn, role, level === 'fault');
  switch (role) {
    case 'contact':
      return contactInput(turn, level);
    case 'requestToExit':
      return exitInput(turn, level);
    case 'fire':
      return fireInput(turn, level);
    case 'tamper':
      return tamperInput(turn, level);
  }
}

function noteFault(turn: Turn, role: InputRole, faulty: boolean): void {
  const { faults } = turn.state;
  if (faults.includes(role) === faulty) return;
  change(turn, { faults: faulty ? [...faults, role] : faults.filter((each) => each !== role) });
  tell(turn, { type: 'alarm', alarm: 'input-fault', active: faulty, portal: turn.config.id, subject: role });
}

function contactInput(turn: Turn, level: WireLevel): void {
  const { door, seen } = turn.state;
  if (level === 'fault') {
    if (door === 'Fault') return;
    change(turn, { door: 'Fault' });
    // Without a contact that can be believed a passage counts at the grant.
    for (const passage of turn.state.pending) resolve(turn, passage, 'taken');
    return;
  }
  const position = level === 'asserted' ? 'Open' : 'Closed';
  if (door === position) return;
  change(turn, { door: position, seen: position });
  if (seen === position) return;
  if (position === 'Open') opened(turn, seen === 'Closed');
  // Found closed at the start: nothing ends.
  else if (seen === 'Open') closed(turn);
}

function opened(turn: Turn, wasClosed: boolean): void {
  const { state } = turn;
  const expected =
    state.access !== null || state.pending.length > 0 || state.exit.masking || isArmed(turn, 'late-opening');
  // Found open at the start: nobody saw how. What masks the alarm is seen to when the step settles.
  change(turn, { forced: wasClosed && !expected, openExtended: state.access?.extended ?? false });
  takePending(turn);
  relockAfterOpening(turn);
}

/** Relocks even if time is left; a lane goes on for those who were granted and wait. */
function closed(turn: Turn): void {
  change(turn, { forced: false, held: false, warned: false, openExtended: false });
  if (turn.state.pending.length === 0) endAccess(turn, 'relock');
  ignoreExitAfterClose(turn);
}

/** The panel frees escape doors in hardware; the mode follows so that what is shown is true. It waits for no record. */
function fireInput(turn: Turn, level: WireLevel): void {
  const { claims } = turn.state;
  const burning = claims.fire !== undefined;
  // A faulty line changes nothing: it neither starts an evacuation nor ends one.
  if (level === 'fault' || (level === 'asserted') === burning) return;
  const claimed = claimMode(claims, 'fire', { mode: 'Unlocked', by: 'fire' });
  turn.by = 'fire';
  turn.afterRecord = false;
  change(turn, { claims: burning || !claimed.ok ? relinquish(claims, 'fire') : claimed.value });
  tell(turn, { type: 'alarm', alarm: 'fire', active: !burning, portal: turn.config.id });
}

function tamperInput(turn: Turn, level: WireLevel): void {
  const tampered = level !== 'quiet';
  if (tampered === turn.state.tampered) return;
  change(turn, { tampered });
  tell(turn, { type: 'alarm', alarm: 'tamper', active: tampered, portal: turn.config.id });
}

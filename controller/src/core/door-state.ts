// SPDX-License-Identifier: Apache-2.0
// State, events and effects of one door (reference: door, Four orthogonal states). Mode and lock state are derived, so no
// combination of claims, access and inputs can contradict what is reported.
import type { Direction } from '@latchkey/protocols/ids';
import type {
  DoorAlarm,
  DoorMode,
  DoorPhysicalState,
  LockPhysicalState,
  ModeWriter,
} from '@latchkey/protocols/mqtt/door-terms';
import type { PortalReport } from '@latchkey/protocols/mqtt/messages';
import type { EventBody, Passage } from './event-body.ts';
import {
  baseMode,
  type ClaimedMode,
  type ClaimRefusal,
  type Claims,
  NO_CLAIMS,
  yieldsToAccess,
} from './mode-arbiter.ts';
import { type InputRole, lockOutputs, type PortalWiring } from './wiring.ts';

export type DoorConfig = Pick<PortalWiring, 'id' | 'lock' | 'contact' | 'requestToExit' | 'fire' | 'tamper' | 'timers'>;

/** `asserted`: door open, button pressed, fire, cover off. `fault` is never taken for quiet. */
export type WireLevel = 'quiet' | 'asserted' | 'fault';

export type DoorTimer =
  | 'release'
  | 'relock'
  | 'held'
  | 'held-warning'
  | 'late-opening'
  | 'exit-after-grant'
  | 'exit-after-close'
  | 'exit-mask'
  | 'exit-stuck'
  | 'output-retry'
  | `entry:${string}`;

export type DoorEvent =
  /** Once, before anything else: drives the relays to what the door should be. */
  | { readonly kind: 'start' }
  /** A recorded AccessGranted. Ends in exactly one taken or not taken. */
  | { readonly kind: 'grant'; readonly passage: Passage; readonly extended: boolean }
  /** An operator's momentary unlock; both directions of a lane unless told. Its expiry was checked before. */
  | { readonly kind: 'unlock-momentary'; readonly by: string; readonly direction?: Direction }
  | {
      readonly kind: 'claim';
      readonly writer: Exclude<ModeWriter, 'fire'>;
      readonly mode: ClaimedMode;
      readonly by: string;
    }
  | { readonly kind: 'relinquish'; readonly writer: Exclude<ModeWriter, 'fire'>; readonly by: string }
  | { readonly kind: 'mask'; readonly forced: boolean; readonly held: boolean }
  /** Debounced. */
  | { readonly kind: 'input'; readonly role: InputRole; readonly level: WireLevel }
  /** What became of an output effect. */
  | { readonly kind: 'output'; readonly output: string; readonly on: boolean; readonly ok: boolean }
  | { readonly kind: 'timer'; readonly name: DoorTimer };

export type DoorRefusal = 'DoorNotAccessible' | ClaimRefusal;

export type DoorEffect =
  /** `afterRecord`: only once the event effects before it are durable, or the journal's limit of waiting has passed. */
  | { readonly kind: 'output'; readonly output: string; readonly on: boolean; readonly afterRecord: boolean }
  /** Replaces a running timer of this name. */
  | { readonly kind: 'timer'; readonly name: DoorTimer; readonly afterMs: number }
  | { readonly kind: 'cancel'; readonly name: DoorTimer }
  | { readonly kind: 'event'; readonly event: EventBody }
  | { readonly kind: 'passage'; readonly outcome: 'taken' | 'not-taken'; readonly passage: Passage }
  /** The event was not carried out. */
  | { readonly kind: 'refuse'; readonly code: DoorRefusal };

/** The lock is released for a while, over whatever mode the door is in. */
export interface Access {
  readonly in: boolean;
  readonly out: boolean;
  /** Asked from inside: it survives what refuses everybody else. */
  readonly egress: boolean;
  readonly extended: boolean;
}

export interface OutputState {
  readonly wanted: boolean;
  /** What the hardware confirmed last; `failed`: it did not. */
  readonly actual: boolean | 'unknown' | 'failed';
}

export interface DoorState {
  readonly claims: Claims;
  readonly access: Access | null;
  readonly pending: readonly Passage[];
  readonly door: DoorPhysicalState;
  /** Position before a fault: a line cut while the door was shut must not hide that it was opened. */
  readonly seen: 'Open' | 'Closed' | 'Unknown';
  readonly outputs: { readonly [output: string]: OutputState };
  readonly forced: boolean;
  readonly held: boolean;
  readonly warned: boolean;
  /** People who need more time are passing: the held alarm waits longer. */
  readonly openExtended: boolean;
  readonly faults: readonly InputRole[];
  readonly tampered: boolean;
  readonly exit: { readonly active: boolean; readonly masking: boolean; readonly stuck: boolean };
  readonly masks: { readonly forced: boolean; readonly held: boolean };
  readonly armed: readonly DoorTimer[];
  /** What was told last. */
  readonly reported: PortalReport;
}

export function initialDoor(config: DoorConfig): DoorState {
  const { in: inward, out: outward } = lockOutputs(config.lock);
  const unknown: OutputState = { wanted: false, actual: 'unknown' };
  return {
    claims: NO_CLAIMS,
    access: null,
    pending: [],
    door: 'Unknown',
    seen: 'Unknown',
    outputs: { [inward]: unknown, [outward]: unknown },
    forced: false,
    held: false,
    warned: false,
    openExtended: false,
    faults: [],
    tampered: false,
    exit: { active: false, masking: false, stuck: false },
    masks: { forced: false, held: false },
    armed: [],
    reported: { portal: config.id, mode: 'Locked', door: 'Unknown', lock: 'Unknown', alarm: 'Normal' },
  };
}

/** Accessed shows over Locked and DoubleLocked only; a way out of a blocked or locked-down door leaves the mode as it is. */
export function modeOf(state: DoorState): DoorMode {
  const base = baseMode(state.claims);
  return state.access && yieldsToAccess(base) ? 'Accessed' : base;
}

export function alarmOf(state: DoorState): DoorAlarm {
  if (state.forced) return 'DoorForcedOpen';
  if (state.held) return 'DoorOpenTooLong';
  if (state.tampered) return 'Tamper';
  return state.faults.length > 0 ? 'Fault' : 'Normal';
}

/** Energised is locked on a fail-safe lock, released on a fail-secure one. */
export const relayFor = (config: DoorConfig, released: boolean): boolean =>
  config.lock.fail === 'safe' ? !released : released;

export function lockOf(config: DoorConfig, state: DoorState): LockPhysicalState {
  const actual = Object.values(state.outputs).map((output) => output.actual);
  if (actual.includes('failed')) return 'Fault';
  if (actual.includes('unknown')) return 'Unknown';
  return actual.includes(relayFor(config, true)) ? 'Unlocked' : 'Locked';
}

export const reportOf = (config: DoorConfig, state: DoorState): PortalReport => ({
  portal: config.id,
  mode: modeOf(state),
  door: state.door,
  lock: lockOf(config, state),
  alarm: alarmOf(state),
});

export const isLane = (config: DoorConfig): boolean => !('output' in config.lock);

/** One step under way: local to a call of stepDoor. */
export interface Turn {
  readonly config: DoorConfig;
  state: DoorState;
  readonly effects: DoorEffect[];
  /** Who caused a change of mode. */
  by: string;
  /** Released relays wait for the record, unless the opening is recorded already or must not wait. */
  afterRecord: boolean;
}

export function change(turn: Turn, part: Partial<DoorState>): void {
  turn.state = { ...turn.state, ...part };
}

export function tell(turn: Turn, event: EventBody): void {
  turn.effects.push({ kind: 'event', event });
}

export const isArmed = (turn: Turn, name: DoorTimer): boolean => turn.state.armed.includes(name);

export function arm(turn: Turn, name: DoorTimer, afterMs: number): void {
  if (!isArmed(turn, name)) change(turn, { armed: [...turn.state.armed, name] });
  turn.effects.push({ kind: 'timer', name, afterMs });
}

export function cancel(turn: Turn, ...names: readonly DoorTimer[]): void {
  for (const name of names.filter((each) => isArmed(turn, each))) {
    disarm(turn, name);
    turn.effects.push({ kind: 'cancel', name });
  }
}

/** It fired, or is about to be cancelled. */
export function disarm(turn: Turn, name: DoorTimer): void {
  change(turn, { armed: turn.state.armed.filter((each) => each !== name) });
}

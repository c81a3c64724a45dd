// SPDX-License-Identifier: Apache-2.0
// The four orthogonal states of a door, in ONVIF's door control terms (IEC 60839-11), and the alarms of a controller.

export const DOOR_MODES = [
  'Locked',
  'Unlocked',
  'Accessed',
  'Blocked',
  'LockedDown',
  'LockedOpen',
  'DoubleLocked',
  'Unknown',
] as const;
export const DOOR_PHYSICAL_STATES = ['Open', 'Closed', 'Fault', 'Unknown'] as const;
export const LOCK_PHYSICAL_STATES = ['Locked', 'Unlocked', 'Fault', 'Unknown'] as const;
export const DOOR_ALARMS = ['Normal', 'DoorForcedOpen', 'DoorOpenTooLong', 'Tamper', 'Fault'] as const;
export type DoorMode = (typeof DOOR_MODES)[number];
export type DoorPhysicalState = (typeof DOOR_PHYSICAL_STATES)[number];
export type LockPhysicalState = (typeof LOCK_PHYSICAL_STATES)[number];
export type DoorAlarm = (typeof DOOR_ALARMS)[number];

/** Writers of a door's mode, highest rank first: each relinquishes only its own (reference: door, Details). */
export const MODE_WRITERS = ['fire', 'lockdown', 'operator', 'schedule'] as const;
export type ModeWriter = (typeof MODE_WRITERS)[number];

/** Alarms of the controller itself, as against those of a door. */
export const ALARM_KINDS = [
  'journal-stalled',
  'journal-failed',
  'journal-near-full',
  'disk-full',
  'reader-lost',
  'input-fault',
  'output-fault',
  'tamper',
  'fire',
  'beat-stale',
  'freshness-missing',
  'list-past-refresh',
  'list-expired',
  'list-refused',
  'list-equivocation',
  'list-corrupt',
  'deny-suppressed',
  'clock-behind',
  /** Online, and no signed time for three minutes: somebody withholds it. */
  'time-missing',
  /** A PRF key that its signature does not bear out. */
  'key-refused',
  /** The controller's certificate ends within 30 days: renewal does not get through. */
  'certificate-ending',
  'wrong-attempts',
  /** A request to exit that does not end: a button taped down, a sensor that sees the wind. */
  'exit-request-stuck',
  /** The wiring names a schedule that the policy does not have: the door keeps another mode than its wiring wants. */
  'schedule-missing',
  /** Smart locks; `subject` names the portal. */
  'lock-unreachable',
  'lock-battery',
  'lock-battery-critical',
  'lock-clock',
  'lock-log-near-full',
  'lock-jammed',
  'lock-unpaired',
  'lock-refused',
  'lock-radio-down',
  'simulated-hardware',
] as const;
export type AlarmKind = (typeof ALARM_KINDS)[number];

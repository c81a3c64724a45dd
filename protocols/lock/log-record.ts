// SPDX-License-Identifier: Apache-2.0
// The lock's log (reference: lock, Log): records of 24 bytes with 32-bit numbers, freed only by an acknowledgement that came
// after the controller's journal made them durable. What the ring overwrote shows as a gap, not as if it had never been.
import { type TableValue, table } from '../bytes/field-table.ts';
import type { Reason } from '../mqtt/reasons.ts';

const FIELDS = [
  { name: 'seq', type: 'u32' },
  /** The lock's time. */
  { name: 'atS', type: 'u32' },
  { name: 'kind', type: 'u8' },
  /** Of a refusal: place of its reason in LOCK_REASONS; of a command that failed: the code (messages); else 0. */
  { name: 'detail', type: 'u8' },
  /** Wire form of the credential class (ids.ts). */
  { name: 'class', type: 'u8' },
  /** 0 synced, 1 free, 2 degraded. */
  { name: 'clock', type: 'u8' },
  /** Credential under the scope's key, or the command's id; zeros where nobody is meant. */
  { name: 'subject', type: 'hex', length: 8 },
  /** Version of the list that decided (low 32 bits), or percent of the battery. */
  { name: 'value', type: 'u32' },
] as const;

export const LOG_RECORD = table('log record', FIELDS);
export type LogRecord = TableValue<typeof FIELDS>;

export const LOG_KINDS = {
  granted: 1,
  denied: 2,
  'command-done': 3,
  'command-failed': 4,
  'opened-from-inside': 5,
  'door-opened': 6,
  'door-closed': 7,
  'door-forced': 8,
  'door-held': 9,
  'bolt-jammed': 10,
  relocked: 11,
  'battery-low': 12,
  'battery-critical': 13,
  restarted: 14,
  'clock-reset': 15,
  'list-activated': 16,
  'list-refused': 17,
  paired: 18,
  'factory-reset': 19,
  tamper: 20,
} as const;
export type LogKind = keyof typeof LOG_KINDS;

const BY_NUMBER = new Map<number, LogKind>(
  Object.entries(LOG_KINDS).map(([kind, number]) => [number, kind as LogKind]),
);
/** `undefined` for kinds of a later firmware: kept and shown as a number. */
export const logKindOf = (number: number): LogKind | undefined => BY_NUMBER.get(number);

/** Reasons a lock gives by itself. Stable places; 0 is none of them. */
export const LOCK_REASONS: readonly (Reason | undefined)[] = [
  undefined,
  'ListMissing',
  'CredentialDenied',
  'UnknownCredential',
  'CredentialNotEnabled',
  'CredentialExpired',
  'ListExpired',
  'Unauthorized',
  'CredentialNotActive',
  'NotPermittedAtThisTime',
  'AssuranceTooLow',
  'DoorNotAccessible',
];

// SPDX-License-Identifier: Apache-2.0
// Tables of controllers: what they should have, what they report, their events and commands.
import type { Generated, Insertable } from 'kysely';

export type DeviceState = 'awaiting-enrolment' | 'enrolled' | 'revoked';

export interface DeviceTable {
  id: string;
  name: string;
  state: DeviceState;
  /** Hash of the one-time enrolment code; null once it is used. */
  code_hash: string | null;
  code_expires_at: number | null;
  certificate_fingerprint: string | null;
  certificate_serial: string | null;
  certificate_expires_at: number | null;
  /** Public JWK for the PRF keys, JSON. */
  encryption_jwk: string | null;
  /** X25519, in hex: what a corridor controller meets locks with, once it told. */
  corridor_key: Generated<string | null>;
  enrolled_at: number | null;
  last_seen_at: number | null;
  hello_at: number | null;
  boot: string | null;
  session: string | null;
  software: string | null;
  root_version: number | null;
  deny_epoch: number | null;
  deny_seq: number | null;
  /** Newest health message, JSON. */
  health: string | null;
  /** Alarms the device reports active, JSON array of text. */
  alarms: Generated<string>;
  /** Counter behind `order` of signed commands. */
  command_order: Generated<number>;
}

/** A certificate given and not yet connected with. */
export interface DeviceRenewalTable {
  device_id: string;
  serial: string;
  fingerprint: string;
  expires_at: number;
  issued_at: number;
}

/** What a device should have of a scope and, apart from it, what it says it has (promise 5). */
export interface DeviceScopeTable {
  device_id: string;
  scope_id: number;
  desired_epoch: number | null;
  desired_version: number | null;
  reported_epoch: number | null;
  reported_version: number | null;
  reported_digest: string | null;
  reported_at: number | null;
  /** Why the device refused the offered version; null when it did not. */
  refused_code: string | null;
  refused_version: number | null;
}

/** Last state a controller reported of a portal. */
export interface PortalReportTable {
  portal_id: string;
  device_id: string;
  mode: string;
  door: string;
  lock: string;
  alarm: string;
  reported_at: number;
}

/** Journals of devices: everything of `epoch` up to `acked_seq` is committed here. */
export interface DeviceJournalTable {
  device_id: string;
  epoch: string;
  acked_seq: number;
  updated_at: number;
}

export interface EventTable {
  /** Order of arrival. */
  id: Generated<number>;
  device_id: string;
  epoch: string;
  seq: number;
  at: number;
  received_at: number;
  type: string;
  portal_id: string | null;
  credential_ref: string | null;
  /** Holder at the time of arrival, where the registry knew it. */
  person_id: number | null;
  /** The journal's event, JSON as it came. */
  body: string;
  /** Of a record of a lock's log: what it is, whoever brings it. */
  record_key: Generated<string | null>;
}

/** What a controller sent and nobody here understood, as it came. */
export interface EventQuarantineTable {
  id: Generated<number>;
  device_id: string;
  epoch: string | null;
  seq: number | null;
  received_at: number;
  reason: string;
  raw: Uint8Array;
  /** SHA-256 of what was sent, 64 hex digits: sent again it is kept once. */
  digest: string;
}

export interface CommandTable {
  /** 16 hex digits. */
  id: string;
  device_id: string;
  portal_id: string | null;
  operation: string;
  mode: string | null;
  actor: string;
  state: 'queued' | 'sent' | 'received' | 'done' | 'refused' | 'expired';
  code: string | null;
  ord: number;
  boot: string | null;
  issued_at: number;
  expires_at: number;
  updated_at: number;
  /** From the call to the result. */
  elapsed_ms: number | null;
}

export type NewEvent = Insertable<Omit<EventTable, 'id' | 'person_id'>>;

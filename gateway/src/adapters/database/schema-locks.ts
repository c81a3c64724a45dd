// SPDX-License-Identifier: Apache-2.0
// Tables of smart locks, of rights to rooms, and of openings from the keychain.
import type { Generated, Selectable } from 'kysely';

/** waiting: to be paired; replaced and reset: it was once in this door. */
export type LockState = 'waiting' | 'paired' | 'replaced' | 'reset';

export interface LockTable {
  /** On its label, 16 hex digits. */
  id: string;
  portal_id: string;
  state: LockState;
  /** 64 hex digits, learned at pairing. */
  public_key: string | null;
  /** 16 bytes, sealed. */
  advertisement_key: Uint8Array;
  firmware: number | null;
  /** Of the label, 16 bytes, sealed; gone as soon as the lock is paired or the order ran out. */
  pairing_code: Uint8Array | null;
  /** Of the order that stands, 16 hex digits. */
  pairing_id: string | null;
  /** Corridor controller that pairs it. */
  pairing_device: string | null;
  pairing_until: number | null;
  /** Why the last attempt at that order failed, in the corridor's or the lock's word. */
  pairing_fault: string | null;
  paired_at: number | null;
  /** JSON: keys of the corridors that the lock is to admit, and the number of that order; 0: none was ever given. */
  corridor_keys: string | null;
  corridor_order: Generated<number>;
  changed_at: number;
}

/** Controllers that may serve the lock of a door. */
export interface LockCorridorTable {
  portal_id: string;
  device_id: string;
  /** 1: it served alone, without end, and has not taken note of an end yet. */
  endless: Generated<number>;
}

/** What one corridor controller last said of one lock. */
export interface LockReportTable {
  lock_id: string;
  device_id: string;
  /** Of the assignment in force there. */
  ord: number;
  state: string;
  epoch: number | null;
  version: number | null;
  digest: string | null;
  deny_epoch: number | null;
  deny_seq: number | null;
  battery: number | null;
  last_seen: number | null;
  rssi: number | null;
  bolt: string;
  door: string;
  log_pending: number | null;
  firmware: number | null;
  fault: string | null;
  reported_at: number;
}

/** A right to a room, a floor or a building for a while: of one person or of a group. */
export interface RoomGrantTable {
  id: Generated<number>;
  person_id: number | null;
  group_id: string | null;
  building: string;
  /** null: of every room of the floor, or of the building. */
  room: string | null;
  floor: string | null;
  valid_from: number;
  valid_until: number;
  reason: string;
  actor: string;
  made_at: number;
  withdrawn_at: number | null;
  /** Of the duty roster it is a shift of. */
  roster: Generated<string | null>;
}

/** One confirmed tap. The id is the command's, too; a second tap of the same confirmation finds this row. */
export interface LockOpeningTable {
  id: string;
  person_id: number;
  confirm: string;
  portal_id: string;
  /** `pass`, or the id of a campus app. */
  via: string;
  /** Why no command was given; null where one was. */
  refused: string | null;
  asked_at: number;
}

/** View: who must hold the list of a scope. */
export interface PortalHolderView {
  portal_id: string;
  scope_id: number;
  device_id: string;
}

export interface LockTables {
  lock: LockTable;
  lock_corridor: LockCorridorTable;
  lock_report: LockReportTable;
  room_grant: RoomGrantTable;
  lock_opening: LockOpeningTable;
  portal_holder: PortalHolderView;
}

export type LockRow = Selectable<LockTable>;
export type RoomGrantRow = Selectable<RoomGrantTable>;

// SPDX-License-Identifier: Apache-2.0
// Tables of the gateway as kysely sees them. Shared SQL only (DESIGN 7): integers, texts and blobs; instants are epoch
// milliseconds, flags 0 or 1, identifiers of bytes lower-case hex.
import type { Generated, Selectable } from 'kysely';
import type {
  CommandTable,
  DeviceJournalTable,
  DeviceRenewalTable,
  DeviceScopeTable,
  DeviceTable,
  EventQuarantineTable,
  EventTable,
  PortalReportTable,
} from './schema-devices.ts';
import type { LibraryTables } from './schema-library.ts';
import type { LockTables } from './schema-locks.ts';
import type { PhoneTables } from './schema-phones.ts';
import type { RoleGrantTable } from './schema-roles.ts';
import type { SignInTables } from './schema-sign-in.ts';

export type Flag = 0 | 1;
export type PersonKind = 'resident' | 'staff' | 'visitor';
export type CredentialState = 'active' | 'lost' | 'frozen' | 'withdrawn';
export type DenyKind = 'deny' | 'allow-again';
export type DenyReason = 'lost' | 'frozen' | 'withdrawn' | 'other';

export interface PersonTable {
  id: Generated<number>;
  number: string;
  name: string;
  kind: PersonKind;
  building: string;
  room: string;
  bed: string;
  class_name: string;
  college: Generated<string>;
  /** 0: left; the person's cards are in no list, the rows stay for the events' sake. */
  active: Flag;
  extended_access: Flag;
  anti_passback_exempt: Flag;
  valid_from: number | null;
  valid_until: number | null;
}

/** One row an issue of a card, kept when it is withdrawn. The card's number itself is not stored, only its id and ending. */
export interface CredentialTable {
  id: Generated<number>;
  person_id: number;
  type: 'card';
  /** 16-byte id, SHA-256(type ‖ UID) cut; unique among the cards not withdrawn. */
  credential_id: string;
  /** 8-byte key under the campus PRF: what events and denies call it. */
  campus_ref: string;
  /** Last four hex digits, for people. */
  tail: string;
  /** Wire form of the credential class (protocols/ids). */
  class: number;
  state: CredentialState;
  /** When its holder reported it lost; null once anybody else, or nobody, says what state it is in. */
  holder_report_at: Generated<number | null>;
  issued_at: number;
  valid_from: number | null;
  valid_until: number | null;
}

export interface PersonGroupTable {
  id: string;
  name: string;
}
export interface GroupMemberTable {
  group_id: string;
  person_id: number;
}

export interface ScopeTable {
  id: number;
  name: string;
  name_en: Generated<string>;
  /** For which identity codes are made; null: its gates take none. */
  zone: Generated<number | null>;
  prf_key_id: number;
  /** Rises with every change of the registry that may change this scope's list. */
  change_seq: number;
  /** `change_seq` the newest look of the publisher was at. */
  compiled_seq: number;
  /** Compiled before others; see HURRY. */
  hurry: Generated<number>;
  /** Of the first change that is not compiled yet, or of the last one that was. */
  changed_at: Generated<number | null>;
}

export interface PrfKeyTable {
  id: Generated<number>;
  purpose: 'scope' | 'campus';
  /** Sealed with the keystore's key: nonce ‖ ciphertext ‖ tag. */
  sealed: Uint8Array;
  created_at: number;
}

export interface PortalTable {
  id: string;
  name: string;
  name_en: string;
  building: string;
  /** `lock`: a smart lock is in it. */
  kind: Generated<'door' | 'lock' | 'desk'>;
  room: Generated<string>;
  floor: Generated<string>;
  scope_id: number;
  device_id: string | null;
  /** JSON: {mode, in?, out?, minutes?}. */
  anti_passback: string;
  /** JSON: [{class, schedule}]. */
  assurance: string;
  after_expiry: 'refuse-all' | 'keep-residents' | 'keep-all';
  ask_gateway: Flag;
}

export interface ScheduleTable {
  id: string;
  name: string;
  /** JSON: [{days, from, until}]. */
  intervals: string;
  /** JSON: 'closed', 'as-usual' or intervals without days. */
  on_holidays: string;
}

export interface HolidayTable {
  /** YYYY-MM-DD. */
  date: string;
  name: string;
}

export interface AccessLevelTable {
  id: string;
  name: string;
  schedule_id: string;
  allow_in: Flag;
  allow_out: Flag;
  valid_from: number | null;
  valid_until: number | null;
}
export interface LevelGroupTable {
  level_id: string;
  group_id: string;
}
export interface LevelPortalTable {
  level_id: string;
  portal_id: string;
}

/** One signed list. Older ones lose `records` but stay, so that a version is never given twice. */
export interface ListVersionTable {
  scope_id: number;
  epoch: number;
  version: number;
  /** Hash of the head, 64 hex digits. */
  digest: string;
  /** Hash of what decides: PRF key, policy and records; the same content makes no new version but a re-signature. */
  content_digest: string;
  head_frame: Uint8Array;
  policy: Uint8Array | null;
  page_counts: Uint8Array | null;
  records: Uint8Array | null;
  /** Delta from the version before; null for the first, after a new PRF key or a new epoch. */
  delta: Uint8Array | null;
  credentials: number;
  prf_key_id: number;
  deny_seq: number;
  issued_at: number;
  /** Epoch minutes, as in the head. */
  refresh_by: number;
  hard_expiry: number;
}

/** Newest version of each scope, for gateways that share the database: written with the version, so that none is missed. */
export interface OutboxTable {
  id: Generated<number>;
  scope_id: number;
  epoch: number;
  version: number;
  created_at: number;
}

/** The campus's deny chain. Every epoch begins it anew with sequence 1. */
export interface DenyOpTable {
  epoch: number;
  seq: number;
  /** Key under the campus PRF, 16 hex digits. */
  campus_ref: string;
  kind: DenyKind;
  reason: DenyReason;
  /** Epoch minute it was made. */
  minute: number;
  /** chain_n = SHA-256(chain_{n-1} ‖ op), 64 hex digits. */
  chain: string;
  at: number;
  actor: string;
}

export interface AuditTable {
  seq: number;
  at: number;
  actor: string;
  action: string;
  subject: string;
  /** JSON. */
  detail: string;
  previous_hash: string;
  hash: string;
}

export interface SettingTable {
  key: string;
  value: string;
}

export interface Database extends SignInTables, PhoneTables, LockTables, LibraryTables {
  role_grant: RoleGrantTable;
  person: PersonTable;
  credential: CredentialTable;
  person_group: PersonGroupTable;
  group_member: GroupMemberTable;
  scope: ScopeTable;
  prf_key: PrfKeyTable;
  portal: PortalTable;
  schedule: ScheduleTable;
  holiday: HolidayTable;
  access_level: AccessLevelTable;
  level_group: LevelGroupTable;
  level_portal: LevelPortalTable;
  list_version: ListVersionTable;
  outbox: OutboxTable;
  deny_op: DenyOpTable;
  device: DeviceTable;
  device_scope: DeviceScopeTable;
  device_renewal: DeviceRenewalTable;
  portal_report: PortalReportTable;
  device_journal: DeviceJournalTable;
  event: EventTable;
  event_quarantine: EventQuarantineTable;
  command: CommandTable;
  audit: AuditTable;
  setting: SettingTable;
}

export type PersonRow = Selectable<PersonTable>;
export type CredentialRow = Selectable<CredentialTable>;
export type ListVersionRow = Selectable<ListVersionTable>;
export type DenyOpRow = Selectable<DenyOpTable>;
export type {
  CommandTable,
  DeviceRenewalTable,
  DeviceScopeTable,
  DeviceTable,
  EventQuarantineTable,
  NewEvent,
  PortalReportTable,
} from './schema-devices.ts';

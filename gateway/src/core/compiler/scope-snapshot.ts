// SPDX-License-Identifier: Apache-2.0
// What the compiler needs of the registry for one scope, all of one moment. People and cards are columns: there may be a
// million of them.
import type { LoanTerms } from '@latchkey/protocols/authorization/policy-document';
import type { CredentialClass, Direction } from '@latchkey/protocols/ids';

export interface SnapshotPortal {
  readonly id: string;
  readonly antiPassback: {
    readonly mode: 'off' | 'soft' | 'hard' | 'timed';
    readonly in?: string | undefined;
    readonly out?: string | undefined;
    readonly minutes?: number | undefined;
  };
  readonly assurance: readonly { readonly class: CredentialClass; readonly schedule: string }[];
  readonly afterExpiry: 'refuse-all' | 'keep-residents' | 'keep-all';
  readonly askGateway: boolean;
}

export interface SnapshotSchedule {
  readonly id: string;
  readonly intervals: readonly { readonly days: readonly number[]; readonly from: string; readonly until: string }[];
  readonly onHolidays: 'closed' | 'as-usual' | readonly { readonly from: string; readonly until: string }[];
}

export interface SnapshotLevel {
  readonly id: string;
  readonly groups: readonly string[];
  /** Those of this scope only. */
  readonly portals: readonly string[];
  readonly directions: readonly Direction[];
  readonly schedule: string;
  /** Epoch milliseconds. */
  readonly validFromMs: number | null;
  readonly validUntilMs: number | null;
}

/** Who is in which group, sorted by person. */
export interface SnapshotMembers {
  readonly persons: Float64Array;
  readonly groups: { readonly values: readonly string[]; readonly indexes: Uint32Array };
}

/**
 * Cards and phones in force of people in force, sorted by person, then by id. Instants are epoch milliseconds, NaN for none.
 * Beside them phones that hold a certificate for this scope and no right any more.
 */
export interface SnapshotCredentials {
  readonly persons: Float64Array;
  /** 16 bytes each. */
  readonly ids: Uint8Array;
  readonly classes: Float64Array;
  readonly kinds: { readonly values: readonly string[]; readonly indexes: Uint32Array };
  readonly extended: Float64Array;
  readonly exempt: Float64Array;
  /** 1: known and refused. What is in the list needs no certificate, and so none helps it. */
  readonly blocked: Float64Array;
  readonly personFrom: Float64Array;
  readonly personUntil: Float64Array;
  readonly from: Float64Array;
  readonly until: Float64Array;
}

/** Of a scope with a library desk. Sorted by person; members of the rules' groups, which need not be those of levels. */
export interface SnapshotLoans {
  readonly rules: readonly { readonly id: string; readonly terms: LoanTerms }[];
  readonly people: {
    readonly ids: Float64Array;
    readonly patrons: { readonly values: readonly string[]; readonly indexes: Uint32Array };
    readonly blocked: Float64Array;
  };
  readonly members: SnapshotMembers;
}

export interface ScopeSnapshot {
  readonly timeZone: string;
  /** Of identity codes; null: these gates take none. */
  readonly zone: number | null;
  readonly holidays: readonly string[];
  readonly schedules: readonly SnapshotSchedule[];
  readonly portals: readonly SnapshotPortal[];
  readonly levels: readonly SnapshotLevel[];
  readonly members: SnapshotMembers;
  readonly credentials: SnapshotCredentials;
  readonly loans?: SnapshotLoans | undefined;
}

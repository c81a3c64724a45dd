// SPDX-License-Identifier: Apache-2.0
// Tables of library desks.
import type { Flag } from './schema.ts';

export interface LoanRuleTable {
  group_id: string;
  /** Books at once. */
  most: number;
  days: number;
}

export interface BorrowerTable {
  person_id: number;
  /** In the library's system; null: the person's number. */
  patron: string | null;
  blocked: Flag;
  reason: string;
}

export interface LibraryTables {
  loan_rule: LoanRuleTable;
  borrower: BorrowerTable;
}

// SPDX-License-Identifier: Apache-2.0
// Failed sign-ins for the audit chain: counted, and written down once a while, so that whoever guesses cannot fill the chain.
import type { GatewayDatabase } from '../../adapters/database/open-database.ts';
import { type AuditNote, appendAudit } from '../audit.ts';

export interface FailureTally {
  /** `number` of an account that exists; undefined for all others, which are counted together. */
  failed(number: string | undefined): void;
  write(): Promise<void>;
}

/** Accounts named at once; the rest of a wider attack is one line. */
const MOST_NAMED = 200;

export function createFailureTally(database: Pick<GatewayDatabase, 'transaction'>, nowMs: () => number): FailureTally {
  let named = new Map<string, number>();
  let others = 0;
  return {
    failed(number) {
      if (number !== undefined && (named.has(number) || named.size < MOST_NAMED))
        named.set(number, (named.get(number) ?? 0) + 1);
      else others += 1;
    },
    async write() {
      if (named.size === 0 && others === 0) return;
      const notes: AuditNote[] = [...named].map(([number, failures]) => ({
        action: 'sign-in-failures',
        subject: `person ${number}`,
        detail: { failures },
      }));
      if (others > 0)
        notes.push({ action: 'sign-in-failures', subject: 'other accounts', detail: { failures: others } });
      named = new Map();
      others = 0;
      await database.transaction(({ trx }) => appendAudit(trx, nowMs(), 'gateway', notes));
    },
  };
}

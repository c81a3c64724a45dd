// SPDX-License-Identifier: Apache-2.0
// Group commit: what comes while a commit syncs goes into the next one, and what comes in one turn of the loop goes together.
// A sync costs as much as the rows of twenty batches, and the database's thread is quick enough to spend one on each.
import type { BatchStatement } from '../adapters/database/database-messages.ts';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';

export interface GroupCommit {
  /** Resolves once durable; rejects when these statements, tried by themselves, failed. */
  batch(statements: readonly BatchStatement[]): Promise<void>;
}

/** Bounds how long a commit takes. */
const MAX_MEMBERS = 256;

interface Member {
  readonly statements: readonly BatchStatement[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function createGroupCommit(database: Pick<GatewayDatabase, 'batch'>): GroupCommit {
  let waiting: Member[] = [];
  let scheduled = false;
  let committing = false;

  function schedule(): void {
    if (scheduled || committing || waiting.length === 0) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      committing = true;
      const group = waiting.slice(0, MAX_MEMBERS);
      waiting = waiting.slice(MAX_MEMBERS);
      void commit(database, group).finally(() => {
        committing = false;
        schedule();
      });
    });
  }

  return {
    batch: (statements) =>
      new Promise((resolve, reject) => {
        waiting.push({ statements, resolve, reject });
        schedule();
      }),
  };
}

async function commit(database: Pick<GatewayDatabase, 'batch'>, group: readonly Member[]): Promise<void> {
  try {
    await database.batch(group.flatMap(({ statements }) => statements));
    for (const { resolve } of group) resolve();
  } catch (error) {
    const [only, second] = group;
    if (second === undefined) return only?.reject(error);
    // One bad member must not take the others with it.
    await Promise.all(group.map(({ statements, resolve, reject }) => database.batch(statements).then(resolve, reject)));
  }
}

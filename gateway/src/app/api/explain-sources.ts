// SPDX-License-Identifier: Apache-2.0
// What the explainer reads: the newest list as controllers verify it, and the denies that it does not cover yet.
import { type DeniedEntry, type DenyOverlay, EMPTY_OVERLAY } from '@latchkey/protocols/authorization/deny-overlay';
import type { Kysely } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import type { ListShelf } from '../list-shelf.ts';
import type { PrfDelivery } from '../prf-delivery.ts';
import type { ExplainerOptions } from './explain.ts';

export interface ExplainSourceOptions {
  readonly db: Kysely<Database>;
  readonly epoch: number;
  readonly shelf: Pick<ListShelf, 'newest'>;
  readonly prfs: Pick<PrfDelivery, 'prf'>;
}

export function createExplainSources(options: ExplainSourceOptions): Pick<ExplainerOptions, 'listOf' | 'deniesSince'> {
  const { db, epoch, shelf, prfs } = options;
  return {
    async listOf(scope) {
      const list = await shelf.newest(scope);
      return list === undefined ? undefined : { list, scopePrf: await prfs.prf(list.head.prfKeyId) };
    },
    async deniesSince(list) {
      const rows = await db
        .selectFrom('deny_op')
        .select(['seq', 'campus_ref', 'kind', 'reason', 'minute'])
        .where('epoch', '=', epoch)
        .where('seq', '>', list?.head.epoch === epoch ? list.head.denySeq : 0)
        .orderBy('seq')
        .execute();
      const entries = new Map<string, DeniedEntry>();
      for (const { seq, campus_ref, kind, reason, minute } of rows) {
        if (kind === 'deny') entries.set(campus_ref, { epoch, seq, reason, minute });
        else entries.delete(campus_ref);
      }
      return { ...EMPTY_OVERLAY, epoch, entries } satisfies DenyOverlay;
    },
  };
}

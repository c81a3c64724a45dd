// SPDX-License-Identifier: Apache-2.0
// What the explainer reads: the newest list as controllers verify it, and the denies that it does not cover yet.
import type { Prf } from '@latchkey/protocols/authorization/credential-id';
import { type DeniedEntry, type DenyOverlay, EMPTY_OVERLAY } from '@latchkey/protocols/authorization/deny-overlay';
import { type AuthorizationList, loadList } from '@latchkey/protocols/authorization/list-load';
import type { Kysely } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import type { Keystore } from '../../adapters/keystore.ts';
import { listParts, newestList } from '../list-store.ts';
import { readPrfKey } from '../registry/prf-keys.ts';
import type { ExplainerOptions } from './explain.ts';

interface Loaded {
  readonly list: AuthorizationList;
  readonly scopePrf: Prf;
}

/** Lists of a large campus take tens of megabytes: one is kept, as questions come in runs. */
export function createExplainSources(
  db: Kysely<Database>,
  keystore: Pick<Keystore, 'root' | 'seal' | 'open'>,
): Pick<ExplainerOptions, 'listOf' | 'deniesSince'> {
  let kept: Loaded | undefined;
  const { document, keyring } = keystore.root;
  return {
    async listOf(scope) {
      const newest = await newestList(db, scope, document.epoch);
      if (newest === undefined) return undefined;
      if (kept?.list.headHash === newest.digest) return kept;
      const parts = await listParts(db, newest);
      if (parts === undefined) return undefined;
      const list = await loadList(parts, { keyring, campusId: document.campusId, scopeId: scope });
      if (!list.ok) throw new Error(`the newest list of scope ${scope} does not verify: ${list.code}`);
      kept = { list: list.value, scopePrf: (await readPrfKey(db, keystore, newest.prfKeyId)).prf };
      return kept;
    },
    async deniesSince(list) {
      const rows = await db
        .selectFrom('deny_op')
        .select(['seq', 'campus_ref', 'kind', 'reason', 'minute'])
        .where('epoch', '=', document.epoch)
        .where('seq', '>', list?.head.epoch === document.epoch ? list.head.denySeq : 0)
        .orderBy('seq')
        .execute();
      const entries = new Map<string, DeniedEntry>();
      for (const { seq, campus_ref, kind, reason, minute } of rows) {
        if (kind === 'deny') entries.set(campus_ref, { epoch: document.epoch, seq, reason, minute });
        else entries.delete(campus_ref);
      }
      return { ...EMPTY_OVERLAY, epoch: document.epoch, entries } satisfies DenyOverlay;
    },
  };
}

// SPDX-License-Identifier: Apache-2.0
// Reads the chain of changes for the API, newest first.
import type { Page } from '@latchkey/protocols/api/common';
import type { AuditEntry } from '@latchkey/protocols/api/history';
import { ok } from '@latchkey/protocols/result';
import type { Kysely } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import type { ApiResult } from '../../http/services.ts';
import { readCursor, toInstant, toPage } from './forms.ts';

export async function pageOfAudit(
  db: Kysely<Database>,
  query: { limit: number; cursor?: string | undefined },
): Promise<ApiResult<Page<AuditEntry>>> {
  const before = readCursor(query.cursor);
  if (!before.ok) return before;
  let select = db
    .selectFrom('audit')
    .select(['seq', 'at', 'actor', 'action', 'subject', 'hash'])
    .orderBy('seq', 'desc')
    .limit(query.limit + 1);
  if (before.value !== undefined) select = select.where('seq', '<', before.value);
  return ok(
    toPage(
      await select.execute(),
      query.limit,
      ({ seq }) => seq,
      ({ at, ...row }) => ({ ...row, at: toInstant(at) }),
    ),
  );
}

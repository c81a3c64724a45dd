// SPDX-License-Identifier: Apache-2.0
// The campus's deny chain in the database (lists-and-codes, DENY). An operation is there before anybody is told of it.
import { chainAfter, type DenyOp, EMPTY_CHAIN } from '@latchkey/protocols/authorization/deny';
import { fromHex, toHex } from '@latchkey/protocols/bytes/hex';
import type { Kysely, Transaction } from 'kysely';
import type { Database, DenyKind, DenyOpRow, DenyReason } from '../../adapters/database/schema.ts';
import type { DenyMark } from './registry-context.ts';

export interface NewDeny {
  /** Key of the credential under the campus PRF, 16 hex digits. */
  readonly campusRef: string;
  readonly kind: DenyKind;
  readonly reason: DenyReason;
}

export interface DenyPosition extends DenyMark {
  /** 64 hex digits. */
  readonly chain: string;
}

const MS_A_MINUTE = 60_000;

export function bytesOfHex(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (!bytes.ok) throw new Error('the database holds no hex where it should');
  return bytes.value;
}

export const toDenyOp = (row: Pick<DenyOpRow, 'campus_ref' | 'kind' | 'reason' | 'minute'>): DenyOp => ({
  key8: bytesOfHex(row.campus_ref),
  kind: row.kind,
  reason: row.reason,
  minute: row.minute,
});

/** The chain's end in this epoch; sequence 0 before its first operation. */
export async function denyPosition(db: Kysely<Database>, epoch: number): Promise<DenyPosition> {
  const row = await db
    .selectFrom('deny_op')
    .select(['seq', 'chain'])
    .where('epoch', '=', epoch)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return { epoch, seq: row?.seq ?? 0, chain: row?.chain ?? toHex(EMPTY_CHAIN) };
}

/** Operations of one commit with all that a signed push of them needs: nobody has to read them back first. */
export interface AppendedDenies extends DenyMark {
  readonly firstSeq: number;
  /** Up to and without the first of them. */
  readonly previousChain: Uint8Array;
  readonly chain: Uint8Array;
  readonly ops: readonly DenyOp[];
}

/** `undefined` for none. */
export async function appendDenies(
  trx: Transaction<Database>,
  epoch: number,
  denies: readonly NewDeny[],
  atMs: number,
  actor: string,
): Promise<AppendedDenies | undefined> {
  if (denies.length === 0) return undefined;
  const end = await denyPosition(trx, epoch);
  const previousChain = bytesOfHex(end.chain);
  const ops: DenyOp[] = [];
  let chain = previousChain;
  let seq = end.seq;
  for (const { campusRef, kind, reason } of denies) {
    const row = { campus_ref: campusRef, kind, reason, minute: Math.floor(atMs / MS_A_MINUTE) };
    const op = toDenyOp(row);
    ops.push(op);
    chain = chainAfter(chain, [op]);
    seq += 1;
    await trx
      .insertInto('deny_op')
      .values({ ...row, epoch, seq, chain: toHex(chain), at: atMs, actor })
      .execute();
  }
  return { epoch, seq, firstSeq: end.seq + 1, previousChain, chain, ops };
}

/** The last word of this epoch's chain on a credential: controllers go by it until a list covers it. */
export async function lastDenyOf(db: Kysely<Database>, epoch: number, campusRef: string) {
  return db
    .selectFrom('deny_op')
    .select(['seq', 'kind'])
    .where('campus_ref', '=', campusRef)
    .where('epoch', '=', epoch)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
}

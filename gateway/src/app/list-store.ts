// SPDX-License-Identifier: Apache-2.0
// Signed lists in the database: stored with their delta, read back for sending, old ones thinned out.
import { type DeltaEnd, makeDelta } from '@latchkey/protocols/authorization/delta';
import { HEAD, type Head } from '@latchkey/protocols/authorization/head';
import { MAX_DELTA_CHAIN, RECORD_BYTES } from '@latchkey/protocols/authorization/limits';
import type { SealedList } from '@latchkey/protocols/authorization/list-build';
import type { ListParts } from '@latchkey/protocols/authorization/list-file';
import { decodeFrame } from '@latchkey/protocols/authorization/signed-frame';
import type { Kysely, Transaction } from 'kysely';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import type { Database, ListVersionRow } from '../adapters/database/schema.ts';
import { bytesOfHex } from './registry/deny-log.ts';

/** One version of one scope's list. */
export interface ListPlace {
  readonly scope: number;
  readonly epoch: number;
  readonly version: number;
  /** Hash of the head, 64 hex digits. */
  readonly digest: string;
}

export interface NewestList extends ListPlace {
  readonly digestBytes: Uint8Array;
  readonly contentDigest: string;
  readonly issuedAtMs: number;
  readonly prfKeyId: number;
  readonly headFrame: Uint8Array;
  readonly policyBytes: number;
}

/** Versions that keep their pages: a controller may be in the middle of fetching the one before. */
const KEPT_WHOLE = 3;
/** Below so many records a delta is always worth its bytes. */
const SMALL_LIST = 256;
/** Versions that keep a row at all: their deltas, and what the history shows. */
const KEPT_ROWS = 64;

/** Without its pages. `undefined` before the scope's first list of this epoch. */
export async function newestList(db: Kysely<Database>, scope: number, epoch: number): Promise<NewestList | undefined> {
  const row = await db
    .selectFrom('list_version')
    .select(({ fn }) => [
      'version',
      'digest',
      'content_digest',
      'issued_at',
      'prf_key_id',
      'head_frame',
      fn<number>('length', ['policy']).as('policy_bytes'),
    ])
    .where('scope_id', '=', scope)
    .where('epoch', '=', epoch)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    scope,
    epoch,
    version: row.version,
    digest: row.digest,
    digestBytes: bytesOfHex(row.digest),
    contentDigest: row.content_digest,
    issuedAtMs: row.issued_at,
    prfKeyId: row.prf_key_id,
    headFrame: row.head_frame,
    policyBytes: row.policy_bytes,
  };
}

/** All parts of a version; `undefined` where it is unknown or its pages are no longer kept. */
export async function listParts(
  db: Kysely<Database>,
  { scope, epoch, version }: Omit<ListPlace, 'digest'>,
): Promise<ListParts | undefined> {
  const row = await db
    .selectFrom('list_version')
    .select(['head_frame', 'policy', 'page_counts', 'records'])
    .where('scope_id', '=', scope)
    .where('epoch', '=', epoch)
    .where('version', '=', version)
    .executeTakeFirst();
  if (row?.policy == null || row.page_counts === null || row.records === null) return undefined;
  const { policy, records } = row;
  return { headFrame: row.head_frame, policy, pageCounts: countsOf(row.page_counts), records };
}

const countsOf = (bytes: Uint8Array): Uint16Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint16Array.from({ length: bytes.length / 2 }, (_, page) => view.getUint16(page * 2, true));
};

function bytesOfCounts(counts: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(counts.length * 2);
  const view = new DataView(bytes.buffer);
  counts.forEach((count, page) => view.setUint16(page * 2, count, true));
  return bytes;
}

/** Deltas that lead from one version to another, oldest first; `undefined` where there is no unbroken chain of at most 16. */
export async function deltasBetween(
  db: Kysely<Database>,
  { scope, epoch, version }: Omit<ListPlace, 'digest'>,
  fromVersion: number,
): Promise<Uint8Array[] | undefined> {
  if (fromVersion >= version || version - fromVersion > MAX_DELTA_CHAIN) return undefined;
  const rows = await db
    .selectFrom('list_version')
    .select('delta')
    .where('scope_id', '=', scope)
    .where('epoch', '=', epoch)
    .where('version', '>', fromVersion)
    .where('version', '<=', version)
    .orderBy('version')
    .execute();
  const deltas = rows.flatMap(({ delta }) => (delta === null ? [] : [delta]));
  return deltas.length === version - fromVersion ? deltas : undefined;
}

export interface StoreListRequest {
  readonly list: SealedList;
  readonly contentDigest: string;
  /** The scope's mark that this list deals with. */
  readonly changeSeq: number;
  readonly nowMs: number;
}

export async function storeList(database: GatewayDatabase, request: StoreListRequest): Promise<ListPlace> {
  const { list, changeSeq, nowMs } = request;
  const { scopeId, epoch, version } = list.head;
  const delta = await deltaTo(database.reader, list);
  await database.transaction(async ({ trx }) => {
    await trx.insertInto('list_version').values(rowOf(request, delta)).execute();
    await trx.deleteFrom('outbox').where('scope_id', '=', scopeId).execute();
    await trx.insertInto('outbox').values({ scope_id: scopeId, epoch, version, created_at: nowMs }).execute();
    await trx.updateTable('scope').set({ compiled_seq: changeSeq, hurry: 0 }).where('id', '=', scopeId).execute();
    await thinOut(trx, list);
  });
  return { scope: scopeId, epoch, version, digest: list.digest };
}

const rowOf = ({ list, contentDigest }: StoreListRequest, delta: Uint8Array | undefined): ListVersionRow => ({
  scope_id: list.head.scopeId,
  epoch: list.head.epoch,
  version: list.head.version,
  digest: list.digest,
  content_digest: contentDigest,
  head_frame: list.headFrame,
  policy: list.policy,
  page_counts: bytesOfCounts(list.pageCounts),
  records: list.records,
  delta: delta ?? null,
  credentials: list.head.count,
  prf_key_id: list.head.prfKeyId,
  deny_seq: list.head.denySeq,
  issued_at: list.head.issuedAtMs,
  refresh_by: list.head.refreshBy,
  hard_expiry: list.head.hardExpiry,
});

/** None across PRF keys: every record would differ. */
async function deltaTo(db: Kysely<Database>, list: SealedList): Promise<Uint8Array | undefined> {
  const { scopeId: scope, epoch, version, prfKeyId } = list.head;
  const parts = await listParts(db, { scope, epoch, version: version - 1 });
  const from = parts === undefined ? undefined : endOf(parts);
  if (from === undefined || from.head.prfKeyId !== prfKeyId) return undefined;
  // Where most of the list is new, the pages are as short and cost nothing to make.
  if (Math.abs(from.head.count - list.head.count) > list.head.count / 2 + SMALL_LIST) return undefined;
  const delta = tryDelta(from, list);
  return delta !== undefined && delta.length <= list.records.length / 2 + SMALL_LIST * RECORD_BYTES ? delta : undefined;
}

/** Of our own database: the signature was ours. */
export function headOf(headFrame: Uint8Array): Head | undefined {
  const frame = decodeFrame(headFrame);
  const head = frame.ok ? HEAD.decode(frame.value.payload) : frame;
  return head.ok ? head.value : undefined;
}

/** `undefined` above the number of operations that a delta may hold. */
function tryDelta(from: DeltaEnd, to: DeltaEnd): Uint8Array | undefined {
  try {
    return makeDelta(from, to);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function endOf({ headFrame, records }: ListParts): DeltaEnd | undefined {
  const head = headOf(headFrame);
  return head === undefined ? undefined : { head, records };
}

async function thinOut(trx: Transaction<Database>, { head }: SealedList): Promise<void> {
  const { scopeId, epoch, version } = head;
  await trx
    .updateTable('list_version')
    .set({ records: null, page_counts: null, policy: null })
    .where('scope_id', '=', scopeId)
    .where('records', 'is not', null)
    .where((eb) => eb.or([eb('epoch', '<', epoch), eb('version', '<=', version - KEPT_WHOLE)]))
    .execute();
  await trx
    .deleteFrom('list_version')
    .where('scope_id', '=', scopeId)
    .where((eb) => eb.or([eb('epoch', '<', epoch - 1), eb('version', '<=', version - KEPT_ROWS)]))
    .where('epoch', '<=', epoch)
    .execute();
}

// SPDX-License-Identifier: Apache-2.0
// Turns changes of the registry into signed lists (DESIGN 5, 7): compiles the scopes marked, and where the content differs
// signs the next version. Version, its place in the outbox and the mark that the change is dealt with are one transaction.
import { sealBorrowers } from '@latchkey/protocols/authorization/borrowers';
import { buildList, sealList, type UnsignedList } from '@latchkey/protocols/authorization/list-build';
import { compilePolicy, encodePolicy } from '@latchkey/protocols/authorization/policy';
import { concatBytes } from '@latchkey/protocols/bytes/equal';
import { sha256Hex } from '@latchkey/protocols/bytes/hash';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { ExpressionBuilder } from 'kysely';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import type { Database } from '../adapters/database/schema.ts';
import type { Keystore } from '../adapters/keystore.ts';
import { compileScope } from '../core/compiler/compile-scope.ts';
import { type ListPlace, newestList, storeList } from './list-store.ts';
import { readScope, type ScopeReading } from './read-scope.ts';
import { newPrfKey, readPrfKey } from './registry/prf-keys.ts';

export type PublishedList = ListPlace;
export type PublishProblem = 'too-many-profiles' | 'policy-invalid' | 'build-failed';

export interface PublisherOptions {
  readonly database: GatewayDatabase;
  readonly keystore: Pick<Keystore, 'root' | 'key' | 'seal' | 'open'>;
  readonly now: () => number;
  readonly timeZone: string;
  /** After the version is stored. Must not throw. */
  readonly onPublished: (list: PublishedList) => void;
  /** A scope whose list could not be made; the one in force stays. */
  readonly onProblem: (scope: number, problem: PublishProblem, detail: string | undefined) => void;
  readonly lifetimes?: ListLifetimes;
}

export interface ListLifetimes {
  /** An unchanged list is signed anew at this age. */
  readonly resignAfterMs: number;
  /** Past this age controllers say that it should have been renewed. */
  readonly refreshMs: number;
  /** Past this age the portals' own policy for expired lists applies. */
  readonly expiryMs: number;
}

const HOUR_MS = 3_600_000;
export const DEFAULT_LIFETIMES: ListLifetimes = {
  resignAfterMs: 24 * HOUR_MS,
  refreshMs: 48 * HOUR_MS,
  expiryMs: 14 * 24 * HOUR_MS,
};
const MS_A_MINUTE = 60_000;
/** A collision of two keys among a million has odds of 1 : 37,000,000; three in a row are a fault. */
const KEY_ATTEMPTS = 3;
/** Lists between two looks at what is due. */
const AT_ONCE = 50;

export interface PublishOnce {
  /** Compiles every scope that is marked, or due for its daily signature. Resolves with what was published. */
  (): Promise<readonly PublishedList[]>;
}

/** The work without its timing, for tests and for who starts it. One call at a time. */
export function createPublishOnce(options: PublisherOptions): PublishOnce {
  return async () => {
    const published: PublishedList[] = [];
    const failed = new Set<number>();
    const seen = new Set<number>();
    // Looked at again after every few: who moves house while thousands of lists are made does not wait for all of them.
    for (;;) {
      const rows = await scopesDue(options);
      const due = rows.filter(({ id, hurry }) => !failed.has(id) && (hurry > 0 || !seen.has(id)));
      if (due.length === 0) return published;
      for (const { id: scope } of due.slice(0, AT_ONCE)) {
        seen.add(scope);
        const result = await publishScope(options, scope);
        if (!result.ok) failed.add(scope);
        if (!result.ok) options.onProblem(scope, result.code, result.detail);
        else if (result.value !== undefined) {
          published.push(result.value);
          options.onPublished(result.value);
        }
      }
    }
  };
}

async function scopesDue({
  database,
  keystore,
  now,
  lifetimes = DEFAULT_LIFETIMES,
}: PublisherOptions): Promise<{ id: number; hurry: number }[]> {
  const { epoch } = keystore.root.document;
  const scopes = await database.reader
    .selectFrom('scope')
    .leftJoin('list_version', (join) =>
      join.onRef('list_version.scope_id', '=', 'scope.id').on('list_version.epoch', '=', epoch),
    )
    .select(({ fn }) => ['scope.id', 'change_seq', 'compiled_seq', 'hurry', fn.max('issued_at').as('issued_at')])
    .groupBy(['scope.id', 'change_seq', 'compiled_seq', 'hurry'])
    .orderBy('hurry', 'desc')
    // A gate is for thousands, a lock for those of one room.
    .orderBy((eb) => eb.exists(smartLocks(eb)))
    .orderBy('scope.id')
    .execute();
  const due = now() - lifetimes.resignAfterMs;
  return scopes.filter((row) => row.change_seq > row.compiled_seq || row.issued_at === null || row.issued_at <= due);
}

const smartLocks = (eb: ExpressionBuilder<Database, 'scope'>) =>
  eb
    .selectFrom('portal')
    .select('portal.id')
    .whereRef('portal.scope_id', '=', 'scope.id')
    .where('portal.kind', '=', 'lock');

type ScopeResult = Result<PublishedList | undefined, PublishProblem>;

async function publishScope(options: PublisherOptions, scope: number): Promise<ScopeResult> {
  const { database, keystore, timeZone, now } = options;
  const { epoch } = keystore.root.document;
  for (let attempt = 1; ; attempt++) {
    const reading = await database.snapshot((snapshot) =>
      readScope(snapshot, scope, { epoch, timeZone, nowMs: now() }),
    );
    if (reading === undefined) return ok(undefined);
    const built = await buildScope(options, scope, reading);
    if (built.ok) return ok(await finish(options, reading, built.value));
    if (built.code !== 'key-collision') return err(built.code, built.detail);
    if (attempt === KEY_ATTEMPTS) return err('build-failed', 'keys collide again and again');
    await replaceScopeKey(options, scope);
  }
}

interface Built {
  readonly list: UnsignedList;
  readonly contentDigest: string;
  readonly previous: Awaited<ReturnType<typeof newestList>>;
}

async function buildScope(
  { database, keystore, now, lifetimes = DEFAULT_LIFETIMES }: PublisherOptions,
  scope: number,
  reading: ScopeReading,
): Promise<Result<Built, PublishProblem | 'key-collision'>> {
  const compiled = compileScope(reading.snapshot);
  if (!compiled.ok) return compiled;
  const { prf } = await readPrfKey(database.reader, keystore, reading.prfKeyId);
  const borrowers = sealBorrowers(compiled.value.borrowers, prf);
  const policy = encodePolicy({ ...compiled.value.policy, ...(borrowers && { borrowers }) });
  // Never signed what controllers would refuse.
  const checked = compilePolicy(policy);
  if (!checked.ok) return err('policy-invalid', checked.detail ?? checked.code);
  await breathe();
  const { campusId, epoch } = keystore.root.document;
  const previous = await newestList(database.reader, scope, epoch);
  const nowMs = Math.max(now(), previous?.issuedAtMs ?? 0);
  const list = buildList({
    campusId,
    scopeId: scope,
    epoch,
    version: (previous?.version ?? 0) + 1,
    issuedAtMs: nowMs,
    refreshBy: Math.floor((nowMs + lifetimes.refreshMs) / MS_A_MINUTE),
    hardExpiry: Math.floor((nowMs + lifetimes.expiryMs) / MS_A_MINUTE),
    denySeq: reading.denySeq,
    previousHeadHash: previous?.digestBytes ?? new Uint8Array(32),
    prfKeyId: reading.prfKeyId,
    prf,
    policy,
    entries: compiled.value.entries,
    algorithm: keystore.key('list').alg,
  });
  if (!list.ok) return list.code === 'key-collision' ? err(list.code) : err('build-failed', list.detail ?? list.code);
  return ok({ list: list.value, contentDigest: contentDigestOf(list.value), previous });
}

/** What decides, whatever version and dates it is signed with. */
function contentDigestOf({ head }: UnsignedList): string {
  const numbers = Uint32Array.of(head.prfKeyId, head.pageBits, head.count);
  return sha256Hex(concatBytes([new Uint8Array(numbers.buffer), head.policyRoot, head.pagesRoot]));
}

async function finish(
  { database, keystore, now, lifetimes = DEFAULT_LIFETIMES }: PublisherOptions,
  reading: ScopeReading,
  { list, contentDigest, previous }: Built,
): Promise<PublishedList | undefined> {
  const scope = list.head.scopeId;
  const fresh = previous !== undefined && now() - previous.issuedAtMs < lifetimes.resignAfterMs;
  if (fresh && previous.contentDigest === contentDigest) {
    const compiled = { compiled_seq: reading.changeSeq, hurry: 0 };
    await database.db.updateTable('scope').set(compiled).where('id', '=', scope).execute();
    return undefined;
  }
  await breathe();
  const sealed = await sealList(list, keystore.key('list'));
  return storeList(database, { list: sealed, contentDigest, changeSeq: reading.changeSeq, nowMs: now() });
}

async function replaceScopeKey({ database, keystore, now }: PublisherOptions, scope: number): Promise<void> {
  await database.transaction(async ({ trx }) => {
    const prf_key_id = await newPrfKey(trx, keystore, 'scope', now());
    await trx.updateTable('scope').set({ prf_key_id }).where('id', '=', scope).execute();
  });
}

/** Lets doors' messages through between two long steps. */
const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));

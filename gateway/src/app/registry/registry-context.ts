// SPDX-License-Identifier: Apache-2.0
// What every change of the registry has in common: one transaction holds the change, its audit entry, the denies it leads to
// and the mark on the scopes whose lists it may change. A refusal rolls all of it back.
import type { ApiErrorCode } from '@latchkey/protocols/api/errors';
import type { Prf } from '@latchkey/protocols/authorization/credential-id';
import type { Err, Result } from '@latchkey/protocols/result';
import type { Transaction } from 'kysely';
import type { GatewayDatabase, WritableTransaction } from '../../adapters/database/open-database.ts';
import type { Database } from '../../adapters/database/schema.ts';
import { type AuditNote, appendAudit } from '../audit.ts';
import { type AppendedDenies, appendDenies, type NewDeny } from './deny-log.ts';
import { markScopes, type TouchedScopes } from './touched-scopes.ts';

export type RegistryError = Extract<
  ApiErrorCode,
  'not-found' | 'already-exists' | 'in-use' | 'wrong-state' | 'unknown-reference' | 'invalid-request' | 'conflict'
>;
export type RegistryResult<T> = Result<T, RegistryError>;

export interface DenyMark {
  readonly epoch: number;
  readonly seq: number;
}

/** What a committed change asks others to do. */
export interface Committed {
  /** Lists of some scope may have to change. */
  readonly lists: boolean;
  /** A portal came, went, or belongs to another scope or controller: who should have which list may have changed. */
  readonly places: boolean;
  /** What the change added to the deny chain. */
  readonly deny: AppendedDenies | undefined;
}

export interface RegistryContext {
  readonly database: GatewayDatabase;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Epoch of the root document in force. */
  readonly epoch: () => number;
  /** IANA zone of dates in imported files. */
  readonly timeZone: string;
  readonly campusPrf: Prf;
  /** Makes a PRF key for a new scope, within the transaction. */
  readonly newScopeKey: (trx: Transaction<Database>) => Promise<number>;
  /** After every commit; must not throw. */
  readonly onCommitted: (committed: Committed) => void;
}

export interface Change extends WritableTransaction {
  readonly atMs: number;
  readonly actor: string;
  note(note: AuditNote): void;
  touch(scopes: TouchedScopes): void;
  /** See `Committed.places`. */
  movePortals(): void;
  deny(deny: NewDeny): void;
}

/** Carries a refusal out of kysely's transaction, which rolls back only on a rejection. */
class Refusal extends Error {
  readonly refusal: Err<RegistryError>;
  constructor(refusal: Err<RegistryError>) {
    super(refusal.code);
    this.refusal = refusal;
  }
}

export type Changed<T> = { readonly value: T; readonly deny: DenyMark | undefined };

/** Commits what `work` did, or nothing. Without an audit note nothing was changed, and nobody is told. */
export async function change<T>(
  context: RegistryContext,
  actor: string,
  work: (change: Change) => Promise<RegistryResult<T>>,
): Promise<RegistryResult<Changed<T>>> {
  try {
    const done = await context.database.transaction((open) => carryOut(context, actor, open, work));
    const { lists, places, deny } = done.committed;
    if (lists || places || deny !== undefined) context.onCommitted(done.committed);
    return { ok: true, value: { value: done.value, deny } };
  } catch (error) {
    if (error instanceof Refusal) return error.refusal;
    throw error;
  }
}

async function carryOut<T>(
  { now, epoch }: RegistryContext,
  actor: string,
  open: WritableTransaction,
  work: (change: Change) => Promise<RegistryResult<T>>,
): Promise<{ value: T; committed: Committed }> {
  const { trx } = open;
  const atMs = now();
  const notes: AuditNote[] = [];
  const denies: NewDeny[] = [];
  const touched: TouchedScopes[] = [];
  let places = false;
  const result = await work({
    ...open,
    atMs,
    actor,
    note: (note) => notes.push(note),
    touch: (scopes) => touched.push(scopes),
    movePortals: () => {
      places = true;
    },
    deny: (deny) => denies.push(deny),
  });
  if (!result.ok) throw new Refusal(result);
  const deny = await appendDenies(trx, epoch(), denies, atMs, actor);
  const lists = await markScopes(trx, touched, atMs);
  if (notes.length > 0) await appendAudit(trx, atMs, actor, notes, open.run);
  return { value: result.value, committed: { lists, places, deny } };
}

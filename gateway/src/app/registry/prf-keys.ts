// SPDX-License-Identifier: Apache-2.0
// PRF keys in the database, sealed: one for each scope, and the campus's for denies and for what events call a credential.
import { randomBytes } from 'node:crypto';
import { createPrf, type Prf } from '@latchkey/protocols/authorization/credential-id';
import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import type { Keystore } from '../../adapters/keystore.ts';

export type Sealer = Pick<Keystore, 'seal' | 'open'>;

export interface PrfKey {
  /** Heads and controllers call the key by it. */
  readonly id: number;
  readonly key16: Uint8Array;
  readonly prf: Prf;
}

const CAMPUS_SETTING = 'campus-prf-key';
const KEY_BYTES = 16;

export async function newPrfKey(
  trx: Transaction<Database>,
  sealer: Sealer,
  purpose: 'scope' | 'campus',
  nowMs: number,
): Promise<number> {
  const sealed = sealer.seal(randomBytes(KEY_BYTES));
  const { id } = await trx
    .insertInto('prf_key')
    .values({ purpose, sealed, created_at: nowMs })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

export async function readPrfKey(db: Kysely<Database>, sealer: Sealer, id: number): Promise<PrfKey> {
  const row = await db.selectFrom('prf_key').select('sealed').where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new Error(`the database lacks the PRF key ${id}`);
  const key16 = sealer.open(row.sealed);
  return { id, key16, prf: createPrf(key16) };
}

/** Made at the first start. It stays: every credential's reference depends on it. */
export async function campusPrfKey(db: Kysely<Database>, sealer: Sealer, nowMs: number): Promise<PrfKey> {
  const id = await db.transaction().execute(async (trx) => {
    const known = await trx.selectFrom('setting').select('value').where('key', '=', CAMPUS_SETTING).executeTakeFirst();
    if (known !== undefined) return Number(known.value);
    const made = await newPrfKey(trx, sealer, 'campus', nowMs);
    await trx
      .insertInto('setting')
      .values({ key: CAMPUS_SETTING, value: String(made) })
      .execute();
    return made;
  });
  return readPrfKey(db, sealer, id);
}

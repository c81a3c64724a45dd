// SPDX-License-Identifier: Apache-2.0
// PRF keys for controllers: read once, encrypted to each controller's own key.
import type { Prf } from '@latchkey/protocols/authorization/credential-id';
import type { DeviceId } from '@latchkey/protocols/ids';
import type { JWK } from 'jose';
import type { Kysely } from 'kysely';
import type { Database } from '../adapters/database/schema.ts';
import { wrapPrfKey } from '../adapters/keystore.ts';
import { type PrfKey, readPrfKey, type Sealer } from './registry/prf-keys.ts';

export interface PrfDelivery {
  prf(id: number): Promise<Prf>;
  /** JWE for one controller; `undefined` where it never told a key to encrypt to. */
  wrap(id: number, device: DeviceId): Promise<string | undefined>;
}

export function createPrfDelivery(db: Kysely<Database>, sealer: Sealer): PrfDelivery {
  const keys = new Map<number, Promise<PrfKey>>();

  function read(id: number): Promise<PrfKey> {
    const known = keys.get(id);
    if (known) return known;
    const reading = readPrfKey(db, sealer, id);
    keys.set(id, reading);
    reading.catch(() => keys.delete(id));
    return reading;
  }

  return {
    prf: async (id) => (await read(id)).prf,
    async wrap(id, device) {
      const row = await db.selectFrom('device').select('encryption_jwk').where('id', '=', device).executeTakeFirst();
      if (row?.encryption_jwk == null) return undefined;
      const { key16 } = await read(id);
      return wrapPrfKey(JSON.parse(row.encryption_jwk) as JWK, key16);
    },
  };
}

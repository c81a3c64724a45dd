// SPDX-License-Identifier: Apache-2.0
// PRF keys for controllers: read once, signed for each controller, encrypted to its own key.
import type { Prf } from '@latchkey/protocols/authorization/credential-id';
import { CAMPUS_SCOPE, deviceDigest, signPrfKey } from '@latchkey/protocols/authorization/prf-key';
import type { DeviceId } from '@latchkey/protocols/ids';
import type { JWK } from 'jose';
import type { Kysely } from 'kysely';
import type { Database } from '../adapters/database/schema.ts';
import { type Keystore, wrapPrfKey } from '../adapters/keystore.ts';
import { type PrfKey, readPrfKey } from './registry/prf-keys.ts';

export interface PrfDelivery {
  prf(id: number): Promise<Prf>;
  /** JWE of the signed key for one controller, of a scope or of the campus (0); `undefined` where it never told a key to encrypt to. */
  wrap(id: number, device: DeviceId, scope: number): Promise<string | undefined>;
}

export type PrfKeystore = Pick<Keystore, 'seal' | 'open' | 'key' | 'root'>;

export function createPrfDelivery(db: Kysely<Database>, keystore: PrfKeystore): PrfDelivery {
  const keys = new Map<number, Promise<PrfKey>>();

  function read(id: number): Promise<PrfKey> {
    const known = keys.get(id);
    if (known) return known;
    const reading = readPrfKey(db, keystore, id);
    keys.set(id, reading);
    reading.catch(() => keys.delete(id));
    return reading;
  }

  return {
    prf: async (id) => (await read(id)).prf,
    async wrap(id, device, scopeId) {
      const row = await db.selectFrom('device').select('encryption_jwk').where('id', '=', device).executeTakeFirst();
      if (row?.encryption_jwk == null) return undefined;
      const { key16: key } = await read(id);
      const { campusId, epoch } = keystore.root.document;
      const value = { campusId, epoch, scopeId, keyId: id, device: deviceDigest(device), key };
      const signer = keystore.key(scopeId === CAMPUS_SCOPE ? 'deny' : 'list');
      return wrapPrfKey(JSON.parse(row.encryption_jwk) as JWK, await signPrfKey(value, signer));
    },
  };
}

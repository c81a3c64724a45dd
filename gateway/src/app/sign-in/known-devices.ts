// SPDX-License-Identifier: Apache-2.0
// Browsers that signed in to an account before. They keep their own allowance of attempts, so that nobody elsewhere can use it
// up for them. One browser may be known to several accounts.
import { randomBytes } from 'node:crypto';
import type { GatewayDatabase } from '../../adapters/database/open-database.ts';
import { hashOfToken } from './sessions.ts';

export interface KnownDevices {
  /** A key for its attempts, where this browser signed in to the account of that number before. */
  known(number: string, token: string | undefined): Promise<string | undefined>;
  /** The token to keep in the browser. */
  remember(personId: number, token: string | undefined): Promise<string>;
}

const TOKEN = /^[A-Za-z0-9_-]{43}$/;
const LIFE_MS = 400 * 24 * 60 * 60_000;
const MOST_DEVICES = 20;

export function createKnownDevices(database: Pick<GatewayDatabase, 'db'>, nowMs: () => number): KnownDevices {
  const { db } = database;
  return {
    async known(number, token) {
      if (token === undefined || !TOKEN.test(token)) return undefined;
      const row = await db
        .selectFrom('known_device')
        .innerJoin('person', 'person.id', 'known_device.person_id')
        .select('known_device.device_hash')
        .where('person.number', '=', number)
        .where('known_device.device_hash', '=', hashOfToken(token))
        .where('known_device.last_used_at', '>', nowMs() - LIFE_MS)
        .executeTakeFirst();
      return row?.device_hash;
    },
    async remember(personId, token) {
      const kept = token !== undefined && TOKEN.test(token) ? token : randomBytes(32).toString('base64url');
      const row = { device_hash: hashOfToken(kept), person_id: personId, last_used_at: nowMs() };
      await db
        .insertInto('known_device')
        .values(row)
        .onConflict((conflict) => conflict.columns(['device_hash', 'person_id']).doUpdateSet({ last_used_at: nowMs() }))
        .execute();
      await forgetOldest(database, personId);
      return kept;
    },
  };
}

async function forgetOldest({ db }: Pick<GatewayDatabase, 'db'>, personId: number): Promise<void> {
  const over = await db
    .selectFrom('known_device')
    .select('device_hash')
    .where('person_id', '=', personId)
    .orderBy('last_used_at', 'desc')
    .offset(MOST_DEVICES)
    .limit(100)
    .execute();
  const hashes = over.map(({ device_hash }) => device_hash);
  if (hashes.length > 0)
    await db.deleteFrom('known_device').where('person_id', '=', personId).where('device_hash', 'in', hashes).execute();
}

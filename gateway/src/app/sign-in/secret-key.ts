// SPDX-License-Identifier: Apache-2.0
// Keys of signing in, all derived from one that lies sealed in the database: every gateway on that database has the same.
import { hkdfSync, randomBytes } from 'node:crypto';
import type { GatewayDatabase } from '../../adapters/database/open-database.ts';
import type { Keystore } from '../../adapters/keystore.ts';

export interface SignInKeys {
  /** Mixed into every password before it is hashed. */
  readonly pepper: Uint8Array;
  /** Makes challenges and user handles of passkeys. */
  readonly passkeys: Uint8Array;
  /** Turns numbers that were typed into keys of counters. */
  readonly counters: Uint8Array;
}

const SETTING = 'sign-in-key';
const KEY_BYTES = 32;

export async function openSignInKeys(
  database: Pick<GatewayDatabase, 'transaction'>,
  keystore: Pick<Keystore, 'seal' | 'open'>,
): Promise<SignInKeys> {
  const sealed = await database.transaction(async ({ trx }) => {
    const known = await trx.selectFrom('setting').select('value').where('key', '=', SETTING).executeTakeFirst();
    if (known !== undefined) return known.value;
    const value = Buffer.from(keystore.seal(randomBytes(KEY_BYTES))).toString('base64');
    await trx.insertInto('setting').values({ key: SETTING, value }).execute();
    return value;
  });
  const key = keystore.open(Buffer.from(sealed, 'base64'));
  const derive = (info: string) => new Uint8Array(hkdfSync('sha256', key, '', `latchkey-sign-in ${info}`, KEY_BYTES));
  return { pepper: derive('pepper'), passkeys: derive('passkeys'), counters: derive('counters') };
}

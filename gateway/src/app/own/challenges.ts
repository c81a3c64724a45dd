// SPDX-License-Identifier: Apache-2.0
// Challenges for phones about to be enrolled: random, for one person in one session, used once. In the database, so that any
// gateway that shares it takes what another gave out.
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { sha256Hex } from '@latchkey/protocols/bytes/hash';
import type { Kysely } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';

export interface Challenges {
  give(person: number, session: string): Promise<string>;
  /** True once, for whom it was given to. Whoever tries it uses it up. */
  take(person: number, session: string, challenge: string): Promise<boolean>;
}

export interface ChallengeOptions {
  readonly db: Kysely<Database>;
  readonly nowMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
}

const BYTES = 32;
export const CHALLENGE_LIFE_MS = 5 * 60_000;

export function createChallenges({ db, nowMs, randomBytes }: ChallengeOptions): Challenges {
  return {
    async give(person, session) {
      const challenge = toBase64url(randomBytes(BYTES));
      const now = nowMs();
      await db.deleteFrom('phone_challenge').where('expires_at', '<=', now).execute();
      await db
        .insertInto('phone_challenge')
        .values({ digest: digestOf(challenge), person_id: person, session, expires_at: now + CHALLENGE_LIFE_MS })
        .execute();
      return challenge;
    },
    async take(person, session, challenge) {
      const row = await db
        .deleteFrom('phone_challenge')
        .where('digest', '=', digestOf(challenge))
        .returningAll()
        .executeTakeFirst();
      return row?.person_id === person && row.session === session && nowMs() < row.expires_at;
    },
  };
}

const digestOf = (challenge: string) => sha256Hex(new TextEncoder().encode(challenge));

// SPDX-License-Identifier: Apache-2.0
// Password hashes: scrypt over an HMAC with a key that is not in the database, so that a stolen database alone is worth
// nothing. Few run at once, because each takes 128 MiB and a third of a second (RFC 7914; OWASP's N = 2^17, r = 8, p = 1).
import { createHmac, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import type { Lanes } from './lanes.ts';

/** Logarithm of N. An initial password has few possible values, so no cost could protect it: there the HMAC's key does. */
export const CHOSEN_COST = 17;
export const INITIAL_COST = 10;

export interface StoredHashes {
  readonly chosen: string | null;
  readonly initial: string | null;
}

export interface PasswordHasher {
  hash(password: string, kind: 'chosen' | 'initial'): Promise<string>;
  /** Which hash the password fits. As much work where one of them, or both, or the whole account is not there. */
  check(password: string, initialForm: string, stored: StoredHashes, urgent: boolean): Promise<Fits>;
}
export interface Fits {
  readonly chosen: boolean;
  readonly initial: boolean;
}

export interface HasherOptions {
  readonly pepper: Uint8Array;
  readonly lanes: Lanes;
  /** Smaller in tests that sign in a hundred times. */
  readonly chosenCost?: number;
}

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const FORM = /^scrypt\$(\d{1,2})\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/;

export function createPasswordHasher({ pepper, lanes, chosenCost = CHOSEN_COST }: HasherOptions): PasswordHasher {
  const derive = (password: string, cost: number, salt: Uint8Array) =>
    scryptOf(createHmac('sha256', pepper).update(password.normalize('NFKC')).digest(), cost, salt);
  const costs = { chosen: chosenCost, initial: INITIAL_COST };
  const fits = async (password: string, stored: string | null, cost: number) => {
    const parts = FORM.exec(stored ?? '');
    const salt = parts === null ? new Uint8Array(SALT_BYTES) : Buffer.from(parts[2] ?? '', 'base64url');
    const wanted = parts === null ? new Uint8Array(HASH_BYTES) : Buffer.from(parts[3] ?? '', 'base64url');
    const found = await derive(password, parts === null ? cost : Number(parts[1]), salt);
    return timingSafeEqual(found, wanted) && parts !== null;
  };
  return {
    async hash(password, kind) {
      const salt = randomBytes(SALT_BYTES);
      const chosen = kind === 'chosen';
      const found = await lanes.run(() => derive(password, costs[kind], salt), { urgent: chosen, patient: !chosen });
      return `scrypt$${costs[kind]}$${salt.toString('base64url')}$${found.toString('base64url')}`;
    },
    check: (password, initialForm, { chosen, initial }, urgent) =>
      lanes.run(
        async () => ({
          chosen: await fits(password, chosen, costs.chosen),
          initial: await fits(initialForm, initial, costs.initial),
        }),
        { urgent, patient: false },
      ),
  };
}

function scryptOf(password: Uint8Array, cost: number, salt: Uint8Array): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** cost, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

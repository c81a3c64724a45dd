// SPDX-License-Identifier: Apache-2.0
// Sessions of people (DESIGN 8). The cookie holds 256 random bits, the table their hash; how long one lasts depends on the
// roles held at this very moment, so that whoever becomes staff is signed out as staff are.
import { createHmac, randomBytes } from 'node:crypto';
import { sha256Hex } from '@latchkey/protocols/bytes/hash';
import type { GatewayDatabase } from '../../adapters/database/open-database.ts';
import type { SessionRow, SignInMethod } from '../../adapters/database/schema-sign-in.ts';
import type { SessionState } from '../../http/principal.ts';
import { type GrantsOf, isStaff } from './grants.ts';

export interface Lifetime {
  /** From sign-in. */
  readonly absoluteMs: number;
  /** From the last request. */
  readonly idleMs: number;
}
export interface Lifetimes {
  readonly student: Lifetime;
  readonly staff: Lifetime;
}

export interface OpenedSession {
  readonly token: string;
  readonly state: SessionState;
}

export interface NewSession {
  readonly personId: number;
  readonly method: SignInMethod;
  readonly agent: string;
  /** Sealed. */
  readonly idToken?: string | null;
}

export interface Sessions {
  /** Always with a new token: what a browser brought along is never taken over. */
  open(session: NewSession): Promise<OpenedSession>;
  /** Undefined once it is over, or its person may no longer sign in. */
  find(token: string): Promise<SessionState | undefined>;
  list(personId: number): Promise<readonly SessionRow[]>;
  /** Answers how many ended. */
  end(personId: number, which: { readonly session: string } | { readonly except?: string }): Promise<number>;
  sweep(): Promise<void>;
}

export interface SessionOptions {
  readonly database: Pick<GatewayDatabase, 'db'>;
  readonly nowMs: () => number;
  readonly lifetimes: Lifetimes;
  readonly grantsOf: GrantsOf;
}

const TOKEN_BYTES = 32;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;
/** Seen times are for people and for the idle limit: written rarely. */
const SEEN_STEP_MS = 60_000;
const MOST_SESSIONS = 20;
const FRESH_MS = 15 * 60_000;

export const hashOfToken = (token: string): string => sha256Hex(new TextEncoder().encode(token));

/** Only whoever reads the answers of this origin learns it; the table does not hold it. */
const csrfOf = (token: string) => createHmac('sha256', token).update('latchkey-csrf-v1').digest('base64url');

export function createSessions(options: SessionOptions): Sessions {
  const { database, nowMs, lifetimes } = options;
  const { db } = database;
  const longestMs = Math.max(lifetimes.staff.absoluteMs, lifetimes.student.absoluteMs);

  const find: Sessions['find'] = async (token) => {
    if (!TOKEN.test(token)) return undefined;
    const hash = hashOfToken(token);
    const row = await selectSession(options, hash);
    if (row === undefined || !maySignIn(row, nowMs())) return undefined;
    const roles = await options.grantsOf(db, row.person_id);
    const { absoluteMs, idleMs } = isStaff(roles) ? lifetimes.staff : lifetimes.student;
    const ends = { absolute: row.created_at + absoluteMs, idle: row.last_seen_at + idleMs };
    if (nowMs() >= Math.min(ends.absolute, ends.idle)) {
      await db.deleteFrom('session').where('token_hash', '=', hash).execute();
      return undefined;
    }
    if (nowMs() - row.last_seen_at >= SEEN_STEP_MS)
      await db.updateTable('session').set({ last_seen_at: nowMs() }).where('token_hash', '=', hash).execute();
    const mustChangePassword = row.method === 'password' && row.password_hash === null;
    return {
      principal: { actor: row.number, number: row.number, roles, session: hash, mustChangePassword },
      personId: row.person_id,
      name: row.name,
      csrf: csrfOf(token),
      expiresMs: Math.min(ends.absolute, nowMs() + idleMs),
      fresh: nowMs() - row.created_at < FRESH_MS,
    };
  };

  return {
    find,
    async open({ personId, method, agent, idToken = null }) {
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const at = { created_at: nowMs(), last_seen_at: nowMs() };
      const row = { token_hash: hashOfToken(token), person_id: personId, method, agent, id_token: idToken, ...at };
      await db.insertInto('session').values(row).execute();
      await dropOldest(database, personId);
      const state = await find(token);
      if (state === undefined) throw new Error('a session ended in the moment it was made');
      return { token, state };
    },
    list: (personId) =>
      db.selectFrom('session').selectAll().where('person_id', '=', personId).orderBy('created_at', 'desc').execute(),
    async end(personId, which) {
      let query = db.deleteFrom('session').where('person_id', '=', personId);
      if ('session' in which) query = query.where('token_hash', '=', which.session);
      else if (which.except !== undefined) query = query.where('token_hash', '<>', which.except);
      const { numDeletedRows } = await query.executeTakeFirst();
      return Number(numDeletedRows);
    },
    async sweep() {
      await db
        .deleteFrom('session')
        .where('created_at', '<', nowMs() - longestMs)
        .execute();
    },
  };
}

const selectSession = ({ database }: SessionOptions, hash: string) =>
  database.db
    .selectFrom('session')
    .innerJoin('person', 'person.id', 'session.person_id')
    .leftJoin('account', 'account.person_id', 'session.person_id')
    .select(['session.person_id', 'session.method', 'session.created_at', 'session.last_seen_at'])
    .select(['person.number', 'person.name', 'person.active', 'person.valid_until'])
    .select(['account.password_hash', 'account.disabled'])
    .where('session.token_hash', '=', hash)
    .executeTakeFirst();

interface SignInRow {
  readonly active: number;
  readonly valid_until: number | null;
  readonly disabled: number | null;
}

/** Not before the beginning of a right, but never after its end: freshmen enrol their phone before they arrive. */
export const maySignIn = ({ active, valid_until, disabled }: SignInRow, nowMs: number): boolean =>
  active === 1 && disabled !== 1 && (valid_until === null || valid_until > nowMs);

async function dropOldest({ db }: Pick<GatewayDatabase, 'db'>, personId: number): Promise<void> {
  const over = await db
    .selectFrom('session')
    .select('token_hash')
    .where('person_id', '=', personId)
    .orderBy('created_at', 'desc')
    .offset(MOST_SESSIONS)
    .limit(100)
    .execute();
  const hashes = over.map(({ token_hash }) => token_hash);
  if (hashes.length > 0) await db.deleteFrom('session').where('token_hash', 'in', hashes).execute();
}

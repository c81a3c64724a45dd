// SPDX-License-Identifier: Apache-2.0
// Accounts: who may sign in with which password. The initial one is only good for choosing another (DESIGN 8).
import { randomInt } from 'node:crypto';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { Transaction } from 'kysely';
import type { GatewayDatabase } from '../../adapters/database/open-database.ts';
import type { Database } from '../../adapters/database/schema.ts';
import type { PasswordHasher } from '../../adapters/password-hash.ts';
import { asInitial } from '../../core/sign-in/initial-password.ts';
import { passwordProblem } from '../../core/sign-in/password-rules.ts';
import { type AuditNote, appendAudit } from '../audit.ts';
import { maySignIn } from './sessions.ts';

export interface AccountPerson {
  readonly personId: number;
  readonly number: string;
}
export interface AccountView {
  readonly number: string;
  readonly disabled: boolean;
  readonly password: 'none' | 'initial' | 'chosen';
  readonly setAtMs: number | null;
  readonly passkeys: number;
  readonly sessions: number;
}

export type ChangeRefusal = 'sign-in-refused' | 'invalid-request';

export interface Accounts {
  /** The row of whoever may sign in, by number; undefined for everybody else. */
  find(number: string): Promise<AccountPerson | undefined>;
  /** Takes the same time for a number nobody has. */
  check(number: string, password: string, urgent: boolean): Promise<AccountPerson | undefined>;
  choose(person: AccountPerson, current: string, next: string): Promise<Result<void, ChangeRefusal>>;
  view(number: string): Promise<AccountView | undefined>;
  /** Back to an initial password: the imported one, or a new one that is answered once. Ends every session and passkey. */
  reset(
    number: string,
    to: 'temporary' | 'initial',
    actor: string,
  ): Promise<Result<string | null, 'not-found' | 'wrong-state'>>;
  setDisabled(number: string, disabled: boolean, actor: string): Promise<Result<boolean, 'not-found'>>;
}

export interface AccountOptions {
  readonly database: Pick<GatewayDatabase, 'db' | 'transaction'>;
  readonly hasher: PasswordHasher;
  readonly nowMs: () => number;
}

const PROBLEMS = {
  'too-short': 'next: use at least 10 characters / 至少 10 个字符',
  'too-common': 'next: many people use this one; choose another / 太常见，请换一个',
  'too-plain': 'next: use more different characters / 字符太单一，请换一个',
  'holds-number': 'next: leave out your number / 请勿使用学号（工号）',
  same: 'next: it is the present one; choose another / 与当前密码相同，请换一个',
  initial: 'next: it is the initial one; choose another / 不能使用初始密码',
} as const;

export function createAccounts(options: AccountOptions): Accounts {
  const { database, hasher, nowMs } = options;
  const check: Accounts['check'] = async (number, password, urgent) => {
    const row = await selectAccount(database.db, number);
    const stored = { chosen: row?.password_hash ?? null, initial: row?.initial_hash ?? null };
    const fits = await hasher.check(password, asInitial(password), stored, urgent);
    // Once a password of one's own is set, the initial one opens nothing.
    const right = stored.chosen === null ? fits.initial : fits.chosen;
    if (!right || row === undefined || !maySignIn(row, nowMs())) return undefined;
    return { personId: row.id, number: row.number };
  };
  return {
    check,
    async find(number) {
      const row = await selectAccount(database.db, number);
      return row === undefined || !maySignIn(row, nowMs()) ? undefined : { personId: row.id, number: row.number };
    },
    choose: (person, current, next) => choose(options, check, person, current, next),
    view: (number) => viewAccount(database.db, number),
    reset: (number, to, actor) => reset(options, number, to, actor),
    async setDisabled(number, disabled, actor) {
      return database.transaction(async ({ trx }) => {
        const row = await selectAccount(trx, number);
        if (row === undefined) return err('not-found');
        const flag = disabled ? 1 : 0;
        if ((row.disabled ?? 0) === flag) return ok(false);
        await upsert(trx, row.id, nowMs(), { disabled: flag });
        if (disabled) await endAccess(trx, row.id);
        await note(trx, nowMs(), actor, disabled ? 'account-disable' : 'account-enable', number);
        return ok(true);
      });
    },
  };
}

async function choose(
  { database, hasher, nowMs }: AccountOptions,
  check: Accounts['check'],
  { personId, number }: AccountPerson,
  current: string,
  next: string,
): Promise<Result<void, ChangeRefusal>> {
  const problem = passwordProblem(next, number);
  if (problem !== undefined) return err('invalid-request', PROBLEMS[problem]);
  if ((await check(number, current, true)) === undefined) return err('sign-in-refused');
  if (next.normalize('NFKC') === current.normalize('NFKC')) return err('invalid-request', PROBLEMS.same);
  const row = await selectAccount(database.db, number);
  const initial = { chosen: null, initial: row?.initial_hash ?? null };
  if ((await hasher.check(next, next, initial, true)).initial) return err('invalid-request', PROBLEMS.initial);
  const password_hash = await hasher.hash(next, 'chosen');
  await database.transaction(async ({ trx }) => {
    await upsert(trx, personId, nowMs(), { password_hash, set_at: nowMs() });
    await note(trx, nowMs(), number, 'password-change', number);
  });
  return ok(undefined);
}

async function reset(
  { database, hasher, nowMs }: AccountOptions,
  number: string,
  to: 'temporary' | 'initial',
  actor: string,
): Promise<Result<string | null, 'not-found' | 'wrong-state'>> {
  const temporary = to === 'temporary' ? readablePassword() : null;
  const initial_hash = temporary === null ? undefined : await hasher.hash(temporary, 'initial');
  return database.transaction(async ({ trx }) => {
    const row = await selectAccount(trx, number);
    if (row === undefined) return err('not-found');
    if (initial_hash === undefined && row.initial_hash === null)
      return err('wrong-state', 'to: there is no initial password from an import; use temporary');
    const set = { password_hash: null, set_at: nowMs(), ...(initial_hash === undefined ? {} : { initial_hash }) };
    await upsert(trx, row.id, nowMs(), set);
    await endAccess(trx, row.id);
    // Nobody can tell which of them the person made.
    await trx.deleteFrom('passkey').where('person_id', '=', row.id).execute();
    await note(trx, nowMs(), actor, 'password-reset', number, { to });
    return ok(temporary);
  });
}

/** Read out over a counter: no letters that look alike. 60 bits. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const READABLE_LENGTH = 12;
const readablePassword = (): string =>
  Array.from({ length: READABLE_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

type Reading = GatewayDatabase['db'] | Transaction<Database>;

const selectAccount = (db: Reading, number: string) =>
  db
    .selectFrom('person')
    .leftJoin('account', 'account.person_id', 'person.id')
    .select(['person.id', 'person.number', 'person.active', 'person.valid_until'])
    .select(['account.initial_hash', 'account.password_hash', 'account.disabled', 'account.set_at'])
    .where('person.number', '=', number)
    .executeTakeFirst();

async function viewAccount(db: Reading, number: string): Promise<AccountView | undefined> {
  const row = await selectAccount(db, number);
  if (row === undefined) return undefined;
  const count = async (table: 'passkey' | 'session') => {
    const query = db.selectFrom(table).select(({ fn }) => fn.countAll<number>().as('rows'));
    return (await query.where('person_id', '=', row.id).executeTakeFirstOrThrow()).rows;
  };
  return {
    number,
    disabled: row.disabled === 1,
    password: row.password_hash !== null ? 'chosen' : row.initial_hash !== null ? 'initial' : 'none',
    setAtMs: row.set_at,
    passkeys: await count('passkey'),
    sessions: await count('session'),
  };
}

interface AccountFields {
  readonly initial_hash?: string;
  readonly password_hash?: string | null;
  readonly set_at?: number;
  readonly disabled?: 0 | 1;
}

export async function upsert(trx: Transaction<Database>, personId: number, atMs: number, set: AccountFields) {
  const values = {
    person_id: personId,
    created_at: atMs,
    initial_hash: null,
    password_hash: null,
    set_at: null,
    ...set,
  };
  const insert = trx.insertInto('account').values(values);
  await insert
    .onConflict((conflict) => conflict.column('person_id').doUpdateSet({ person_id: personId, ...set }))
    .execute();
}

/** Whoever held the account before holds neither a session nor a device known to it. */
async function endAccess(trx: Transaction<Database>, personId: number): Promise<void> {
  await trx.deleteFrom('session').where('person_id', '=', personId).execute();
  await trx.deleteFrom('known_device').where('person_id', '=', personId).execute();
}

const note = (
  trx: Transaction<Database>,
  atMs: number,
  actor: string,
  action: string,
  number: string,
  detail: NonNullable<AuditNote['detail']> = {},
) => appendAudit(trx, atMs, actor, [{ action, subject: `person ${number}`, detail }]);

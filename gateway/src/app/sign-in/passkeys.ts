// SPDX-License-Identifier: Apache-2.0
// Passkeys (WebAuthn level 3): made while signed in, found by the browser without a number being typed, always with user
// verification. The browser's side of the contract is what @simplewebauthn/browser or the page itself sends.
import { createHmac } from 'node:crypto';
import type * as api from '@latchkey/protocols/api/sign-in';
import { err, ok, type Result } from '@latchkey/protocols/result';
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import type { GatewayDatabase } from '../../adapters/database/open-database.ts';
import type { PasskeyRow } from '../../adapters/database/schema-sign-in.ts';
import type { Origins } from '../../http/origins.ts';
import type { SessionState } from '../../http/principal.ts';
import { appendAudit } from '../audit.ts';
import type { AccountPerson } from './accounts.ts';
import type { PasskeyFlows } from './passkey-flows.ts';
import { maySignIn } from './sessions.ts';

export interface PasskeyOptions {
  readonly database: Pick<GatewayDatabase, 'db' | 'transaction'>;
  readonly flows: PasskeyFlows;
  readonly key: Uint8Array;
  readonly origins: () => Origins;
  readonly nowMs: () => number;
}

export interface Passkeys {
  available(): boolean;
  signInOptions(): Promise<api.PasskeyOptions>;
  /** Whose passkey answered. */
  judge(answer: api.PasskeyAnswer): Promise<AccountPerson | undefined>;
  registerOptions(state: SessionState): Promise<Result<api.PasskeyOptions, 'wrong-state' | 'sign-in-again'>>;
  register(state: SessionState, answer: api.PasskeyRegister): Promise<Result<api.Passkey, 'invalid-request'>>;
  list(personId: number): Promise<readonly api.Passkey[]>;
  remove(state: SessionState, id: string): Promise<Result<void, 'not-found'>>;
}

const SIGN_IN = 'sign-in';
const MOST_PASSKEYS = 20;
const registerBy = ({ personId, principal }: SessionState) => `register ${personId} ${principal.session}`;

/** Browsers take names, not addresses. */
export function relyingParty({ primary }: Origins): string | undefined {
  const { hostname } = new URL(primary);
  return /^[\d.]+$|:/.test(hostname) ? undefined : hostname;
}

export function createPasskeys(options: PasskeyOptions): Passkeys {
  const { database, flows, origins } = options;
  const rpID = () => relyingParty(origins()) ?? '';
  return {
    available: () => rpID() !== '',
    async signInOptions() {
      const { flow, challenge } = flows.open(SIGN_IN);
      const made = await generateAuthenticationOptions({ rpID: rpID(), challenge, userVerification: 'required' });
      return { flow, options: { ...made } };
    },
    judge: (answer) => judge(options, rpID(), answer),
    async registerOptions(state) {
      if (!state.fresh) return err('sign-in-again');
      const known = await rowsOf(database, state.personId);
      if (known.length >= MOST_PASSKEYS) return err('wrong-state', 'remove a passkey first');
      const { flow, challenge } = flows.open(registerBy(state));
      const made = await generateRegistrationOptions({
        rpName: 'Latchkey',
        rpID: rpID(),
        userName: state.principal.number,
        userDisplayName: state.name,
        userID: userHandle(options.key, state.personId),
        challenge,
        attestationType: 'none',
        excludeCredentials: known.map(({ id, transports }) => ({ id, transports: transportsOf(transports) })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      });
      return ok({ flow, options: { ...made } });
    },
    register: (state, answer) => register(options, rpID(), state, answer),
    list: async (personId) => (await rowsOf(database, personId)).map(toPasskey),
    async remove(state, id) {
      return database.transaction(async ({ trx }) => {
        const query = trx.deleteFrom('passkey').where('id', '=', id).where('person_id', '=', state.personId);
        if ((await query.executeTakeFirst()).numDeletedRows === 0n) return err('not-found');
        await appendAudit(trx, options.nowMs(), state.principal.actor, [passkeyNote('passkey-remove', state)]);
        return ok(undefined);
      });
    },
  };
}

async function judge(
  { database, flows, origins, key, nowMs }: PasskeyOptions,
  rpID: string,
  { flow, response }: api.PasskeyAnswer,
): Promise<AccountPerson | undefined> {
  const expectedChallenge = flows.challengeOf(flow, SIGN_IN);
  const { id } = response;
  if (expectedChallenge === undefined || typeof id !== 'string') return undefined;
  const row = await selectWithPerson(database, id);
  if (row === undefined || !maySignIn(row, nowMs())) return undefined;
  const credential = { id, publicKey: new Uint8Array(row.public_key), counter: row.counter };
  const verified = await attempt(() =>
    verifyAuthenticationResponse({
      response: response as unknown as AuthenticationResponseJSON,
      expectedChallenge,
      expectedOrigin: [...origins().all],
      expectedRPID: rpID,
      credential,
      requireUserVerification: true,
    }),
  );
  if (verified?.verified !== true || !handleFits(key, row.person_id, response)) return undefined;
  if (!(await flows.useUp(flow))) return undefined;
  const { newCounter } = verified.authenticationInfo;
  // Two answers at once with the same counter: a copied key. Keys that do not count stay at 0.
  const { numUpdatedRows } = await database.db
    .updateTable('passkey')
    .set({ counter: newCounter, last_used_at: nowMs() })
    .where('id', '=', id)
    .where('counter', newCounter === 0 ? '=' : '<', newCounter)
    .executeTakeFirst();
  return numUpdatedRows === 1n ? { personId: row.person_id, number: row.number } : undefined;
}

/** Names no person, also not to whoever reads the authenticator. */
const userHandle = (key: Uint8Array, personId: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHmac('sha256', key).update(`user ${personId}`).digest());

function handleFits(key: Uint8Array, personId: number, response: api.PasskeyAnswer['response']): boolean {
  const inner = response['response'];
  const given = typeof inner === 'object' && inner !== null && 'userHandle' in inner ? inner.userHandle : undefined;
  return given === Buffer.from(userHandle(key, personId)).toString('base64url');
}

async function register(
  { database, flows, origins, nowMs }: PasskeyOptions,
  rpID: string,
  state: SessionState,
  { flow, response, name }: api.PasskeyRegister,
): Promise<Result<api.Passkey, 'invalid-request'>> {
  const refused = err('invalid-request', 'response: the passkey could not be checked; start again');
  const expectedChallenge = flows.challengeOf(flow, registerBy(state));
  if (expectedChallenge === undefined) return refused;
  const made = await attempt(() =>
    verifyRegistrationResponse({
      response: response as unknown as RegistrationResponseJSON,
      expectedChallenge,
      expectedOrigin: [...origins().all],
      expectedRPID: rpID,
      requireUserVerification: true,
    }),
  );
  if (made?.verified !== true || !(await flows.useUp(flow))) return refused;
  const { id, publicKey, counter, transports = [] } = made.registrationInfo.credential;
  return database.transaction(async ({ trx }) => {
    const known = await trx.selectFrom('passkey').select('id').where('id', '=', id).executeTakeFirst();
    if (known !== undefined) return refused;
    const row = {
      id,
      person_id: state.personId,
      public_key: publicKey,
      counter,
      transports: JSON.stringify(transports),
      name,
      added_at: nowMs(),
      last_used_at: null,
    };
    await trx.insertInto('passkey').values(row).execute();
    await appendAudit(trx, nowMs(), state.principal.actor, [passkeyNote('passkey-add', state)]);
    return ok(toPasskey(row));
  });
}

/** The library throws for whatever does not fit; a stranger's nonsense is no failure of ours. */
async function attempt<T>(verify: () => Promise<T>): Promise<T | undefined> {
  try {
    return await verify();
  } catch {
    return undefined;
  }
}

const passkeyNote = (action: string, { principal }: SessionState) => ({
  action,
  subject: `person ${principal.number}`,
});

const rowsOf = ({ db }: PasskeyOptions['database'], personId: number): Promise<PasskeyRow[]> =>
  db.selectFrom('passkey').selectAll().where('person_id', '=', personId).orderBy('added_at').execute();

const selectWithPerson = ({ db }: PasskeyOptions['database'], id: string) =>
  db
    .selectFrom('passkey')
    .innerJoin('person', 'person.id', 'passkey.person_id')
    .leftJoin('account', 'account.person_id', 'passkey.person_id')
    .select(['passkey.person_id', 'passkey.public_key', 'passkey.counter'])
    .select(['person.number', 'person.active', 'person.valid_until', 'account.disabled'])
    .where('passkey.id', '=', id)
    .executeTakeFirst();

const transportsOf = (text: string): string[] => JSON.parse(text) as string[];

const toPasskey = ({ id, name, added_at, last_used_at }: Omit<PasskeyRow, 'public_key'>): api.Passkey => ({
  id,
  name,
  addedAt: new Date(added_at).toISOString(),
  lastUsedAt: last_used_at === null ? null : new Date(last_used_at).toISOString(),
});

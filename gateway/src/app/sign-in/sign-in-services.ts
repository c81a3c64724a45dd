// SPDX-License-Identifier: Apache-2.0
// The steps every way of signing in shares: attempts counted, a new session, the browser remembered, an audit entry.
import type * as api from '@latchkey/protocols/api/sign-in';
import { err, ok } from '@latchkey/protocols/result';
import type { GatewayDatabase } from '../../adapters/database/open-database.ts';
import type { SignInMethod } from '../../adapters/database/schema-sign-in.ts';
import { LanesFull } from '../../adapters/lanes.ts';
import { networkOf } from '../../http/attempt-limit.ts';
import type { SessionState } from '../../http/principal.ts';
import type { Caller, OidcService, SignedIn, SignInOutcome, SignInServices } from '../../http/sign-in-services.ts';
import { appendAudit } from '../audit.ts';
import type { AccountPerson, Accounts, AccountView } from './accounts.ts';
import type { Admission, Attempts } from './attempts.ts';
import type { FailureTally } from './failure-tally.ts';
import type { KnownDevices } from './known-devices.ts';
import type { OidcSignIn } from './oidc.ts';
import type { Passkeys } from './passkeys.ts';
import type { Sessions } from './sessions.ts';

export interface SignInParts {
  readonly database: Pick<GatewayDatabase, 'db' | 'transaction'>;
  readonly nowMs: () => number;
  readonly passwords: boolean;
  readonly sessions: Sessions;
  readonly accounts: Accounts;
  readonly attempts: Attempts;
  readonly devices: KnownDevices;
  readonly tally: FailureTally;
  readonly passkeys: Passkeys;
  readonly oidc: { readonly name: OidcService['name']; readonly signIn: OidcSignIn } | undefined;
}

/** Ids of sessions as people see them: enough of the hash to name one of their own. */
const SHOWN_ID = 16;

export function createSignInServices(parts: SignInParts): SignInServices {
  const { accounts, oidc, passkeys } = parts;
  return {
    password: {
      available: parts.passwords,
      signIn: (body, caller) => signInByPassword(parts, body, caller),
      change: (state, body, caller) => changePassword(parts, state, body, caller),
    },
    passkeys: {
      available: () => passkeys.available(),
      signInOptions: () => passkeys.signInOptions(),
      async signIn(answer, caller) {
        const person = await passkeys.judge(answer);
        if (person !== undefined) return { ok: true, value: await welcome(parts, person, 'passkey', caller) };
        parts.tally.failed(undefined);
        return { ok: false, code: 'sign-in-refused' };
      },
      registerOptions: (state) => passkeys.registerOptions(state),
      register: (state, answer) => passkeys.register(state, answer),
      list: (state) => passkeys.list(state.personId),
      remove: (state, id) => passkeys.remove(state, id),
    },
    oidc: oidc && {
      name: oidc.name,
      start: (origin, returnTo) => oidc.signIn.start(origin, returnTo),
      async finish({ origin, query, sealed }, caller) {
        const arrived = await oidc.signIn.finish(origin, query, sealed);
        if (!arrived.ok) return arrived;
        const { person, returnTo, idToken } = arrived.value;
        return ok({ signedIn: await welcome(parts, person, 'oidc', caller, idToken), returnTo });
      },
    },
    sessions: sessionServices(parts),
    accounts: {
      async view(number) {
        const found = await accounts.view(number);
        return found && toAccount(found);
      },
      async reset(number, to, actor) {
        const done = await accounts.reset(number, to, actor);
        return done.ok ? ok({ temporaryPassword: done.value }) : done;
      },
      setDisabled: (number, disabled, actor) => accounts.setDisabled(number, disabled, actor),
    },
  };
}

function sessionServices({ database, sessions, oidc, nowMs }: SignInParts): SignInServices['sessions'] {
  const note = (state: SessionState, action: string) =>
    database.transaction(({ trx }) =>
      appendAudit(trx, nowMs(), state.principal.actor, [{ action, subject: `person ${state.principal.number}` }]),
    );
  return {
    async list(state) {
      const rows = await sessions.list(state.personId);
      return rows.map((row) => ({
        id: row.token_hash.slice(0, SHOWN_ID),
        current: row.token_hash === state.principal.session,
        method: row.method,
        browser: row.agent,
        signedInAt: new Date(row.created_at).toISOString(),
        lastSeenAt: new Date(row.last_seen_at).toISOString(),
      }));
    },
    async signOut(state, origin) {
      const rows = await sessions.list(state.personId);
      const idToken = rows.find(({ token_hash }) => token_hash === state.principal.session)?.id_token ?? null;
      await sessions.end(state.personId, { session: state.principal.session });
      await note(state, 'sign-out');
      const continueAt = idToken === null ? undefined : await oidc?.signIn.endSession(idToken, origin);
      return { continueAt: continueAt ?? null };
    },
    async signOutEverywhere(state) {
      await sessions.end(state.personId, {});
      await note(state, 'sign-out-everywhere');
    },
    async end(state, id) {
      const rows = id.length === SHOWN_ID ? await sessions.list(state.personId) : [];
      const found = rows.find(({ token_hash }) => token_hash.startsWith(id));
      if (found === undefined) return err('not-found');
      await sessions.end(state.personId, { session: found.token_hash });
      await note(state, 'sign-out');
      return ok(undefined);
    },
  };
}

async function signInByPassword(
  parts: SignInParts,
  { number, password }: api.PasswordSignIn,
  caller: Caller,
): Promise<SignInOutcome> {
  if (!parts.passwords) return { ok: false, code: 'sign-in-refused' };
  const device = await parts.devices.known(number, caller.device);
  const admitted = await parts.attempts.admit({ number, network: networkOf(caller.address), device });
  if (!admitted.ok) return tooMany(admitted);
  return unlessBusy(admitted, async () => {
    const person = await parts.accounts.check(number, password, device !== undefined);
    if (person === undefined) {
      parts.tally.failed((await parts.accounts.find(number))?.number);
      return { ok: false, code: 'sign-in-refused' };
    }
    await admitted.refund();
    return { ok: true, value: await welcome(parts, person, 'password', caller) };
  });
}

/** Whoever found an open session has as few guesses at the password as anybody. */
async function changePassword(
  parts: SignInParts,
  state: SessionState,
  { current, next }: api.PasswordChange,
  caller: Caller,
): Promise<SignInOutcome> {
  const { personId, principal } = state;
  const person = { personId, number: principal.number };
  const admitted = await parts.attempts.admit({
    number: principal.number,
    network: networkOf(caller.address),
    device: principal.session,
  });
  if (!admitted.ok) return tooMany(admitted);
  return unlessBusy(admitted, async () => {
    const done = await parts.accounts.choose(person, current, next);
    if (!done.ok) {
      if (done.code === 'invalid-request') await admitted.refund();
      else parts.tally.failed(principal.number);
      return done;
    }
    await admitted.refund();
    await parts.sessions.end(personId, {});
    return { ok: true, value: await welcome(parts, person, 'password', caller) };
  });
}

const tooMany = ({ retryAfterMs }: Extract<Admission, { ok: false }>): SignInOutcome => ({
  ok: false,
  code: 'too-many-attempts',
  retryAfterMs,
});

async function unlessBusy(
  admitted: Extract<Admission, { ok: true }>,
  work: () => Promise<SignInOutcome>,
): Promise<SignInOutcome> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof LanesFull)) throw error;
    await admitted.refund();
    return { ok: false, code: 'busy', retryAfterMs: 5_000 };
  }
}

async function welcome(
  { database, nowMs, sessions, devices }: SignInParts,
  person: AccountPerson,
  method: SignInMethod,
  { agent, device, session }: Caller,
  idToken: string | null = null,
): Promise<SignedIn> {
  const { personId, number } = person;
  const before = session === undefined ? undefined : await sessions.find(session);
  if (before !== undefined) await sessions.end(before.personId, { session: before.principal.session });
  await database.transaction(async ({ trx }) => {
    const row = { person_id: personId, initial_hash: null, password_hash: null, set_at: null, created_at: nowMs() };
    await trx
      .insertInto('account')
      .values(row)
      .onConflict((conflict) => conflict.column('person_id').doNothing())
      .execute();
    await appendAudit(trx, nowMs(), number, [{ action: 'sign-in', subject: `person ${number}`, detail: { method } }]);
  });
  const { token, state } = await sessions.open({ personId, method, agent, idToken });
  return { token, state, device: await devices.remember(personId, device) };
}

const toAccount = ({ setAtMs, ...view }: AccountView): api.Account => ({
  ...view,
  passwordSetAt: setAtMs === null ? null : new Date(setAtMs).toISOString(),
});

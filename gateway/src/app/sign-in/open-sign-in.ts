// SPDX-License-Identifier: Apache-2.0
// Signing in, put together: passwords, passkeys and the identity provider lead to one kind of session (DESIGN 8).

import type { GatewayDatabase } from '../../adapters/database/open-database.ts';
import { createLanes } from '../../adapters/lanes.ts';
import { createOidcClient, type OidcSettings } from '../../adapters/oidc-client.ts';
import { createPasswordHasher, type PasswordHasher } from '../../adapters/password-hash.ts';
import type { Origins } from '../../http/origins.ts';
import type { SignInServices } from '../../http/sign-in-services.ts';
import type { Log } from '../log.ts';
import type { Sealer } from '../registry/prf-keys.ts';
import { createAccounts } from './accounts.ts';
import { type AttemptAllowances, createAttempts } from './attempts.ts';
import { createFailureTally } from './failure-tally.ts';
import { grantsOf } from './grants.ts';
import { createKnownDevices } from './known-devices.ts';
import { createOidcSignIn } from './oidc.ts';
import { createPasskeyFlows } from './passkey-flows.ts';
import { createPasskeys } from './passkeys.ts';
import { openSignInKeys } from './secret-key.ts';
import { createSessions, type Lifetimes, type Sessions } from './sessions.ts';
import { createSignInServices } from './sign-in-services.ts';

export interface OidcConfig extends OidcSettings {
  readonly name: string;
  readonly nameEn: string;
  readonly numberClaim: string;
}

export interface SignInOptions {
  readonly database: GatewayDatabase;
  readonly keystore: Sealer;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly lifetimes: Lifetimes;
  readonly passwords: boolean;
  readonly oidc?: OidcConfig | undefined;
  /** Known once the gateway listens. */
  readonly origins: () => Origins;
  readonly log: Log;
  /** How many passwords are hashed at once. */
  readonly hashLanes: number;
  readonly chosenCost?: number;
  readonly allowances?: AttemptAllowances;
}

export interface SignIn {
  readonly services: SignInServices;
  readonly findSession: Sessions['find'];
  readonly hashInitial: (password: string) => ReturnType<PasswordHasher['hash']>;
  /** Writes down what was counted. */
  close(): Promise<void>;
}

/** About ten seconds of sign-ins; whoever comes then is asked to come again. */
const WAITING_A_LANE = 25;
const HOUSEKEEPING_MS = 10 * 60_000;

export async function openSignIn(options: SignInOptions): Promise<SignIn> {
  const { database, keystore, nowMs, monotonicMs, log, origins, hashLanes } = options;
  const keys = await openSignInKeys(database, keystore);
  const lanes = createLanes({ lanes: hashLanes, waiting: WAITING_A_LANE * hashLanes });
  const cost = options.chosenCost === undefined ? {} : { chosenCost: options.chosenCost };
  const hasher = createPasswordHasher({ pepper: keys.pepper, lanes, ...cost });
  const sessions = createSessions({ database, nowMs, lifetimes: options.lifetimes, grantsOf });
  const flows = createPasskeyFlows({ key: keys.passkeys, database, nowMs });
  const accounts = createAccounts({ database, hasher, nowMs });
  const tally = createFailureTally(database, nowMs);
  const oidc = options.oidc && {
    name: { name: options.oidc.name, nameEn: options.oidc.nameEn },
    signIn: createOidcSignIn({
      client: createOidcClient(options.oidc, monotonicMs),
      sealer: keystore,
      accounts,
      numberClaim: options.oidc.numberClaim,
      nowMs,
      useUp: (id, lifeMs) => flows.useUp(id, lifeMs),
      log,
    }),
  };
  const services = createSignInServices({
    database,
    nowMs,
    passwords: options.passwords,
    attempts: createAttempts(keys.counters, options.allowances),
    devices: createKnownDevices(database, nowMs),
    passkeys: createPasskeys({ database, flows, key: keys.passkeys, origins, nowMs }),
    sessions,
    accounts,
    tally,
    oidc,
  });
  const keepHouse = async () => {
    await sessions.sweep();
    await flows.sweep();
    await tally.write();
  };
  const timer = setInterval(() => {
    keepHouse().catch((error: unknown) => log.warn({ error }, 'sign-in housekeeping failed'));
  }, HOUSEKEEPING_MS);
  timer.unref();
  return {
    services,
    findSession: (token) => sessions.find(token),
    hashInitial: (password) => hasher.hash(password, 'initial'),
    async close() {
      clearInterval(timer);
      await tally.write();
    },
  };
}

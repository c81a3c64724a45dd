// SPDX-License-Identifier: Apache-2.0
// What the routes of signing in need of the gateway.
import type { ApiErrorCode } from '@latchkey/protocols/api/errors';
import type * as api from '@latchkey/protocols/api/sign-in';
import type { Result } from '@latchkey/protocols/result';
import type { SessionState } from './principal.ts';

/** The browser that asks. */
export interface Caller {
  readonly address: string;
  /** Family of the browser. */
  readonly agent: string;
  /** Token of a device that may have signed in before. */
  readonly device: string | undefined;
  /** Token of the session it has, which ends when another begins. */
  readonly session: string | undefined;
}

export interface SignedIn {
  readonly token: string;
  readonly device: string;
  readonly state: SessionState;
}

export type SignInRefusal = {
  readonly ok: false;
  readonly code: Extract<ApiErrorCode, 'sign-in-refused' | 'too-many-attempts' | 'busy' | 'invalid-request'>;
  readonly detail?: string;
  readonly retryAfterMs?: number;
};
export type SignInOutcome = { readonly ok: true; readonly value: SignedIn } | SignInRefusal;

export interface PasskeyService {
  /** Undefined where this gateway's address cannot have passkeys. */
  readonly available: () => boolean;
  signInOptions(): Promise<api.PasskeyOptions>;
  signIn(answer: api.PasskeyAnswer, caller: Caller): Promise<SignInOutcome>;
  registerOptions(state: SessionState): Promise<Result<api.PasskeyOptions, 'wrong-state' | 'sign-in-again'>>;
  register(state: SessionState, answer: api.PasskeyRegister): Promise<Result<api.Passkey, 'invalid-request'>>;
  list(state: SessionState): Promise<readonly api.Passkey[]>;
  remove(state: SessionState, id: string): Promise<Result<void, 'not-found'>>;
}

export const OIDC_REFUSALS = ['provider-down', 'state-unknown', 'provider-refused', 'person-unknown'] as const;
export type OidcRefusal = (typeof OIDC_REFUSALS)[number];

export interface OidcService {
  readonly name: { readonly name: string; readonly nameEn: string };
  /** Where to send the browser, and what it keeps until it is back. */
  start(origin: string, returnTo: string): Promise<Result<{ url: string; sealed: string }, OidcRefusal>>;
  finish(
    callback: { readonly origin: string; readonly query: string; readonly sealed: string | undefined },
    caller: Caller,
  ): Promise<Result<{ signedIn: SignedIn; returnTo: string }, OidcRefusal>>;
}

export interface SignInServices {
  readonly password: {
    readonly available: boolean;
    signIn(body: api.PasswordSignIn, caller: Caller): Promise<SignInOutcome>;
    /** Ends the other sessions; the answer is a new one. */
    change(state: SessionState, body: api.PasswordChange, caller: Caller): Promise<SignInOutcome>;
  };
  readonly passkeys: PasskeyService;
  readonly oidc: OidcService | undefined;
  readonly sessions: {
    list(state: SessionState): Promise<readonly api.MySession[]>;
    /** Answers where the identity provider is told as well. */
    signOut(state: SessionState, origin: string): Promise<api.SignedOut>;
    signOutEverywhere(state: SessionState): Promise<void>;
    end(state: SessionState, id: string): Promise<Result<void, 'not-found'>>;
  };
  readonly accounts: {
    view(number: string): Promise<api.Account | undefined>;
    reset(
      number: string,
      to: 'temporary' | 'initial',
      actor: string,
    ): Promise<Result<api.AccountReset, 'not-found' | 'wrong-state'>>;
    setDisabled(number: string, disabled: boolean, actor: string): Promise<Result<boolean, 'not-found'>>;
  };
}

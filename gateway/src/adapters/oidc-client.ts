// SPDX-License-Identifier: Apache-2.0
// The campus's identity provider through openid-client: authorization code with PKCE, state and nonce, the ID token's signature
// checked (OpenID Connect Core 3.1). The provider is looked up when first needed, so that the gateway starts without it.
import { err, ok, type Result } from '@latchkey/protocols/result';
import * as oidc from 'openid-client';

export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly scopes: string;
}

/** What a browser keeps, sealed, between going and coming back. */
export interface OidcChecks {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export interface OidcIdentity {
  /** Of the ID token and the user info together. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly idToken: string;
}

export type OidcFailure = 'provider-down' | 'provider-refused';

export interface OidcClient {
  authorize(redirectUri: string): Promise<Result<{ url: string; checks: OidcChecks }, OidcFailure>>;
  /** `callback` is the whole address the provider sent the browser to. */
  redeem(callback: URL, checks: OidcChecks): Promise<Result<OidcIdentity, OidcFailure>>;
  /** Where to sign out there too; undefined where the provider offers none, or cannot be reached. */
  endSession(idToken: string, returnTo: string): Promise<string | undefined>;
}

const TIMEOUT_SECONDS = 8;
/** Endpoints and keys are looked up anew, should the provider have moved. */
const KEPT_MS = 60 * 60_000;

export function createOidcClient(settings: OidcSettings, monotonicMs: () => number): OidcClient {
  let found: { at: number; configuration: Promise<oidc.Configuration> } | undefined;
  const configuration = (): Promise<oidc.Configuration> => {
    if (found !== undefined && monotonicMs() - found.at < KEPT_MS) return found.configuration;
    const looked = { at: monotonicMs(), configuration: discover(settings) };
    found = looked;
    looked.configuration.catch(() => {
      if (found === looked) found = undefined;
    });
    return looked.configuration;
  };
  return {
    async authorize(redirectUri) {
      const ready = await reach(configuration);
      if (!ready.ok) return ready;
      const checks = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier() };
      const url = oidc.buildAuthorizationUrl(ready.value, {
        redirect_uri: redirectUri,
        scope: settings.scopes,
        state: checks.state,
        nonce: checks.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(checks.verifier),
        code_challenge_method: 'S256',
      });
      return ok({ url: url.href, checks });
    },
    async redeem(callback, checks) {
      const ready = await reach(configuration);
      return ready.ok ? reach(() => exchange(ready.value, callback, checks)) : ready;
    },
    async endSession(idToken, returnTo) {
      const ready = await reach(configuration);
      if (!ready.ok || ready.value.serverMetadata().end_session_endpoint === undefined) return undefined;
      const parameters = { id_token_hint: idToken, post_logout_redirect_uri: returnTo };
      return oidc.buildEndSessionUrl(ready.value, parameters).href;
    },
  };
}

function discover({ issuer, clientId, clientSecret }: OidcSettings): Promise<oidc.Configuration> {
  const url = new URL(issuer);
  // The configuration lets plain HTTP through for loopback only.
  const insecure = url.protocol === 'http:' ? [oidc.allowInsecureRequests] : [];
  const authentication = clientSecret === undefined ? oidc.None() : oidc.ClientSecretBasic(clientSecret);
  return oidc.discovery(url, clientId, undefined, authentication, {
    execute: [...insecure, oidc.enableNonRepudiationChecks],
    timeout: TIMEOUT_SECONDS,
  });
}

async function exchange(
  configuration: oidc.Configuration,
  callback: URL,
  { state, nonce, verifier }: OidcChecks,
): Promise<OidcIdentity> {
  const tokens = await oidc.authorizationCodeGrant(configuration, callback, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  if (claims === undefined || tokens.id_token === undefined) throw new oidc.ClientError('no ID token');
  const more =
    configuration.serverMetadata().userinfo_endpoint === undefined
      ? {}
      : await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub);
  // What is signed wins.
  return { claims: { ...more, ...claims }, idToken: tokens.id_token };
}

/** Whether a failure is the provider's absence or its answer. */
async function reach<T>(work: () => Promise<T>): Promise<Result<T, OidcFailure>> {
  try {
    return ok(await work());
  } catch (error) {
    return err(isAbsence(error) ? 'provider-down' : 'provider-refused', codeOf(error));
  }
}

/** A code of the protocol or of the library; never a message, which may quote what was sent. */
function codeOf(error: unknown): string {
  const { error: oauth, code, name } = error as { error?: unknown; code?: unknown; name?: unknown };
  const known = [oauth, code, name].find((value) => typeof value === 'string') ?? 'unknown';
  return known.slice(0, 80);
}

const ABSENT = new Set(['OAUTH_TIMEOUT', 'OAUTH_HTTP_REQUEST_FORBIDDEN', 'OAUTH_RESPONSE_IS_NOT_CONFORM']);

function isAbsence(error: unknown): boolean {
  if (error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError) return false;
  const { code, cause } = error as { code?: string; cause?: unknown };
  if (error instanceof oidc.ClientError) return ABSENT.has(code ?? '') || cause instanceof TypeError;
  return error instanceof TypeError || (error as Error).name === 'TimeoutError';
}

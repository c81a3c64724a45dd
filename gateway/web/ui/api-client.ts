// SPDX-License-Identifier: Apache-2.0
// Calls the gateway's API from a page: same origin, the session's cookie, its csrf token on every change. What goes wrong is a
// value with a code that the catalogues have words for; a network that is away is one of them.
import type { ApiError, ApiErrorCode } from '@latchkey/protocols/api/errors';
import type { Language } from './language.ts';

export type ApiFailure = ApiErrorCode | 'offline' | 'unexpected';
export type ApiAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: ApiFailure; readonly field?: string | undefined };

export interface ApiClient {
  get<T>(path: string): Promise<ApiAnswer<T>>;
  send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<ApiAnswer<T>>;
}

export interface ApiClientOptions {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  /** Of the session, once signed in. */
  readonly csrf: () => string | undefined;
  readonly language: () => Language;
  /** Called when the gateway says the session is over. */
  readonly onSignedOut: () => void;
}

const TIMEOUT_MS = 15_000;

export function createApiClient(options: ApiClientOptions): ApiClient {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<ApiAnswer<T>> => {
    const response = await reach(options, method, path, body);
    if (response === undefined) return { ok: false, code: 'offline' };
    const content: unknown = await response.json().catch(() => undefined);
    if (response.ok) return { ok: true, value: content as T };
    const failure = content as Partial<ApiError> | undefined;
    const code = failure?.code ?? 'unexpected';
    if (code === 'unauthenticated') options.onSignedOut();
    return { ok: false, code, field: failure?.field };
  };
  return { get: (path) => call('GET', path), send: call };
}

/** Undefined when nothing answered. */
async function reach(
  { fetch, csrf, language }: ApiClientOptions,
  method: string,
  path: string,
  body: unknown,
): Promise<Response | undefined> {
  const token = method === 'GET' ? undefined : csrf();
  try {
    return await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal: timeout(TIMEOUT_MS),
      headers: {
        'accept-language': language(),
        ...(token === undefined ? {} : { 'x-latchkey-csrf': token }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    return undefined;
  }
}

/** AbortSignal.timeout is younger than the WebViews we want to run in. */
function timeout(ms: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), ms);
  return controller.signal;
}

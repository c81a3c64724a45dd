// SPDX-License-Identifier: Apache-2.0
// Refusals of the API: thrown by routes as data, turned into the one error body in the caller's language (DESIGN 9.8).
import { API_ERRORS, type ApiError, type ApiErrorCode } from '@latchkey/protocols/api/errors';
import type { Err, Result } from '@latchkey/protocols/result';
import { CATALOGUES, type Language } from './language.ts';

export interface Refusal {
  readonly code: ApiErrorCode;
  readonly field?: string | undefined;
  /** Replaces the catalogue's advice where the service knows better. */
  readonly fix?: string | undefined;
  /** Further fields of the body, such as the problems of an import. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** The only exception routes throw on purpose: fastify carries it to the error handler. */
export class ApiRefusal extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.code);
    this.name = 'ApiRefusal';
    this.refusal = refusal;
  }
}

export function refuse(code: ApiErrorCode, about: Omit<Refusal, 'code'> = {}): never {
  throw new ApiRefusal({ code, ...about });
}

/** The value of a result, or the refusal of its code; the detail becomes the advice. */
export function unwrap<T>(result: Result<T, ApiErrorCode>, field?: string): T {
  if (result.ok) return result.value;
  return refuse(result.code, { field, fix: result.detail });
}

/** For services whose codes differ from the API's: every code is named, so a new one does not compile until mapped. */
export function unwrapAs<T, Code extends string>(
  result: { readonly ok: true; readonly value: T } | Err<Code>,
  codes: Readonly<Record<Code, ApiErrorCode>>,
  field?: string,
): T {
  if (result.ok) return result.value;
  return refuse(codes[result.code], { field, fix: result.detail });
}

export function errorBody(refusal: Refusal, language: Language, requestId: string): ApiError {
  const text = CATALOGUES[language][API_ERRORS[refusal.code].key];
  return {
    code: refusal.code,
    message: text.message,
    ...(refusal.field === undefined ? {} : { field: refusal.field }),
    fix: refusal.fix ?? text.fix,
    requestId,
  };
}

// SPDX-License-Identifier: Apache-2.0
// Refusals of the API: thrown by routes as data, turned into the one error body in the caller's language (DESIGN 9.8).
import { API_ERRORS, type ApiError, type ApiErrorCode } from '@latchkey/protocols/api/errors';
import type { Result } from '@latchkey/protocols/result';
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

/** Services name the field at the head of their advice: `groups: there is no group x`. */
const FIELD_AND_FIX = /^([A-Za-z][\w.]*): (.+)$/s;

/** The value of a result, or the refusal of its code; the detail becomes field and advice. */
export function unwrap<T>(result: Result<T, ApiErrorCode>): T {
  if (result.ok) return result.value;
  const [, field, fix = result.detail] = FIELD_AND_FIX.exec(result.detail ?? '') ?? [];
  return refuse(result.code, { field, fix });
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

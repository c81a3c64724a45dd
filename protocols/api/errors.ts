// SPDX-License-Identifier: Apache-2.0
// The one table of the API's errors: code → HTTP status, log level, message key (DESIGN 9.8). Both catalogues of the gateway
// and its README are held to it by a test.
import { z } from 'zod';

export interface ApiErrorEntry {
  readonly status: number;
  /** What the gateway logs it as: people's mistakes are `info`, what an operator should look at `warn`, bugs `error`. */
  readonly level: 'info' | 'warn' | 'error';
  /** Key in the message catalogues. */
  readonly key: string;
}

const client = <Key extends string>(status: number, key: Key) => ({ status, level: 'info', key }) as const;

export const API_ERRORS = {
  'invalid-request': client(400, 'invalidRequest'),
  'malformed-body': client(400, 'malformedBody'),
  'invalid-cursor': client(400, 'invalidCursor'),
  'invalid-card-number': client(400, 'invalidCardNumber'),
  'ambiguous-card-number': client(400, 'ambiguousCardNumber'),
  unauthenticated: { status: 401, level: 'warn', key: 'unauthenticated' },
  'sign-in-refused': { status: 401, level: 'warn', key: 'signInRefused' },
  'two-identities': client(400, 'twoIdentities'),
  'cross-site': { status: 403, level: 'warn', key: 'crossSite' },
  forbidden: { status: 403, level: 'warn', key: 'forbidden' },
  'must-change-password': client(403, 'mustChangePassword'),
  'only-for-people': client(403, 'onlyForPeople'),
  'sign-in-again': client(403, 'signInAgain'),
  'code-refused': { status: 403, level: 'warn', key: 'codeRefused' },
  'route-not-found': client(404, 'routeNotFound'),
  'not-found': client(404, 'notFound'),
  conflict: client(409, 'conflict'),
  'already-exists': client(409, 'alreadyExists'),
  'in-use': client(409, 'inUse'),
  'wrong-state': client(409, 'wrongState'),
  'device-offline': client(409, 'deviceOffline'),
  'body-too-large': client(413, 'bodyTooLarge'),
  'unsupported-media-type': client(415, 'unsupportedMediaType'),
  'unknown-reference': client(422, 'unknownReference'),
  'import-refused': client(422, 'importRefused'),
  'not-allowed-here': client(422, 'notAllowedHere'),
  'too-many-attempts': { status: 429, level: 'warn', key: 'tooManyAttempts' },
  'too-many-streams': client(429, 'tooManyStreams'),
  busy: { status: 503, level: 'warn', key: 'busy' },
  internal: { status: 500, level: 'error', key: 'internal' },
  'not-ready': { status: 503, level: 'warn', key: 'notReady' },
} as const satisfies Readonly<Record<string, ApiErrorEntry>>;

export type ApiErrorCode = keyof typeof API_ERRORS;
export const API_ERROR_CODES = Object.keys(API_ERRORS) as ApiErrorCode[];

export const apiError = z
  .object({
    code: z
      .enum(API_ERROR_CODES as [ApiErrorCode, ...ApiErrorCode[]])
      .describe('stable; decide on this, not on message'),
    message: z.string().describe('for people, in the language asked for'),
    field: z.string().optional().describe('path of the field or parameter it is about'),
    fix: z.string().optional().describe('what to do about it'),
    requestId: z.string().describe('the same as in the x-request-id header and in the log'),
  })
  .meta({ id: 'Error' });
export type ApiError = z.infer<typeof apiError>;

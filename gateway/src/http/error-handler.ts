// SPDX-License-Identifier: Apache-2.0
// Turns whatever a request ran into, ours, fastify's or a bug, into the one error body. Bugs say nothing but their request id.
import { API_ERRORS, type ApiErrorCode } from '@latchkey/protocols/api/errors';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { ApiRefusal, errorBody, type Refusal } from './errors.ts';
import { chooseLanguage } from './language.ts';
import { adviceOf } from './validation-advice.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set when the answer is an error: the request log takes its level from the table. */
    refusedWith: ApiErrorCode | undefined;
  }
}

/** What fastify itself refuses, in our codes. */
const FASTIFY_CODES: Readonly<Record<string, ApiErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed-body',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed-body',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed-body',
  FST_ERR_BAD_URL: 'route-not-found',
};

export function installErrors(app: FastifyInstance): void {
  app.decorateRequest('refusedWith', undefined);
  app.setNotFoundHandler((request, reply) => answer(request, reply, { code: 'route-not-found' }));
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const refusal = refusalOf(error, request);
    if (refusal.code === 'internal') request.log.error({ err: error, ...routeOf(request) }, 'request failed');
    return answer(request, reply, refusal);
  });
}

const routeOf = (request: FastifyRequest) => ({ method: request.method, route: request.routeOptions.url });

function answer(request: FastifyRequest, reply: FastifyReply, refusal: Refusal) {
  request.refusedWith = refusal.code;
  const language = chooseLanguage(request.headers['accept-language']);
  return reply
    .code(API_ERRORS[refusal.code].status)
    .header('content-type', 'application/json; charset=utf-8')
    .header('content-language', language)
    .header('vary', 'accept-language')
    .serializer(JSON.stringify)
    .send({ ...errorBody(refusal, language, request.id), ...refusal.extra });
}

function refusalOf(error: FastifyError, request: FastifyRequest): Refusal {
  if (error instanceof ApiRefusal) return error.refusal;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const first = error.validation[0];
    const language = chooseLanguage(request.headers['accept-language']);
    if (first !== undefined) return { code: 'invalid-request', ...adviceOf(first, language) };
  }
  const code = FASTIFY_CODES[error.code];
  if (code !== undefined) return { code };
  return { code: (error.statusCode ?? 500) < 500 ? 'invalid-request' : 'internal' };
}

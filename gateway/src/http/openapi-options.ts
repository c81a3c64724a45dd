// SPDX-License-Identifier: Apache-2.0
// How routes and their schemas become the OpenAPI 3.1 document: how callers say who they are, one error answer everywhere.
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

const ERROR_ANSWER = {
  description: 'Refused or failed',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
};
const SIGNED =
  'Over the whole request, with latchkey-key, latchkey-timestamp and latchkey-nonce: gateway/README.md, Campus apps.';
const SESSION = 'With every change also the header x-latchkey-csrf of /v1/me, from a page of this origin.';
/** The schemas only answer: the second, request-side form that the generator makes of each is never referred to. */
const UNUSED_FORM = /Input$/;

export function openApiOptions(version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Latchkey gateway', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      components: {
        securitySchemes: {
          administrator: { type: 'http', scheme: 'bearer' },
          campusApp: { type: 'apiKey', in: 'header', name: 'latchkey-signature', description: SIGNED },
          session: { type: 'apiKey', in: 'cookie', name: '__Host-latchkey', description: SESSION },
        },
      },
      security: [{ administrator: [] }, { session: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withErrors(jsonSchemaTransformObject(document) as Described),
  };
}

interface Described {
  readonly components?: { readonly schemas?: Record<string, unknown> };
  readonly paths?: Record<string, Record<string, { responses?: Record<string, unknown> }>>;
}

function withErrors(document: Described): Described {
  const schemas = Object.entries(document.components?.schemas ?? {}).filter(([name]) => !UNUSED_FORM.test(name));
  for (const operations of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(operations)) {
      operation.responses = { ...operation.responses, default: ERROR_ANSWER };
    }
  }
  return { ...document, components: { ...document.components, schemas: Object.fromEntries(schemas) } };
}

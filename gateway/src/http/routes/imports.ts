// SPDX-License-Identifier: Apache-2.0
// CSV imports. The raw file is the body; a dry run shows the difference, an error names line and column and applies nothing.
import * as schema from '@latchkey/protocols/api/imports';
import { principalOf } from '../authenticate.ts';
import { refuse, unwrap } from '../errors.ts';
import type { Api } from '../server.ts';
import type { ApiServices } from '../services.ts';

/** A university of a million people at 60 bytes a line. */
const FILE_LIMIT_BYTES = 64 * 1024 * 1024;
const CONTENT_TYPES = ['text/csv', 'application/octet-stream'];

/** In a scope of its own: nowhere else is a CSV body understood. */
export async function registerImports(app: Api, services: ApiServices): Promise<void> {
  await app.register(async (inner) => {
    const scope = inner as unknown as Api;
    scope.addContentTypeParser(CONTENT_TYPES, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post(
      '/v1/imports/:kind',
      {
        bodyLimit: FILE_LIMIT_BYTES,
        schema: {
          tags: ['imports'],
          summary: 'Import a CSV file (UTF-8 or GBK)',
          consumes: ['text/csv'],
          params: schema.importParams,
          querystring: schema.importQuery,
          response: { 200: schema.importDifference, 422: schema.importRefusal },
        },
      },
      async (request) => {
        if (!(request.body instanceof Uint8Array)) return refuse('unsupported-media-type');
        const { dryRun, form } = request.query;
        const file = { kind: request.params.kind, csv: request.body, dryRun: dryRun === 'true', form };
        const outcome = unwrap(await services.import(file, principalOf(request).actor));
        if (outcome.ok) return outcome.difference;
        return refuse('import-refused', { extra: { problems: outcome.problems } });
      },
    );
  });
}

// SPDX-License-Identifier: Apache-2.0
// The OpenAPI document without a running gateway: what gateway/openapi.json is held to.
import { createLogger } from '../app/logger.ts';
import { createServer } from './server.ts';
import type { ApiServices } from './services.ts';

/** Routes are described, never called; a collection only has to show that it can be listed. */
const NO_SERVICES = new Proxy({}, { get: () => ({ list: async () => [] }) }) as ApiServices;

export async function openApiDocument(version: string): Promise<object> {
  const app = await createServer({
    services: NO_SERVICES,
    token: { accepts: () => false },
    logger: createLogger('silent'),
    version,
    monotonicMs: () => 0,
  });
  const document = app.swagger();
  await app.close();
  return document;
}

// SPDX-License-Identifier: Apache-2.0
// The gateway's HTTP server: HTTPS, a token or a session on every route that is not marked public, one error body, request
// ids, security headers, OpenAPI made from the same schemas that check requests (DESIGN 8).
import { randomBytes } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import cookie from '@fastify/cookie';
import swagger from '@fastify/swagger';
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { holdToRoles } from './access.ts';
import { createAttemptLimit, SIGN_IN_LIMIT } from './attempt-limit.ts';
import { authenticate } from './authenticate.ts';
import { type CampusApps, holdToCampusApps, NO_CAMPUS_APPS } from './campus-apps.ts';
import { installErrors } from './error-handler.ts';
import { openApiOptions } from './openapi-options.ts';
import { NOBODY, type PeopleSide } from './people-side.ts';
import { logRequests } from './request-log.ts';
import { registerAccount } from './routes/account.ts';
import { registerAccounts } from './routes/accounts.ts';
import { registerOidc } from './routes/oidc.ts';
import { registerSignIn } from './routes/sign-in.ts';
import { registerRoutes } from './routes.ts';
import type { ApiServices } from './services.ts';
import type { TokenCheck } from './token.ts';
import { serveWeb, type WebPages } from './web.ts';

/** An instance whose handlers are typed by their zod schemas. */
export type Api = ReturnType<typeof withZod>;

export interface ServerOptions {
  readonly services: ApiServices;
  readonly token: Pick<TokenCheck, 'accepts'>;
  /** Absent where nobody signs in: tests and the OpenAPI document. */
  readonly people?: PeopleSide;
  /** Absent where none is configured. */
  readonly campusApps?: CampusApps;
  /** Whose word about the caller's address is taken; addresses or networks. */
  readonly trustedProxies?: readonly string[];
  /** Absent where none were built. */
  readonly web?: WebPages;
  readonly logger: FastifyBaseLogger;
  readonly version: string;
  /** Milliseconds that only grow, for limits and durations. */
  readonly monotonicMs: () => number;
  readonly observeMs?: (ms: number) => void;
  /** Absent only where nothing listens: tests and the OpenAPI document. */
  readonly tls?: Pick<SecureContextOptions, 'key' | 'cert' | 'minVersion'>;
}

/** JSON bodies here are small; imports set their own limit. */
const BODY_LIMIT_BYTES = 64 * 1024;
const REQUEST_TIMEOUT_MS = 60_000;

/** Only where it can hold: browsers would take it from localhost for every program on the machine. */
const STRICT_TRANSPORT = { 'strict-transport-security': 'max-age=31536000' };

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** Ready to inject into or to listen; nothing listens yet. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    requestIdHeader: false,
    trustProxy: options.trustedProxies === undefined ? false : [...options.trustedProxies],
    genReqId: () => randomBytes(8).toString('hex'),
    routerOptions: { maxParamLength: 128 },
    ...(options.tls === undefined ? {} : { https: options.tls }),
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.addHook('onRequest', async (request, reply) => {
    const strict = request.protocol === 'https' && request.hostname !== 'localhost' ? STRICT_TRANSPORT : {};
    reply.headers({ ...HEADERS, ...strict, 'x-request-id': request.id });
  });
  logRequests(app, options);
  await app.register(cookie);
  const { token, monotonicMs: nowMs, people = NOBODY, campusApps = NO_CAMPUS_APPS } = options;
  authenticate(app, { token, limit: createAttemptLimit(SIGN_IN_LIMIT), nowMs, people });
  holdToCampusApps(app, campusApps, nowMs);
  holdToRoles(app);
  installErrors(app);
  await app.register(swagger, openApiOptions(options.version));
  await app.register(async (scope) => {
    await registerRoutes(withZod(scope), options.services, options.monotonicMs);
    registerPeopleSide(withZod(scope), people);
  });
  await serveWeb(app, options.web);
  await app.ready();
  return app;
}

function registerPeopleSide(app: Api, people: PeopleSide): void {
  registerSignIn(app, people);
  registerOidc(app, people);
  registerAccount(app, people);
  registerAccounts(app, people);
}

const withZod = (app: FastifyInstance) => app.withTypeProvider<ZodTypeProvider>();

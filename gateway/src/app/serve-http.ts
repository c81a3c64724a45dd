// SPDX-License-Identifier: Apache-2.0
// The gateway towards callers: HTTPS, plain HTTP on loopback where configured, and signing in as the configuration wants it.
import { readFile } from 'node:fs/promises';
import { createServer as createPlain, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import type { Server as TlsServer } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { ServerIdentity } from '../adapters/ca.ts';
import type { Origins } from '../http/origins.ts';
import type { PeopleSide } from '../http/people-side.ts';
import { createServer } from '../http/server.ts';
import type { ApiServices } from '../http/services.ts';
import { findWebPages } from '../http/web.ts';
import { openCampusApps } from './campus-apps.ts';
import type { CloseStack } from './close-stack.ts';
import type { GatewayConfig } from './config.ts';
import { isLoopback, type OidcConfiguration } from './config-web.ts';
import type { Foundation } from './foundation.ts';
import { listening } from './listen-errors.ts';
import { type OidcConfig, openSignIn, type SignIn } from './sign-in/open-sign-in.ts';
import { StartRefused } from './start-refused.ts';
import { VERSION } from './version.ts';

/** Ports as they are once the gateway listens. */
export interface Listening {
  readonly httpsPort: number;
  readonly httpPort: number | undefined;
}

export interface PeopleOnHttp extends PeopleSide, Pick<SignIn, 'hashInitial' | 'close'> {
  /** From then on the origins are known. */
  listens(on: Listening): void;
}

export interface ServeOptions {
  readonly config: GatewayConfig;
  readonly foundation: Foundation;
  readonly services: ApiServices;
  readonly people: PeopleOnHttp;
  readonly logger: Logger;
  readonly stack: CloseStack;
  readonly observeMs: (ms: number) => void;
}

const HOUR_MS = 60 * 60_000;
/** A password takes a whole core for a third of a second: lists and doors keep the other ones. */
const MOST_HASH_LANES = 4;

/** Of every handshake, the first ones and those after a renewal. */
const secured = (identity: ServerIdentity) => ({ ...identity, minVersion: 'TLSv1.2' }) as const;

const inUrl = (host: string) => (host.includes(':') ? `[${host}]` : host);
const portOf = (server: Pick<Server, 'address'>): number => (server.address() as AddressInfo).port;

/** A configured origin is the only one. Without, every name of the gateway is one, and loopback in plain HTTP; that comes first
 * on a trial, where the name is loopback as well and its certificate nobody's. */
export function originsOf({ names, web }: GatewayConfig, { httpsPort, httpPort }: Listening): Origins {
  if (web.origin !== undefined) return { primary: web.origin, all: [web.origin] };
  const loopback = ['localhost', '127.0.0.1', '[::1]'];
  const plain = httpPort === undefined ? [] : loopback.map((host) => `http://${host}:${httpPort}`);
  const secure = names.map((name) => `https://${inUrl(name)}:${httpsPort}`);
  // As browsers write them: without the usual ports.
  const both = isLoopback(names[0] ?? '') ? [...plain, ...secure] : [...secure, ...plain];
  const all = both.map((origin) => new URL(origin).origin);
  return { primary: all[0] ?? 'https://localhost', all };
}

export async function openPeopleSide(
  config: GatewayConfig,
  { database, keystore }: Foundation,
  log: Logger,
): Promise<PeopleOnHttp> {
  const { signIn, oidc } = config;
  let origins = originsOf(config, { httpsPort: config.https.port, httpPort: config.web.http?.port });
  const student = { absoluteMs: signIn.studentHours * HOUR_MS, idleMs: signIn.studentHours * HOUR_MS };
  const staff = { absoluteMs: signIn.staffHours * HOUR_MS, idleMs: signIn.staffIdleHours * HOUR_MS };
  const opened = await openSignIn({
    database,
    keystore,
    nowMs: Date.now,
    monotonicMs: () => performance.now(),
    lifetimes: { student, staff },
    passwords: signIn.passwords,
    oidc: oidc === undefined ? undefined : await withSecret(oidc),
    origins: () => origins,
    log,
    hashLanes: Math.min(MOST_HASH_LANES, Math.max(1, availableParallelism() - 1)),
  });
  return {
    ...opened,
    origins: () => origins,
    listens: (on) => {
      origins = originsOf(config, on);
    },
  };
}

async function withSecret({ clientSecretFile, scopes, ...oidc }: OidcConfiguration): Promise<OidcConfig> {
  const shared = { ...oidc, scopes: scopes.join(' ') };
  if (clientSecretFile === undefined) return { ...shared, clientSecret: undefined };
  const text = await readFile(clientSecretFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new StartRefused(
      `oidc.clientSecretFile: ${clientSecretFile} cannot be read (${error.code ?? 'unknown'})`,
      'name a file that holds the client secret and nothing else',
    );
  });
  const clientSecret = text.trim();
  if (clientSecret !== '') return { ...shared, clientSecret };
  throw new StartRefused(`oidc.clientSecretFile: ${clientSecretFile} is empty`, 'put the client secret into it');
}

export interface Served {
  readonly url: string;
  readonly httpUrl: string | undefined;
  renewServer(identity: ServerIdentity): void;
}

export async function serveHttp({
  config,
  foundation,
  services,
  people,
  logger,
  stack,
  observeMs,
}: ServeOptions): Promise<Served> {
  const { https, web } = config;
  const { authority, token } = foundation;
  const pages = findWebPages(import.meta.url);
  if (pages === undefined) logger.warn({ fix: 'npm run build' }, 'no web pages: they are not built');
  const app = await createServer({
    services,
    token,
    people,
    campusApps: await openCampusApps(config.campusApps, Date.now),
    trustedProxies: web.trustedProxies,
    logger,
    version: VERSION,
    monotonicMs: () => performance.now(),
    observeMs,
    tls: secured(authority.server),
    ...(pages === undefined ? {} : { web: pages }),
  });
  stack.add('http', () => app.close());
  await listening('https', `${https.host}:${https.port}`, () => app.listen({ host: https.host, port: https.port }));
  const plain = web.http === undefined ? undefined : await servePlain(app, web.http, stack);
  const httpsPort = portOf(app.server);
  const httpPort = plain === undefined ? undefined : portOf(plain);
  people.listens({ httpsPort, httpPort });
  if (web.http !== undefined && web.origin !== undefined && web.trustedProxies.length === 0)
    logger.warn('web.trustedProxies is empty: behind a proxy all people count as one address');
  return {
    url: `https://${inUrl(config.names[0] ?? 'localhost')}:${httpsPort}`,
    httpUrl: httpPort === undefined ? undefined : `http://localhost:${httpPort}`,
    renewServer: (identity) => (app.server as unknown as TlsServer).setSecureContext(secured(identity)),
  };
}

/** The same routes without TLS; the configuration lets loopback through only. */
async function servePlain(
  app: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
  stack: CloseStack,
): Promise<Server> {
  const server = createPlain((request, response) => app.routing(request, response));
  await listening(
    'web.http',
    `${host}:${port}`,
    () =>
      new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port }, resolve);
      }),
  );
  stack.add('plain http', async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  });
  return server;
}

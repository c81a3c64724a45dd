// SPDX-License-Identifier: Apache-2.0
// Starts the whole gateway in order and hands back how to reach and to close it. What fails on the way closes what was opened.
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { ApiServices } from '../http/services.ts';
import { composeServices } from './api/compose.ts';
import { createEventBell, type EventBell } from './api/event-wake.ts';
import { createExplainer } from './api/explain.ts';
import { createExplainSources } from './api/explain-sources.ts';
import { type CloseStack, createCloseStack } from './close-stack.ts';
import type { GatewayConfig } from './config.ts';
import { type DeviceSide, startDeviceSide } from './device-side.ts';
import { type Foundation, openFoundation } from './foundation.ts';
import { createGatewayMetrics } from './gateway-metrics.ts';
import { listening } from './listen-errors.ts';
import { composeLocks } from './locks/compose.ts';
import { reasonOf } from './log.ts';
import { createLogger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { openResolvers } from './open-resolvers.ts';
import { createCertificates } from './own/certificates.ts';
import { composeOwn } from './own/compose.ts';
import { startPublishing } from './publishing.ts';
import { createImports } from './registry/imports.ts';
import { keepServerCertificate } from './renew-server.ts';
import type { Resolvers } from './resolvers.ts';
import { openPeopleSide, type PeopleOnHttp, serveHttp } from './serve-http.ts';
import { VERSION } from './version.ts';

export { StartRefused } from './start-refused.ts';

export interface RunningGateway {
  /** Address of the HTTP API. */
  readonly url: string;
  /** The same in plain HTTP, for browsers on this machine; where configured. */
  readonly httpUrl: string | undefined;
  readonly mqttUrl: string;
  readonly adminTokenFile: string;
  readonly caFile: string;
  close(): Promise<void>;
}

/** Rejects with StartRefused where a person can do something about it. */
export async function startGateway(
  config: GatewayConfig,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<RunningGateway> {
  const logger = createLogger(config.logLevel);
  const stack = createCloseStack((part, error) => logger.error({ part, reason: reasonOf(error) }, 'not closed well'));
  try {
    return await start(config, environment, logger, stack);
  } catch (error) {
    await stack.close();
    throw error;
  }
}

async function start(
  config: GatewayConfig,
  environment: Readonly<Record<string, string | undefined>>,
  logger: Logger,
  stack: CloseStack,
): Promise<RunningGateway> {
  const foundation = await openFoundation({ config, environment, logger, stack });
  const bell = createEventBell();
  const metrics = createGatewayMetrics(foundation.database);
  stack.add('metrics', () => metrics.all.close());
  const resolvers = await openResolvers(config.resolvers, metrics.all, logger);
  stack.add('resolvers', () => resolvers.close());
  const devices = await startDevices(config, foundation, logger, resolvers, (count) => {
    metrics.events.add(count);
    bell.ring();
  });
  stack.add('controllers', () => devices.close());
  metrics.watch(devices);
  const { timeZone } = config;
  startPublishing({ foundation, timeZone, logger, stack, onPublished: (place) => devices.published(place) });
  const state = { ready: false };
  stack.add('readiness', () => void (state.ready = false));
  const people = await openPeopleSide(config, foundation, logger);
  stack.add('sign-in', () => people.close());
  const { hashInitial } = people;
  const ready = () => state.ready;
  const services = servicesOf(config, foundation, devices, { bell, metrics: metrics.all, ready, hashInitial });
  const { observeMs } = metrics.requests;
  const served = await serveHttp({ config, foundation, services, people, logger, stack, observeMs });
  const uses = [served.renewServer, devices.renewServer];
  keepServerCertificate({ authority: foundation.authority, uses, stack, log: logger });
  const { url, httpUrl } = served;
  state.ready = true;
  logger.info({ version: VERSION, https: url, http: httpUrl, mqtt: devices.mqttUrl }, 'gateway is up');
  return {
    url,
    httpUrl,
    mqttUrl: devices.mqttUrl,
    adminTokenFile: foundation.token.tokenFile,
    caFile: join(config.dataDir, 'ca', 'ca.pem'),
    async close() {
      await stack.close();
      logger.info('gateway is closed');
    },
  };
}

const nameOf = ({ names }: GatewayConfig): string => names[0] ?? 'localhost';

function startDevices(
  config: GatewayConfig,
  { database, keystore, registry, authority }: Foundation,
  log: Logger,
  resolvers: Resolvers,
  onEvents: (count: number) => void,
): Promise<DeviceSide> {
  const { site, timeZone, mqtt } = config;
  const options = {
    database,
    keystore,
    registry,
    authority,
    site,
    timeZone,
    mqtt,
    hostName: nameOf(config),
    resolvers,
  };
  return listening('mqtt', `${mqtt.host}:${mqtt.port}`, () => startDeviceSide({ ...options, log, onEvents }));
}

interface Extras {
  readonly bell: EventBell;
  readonly metrics: Metrics;
  readonly ready: () => boolean;
  readonly hashInitial: PeopleOnHttp['hashInitial'];
}

function servicesOf(
  config: GatewayConfig,
  { database, keystore, registry }: Foundation,
  devices: DeviceSide,
  { bell, metrics, ready, hashInitial }: Extras,
): ApiServices {
  const { context, campusKey } = registry;
  const { campusId, epoch } = keystore.root.document;
  const { lists: shelf, prfs } = devices;
  return composeServices({
    context,
    isOnline: devices.isOnline,
    enrolment: devices.enrolment,
    commands: devices.commands,
    confirm: devices.confirmDeny,
    explain: createExplainer({
      db: database.db,
      nowMs: context.now,
      campusPrf: () => campusKey.prf,
      ...createExplainSources({ db: database.db, epoch, shelf, prfs }),
    }),
    imports: createImports(context, hashInitial),
    own: composeOwn({
      context,
      campusId,
      phonesPerPerson: config.phonesPerPerson,
      cardFoundWithinHours: config.cardFoundWithinHours,
      confirm: devices.confirmDeny,
      certificates: createCertificates({
        database,
        epoch,
        timeZone: config.timeZone,
        nowMs: context.now,
        campusId,
        key: keystore.key('code'),
      }),
    }),
    ...composeLocks({ database, keystore, context, devices, timeZone: config.timeZone }),
    wake: bell,
    metrics,
    ready,
  });
}

// SPDX-License-Identifier: Apache-2.0
// The gateway's side that controllers see: broker, sessions, ingest, lists, denies, beats, commands, answers and time, put
// together over a database, keys and an authority.
import { randomBytes } from 'node:crypto';
import type { DeviceId, SiteId } from '@latchkey/protocols/ids';
import { deviceId } from '@latchkey/protocols/ids';
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { DownKind } from '@latchkey/protocols/mqtt/topics';
import { type Broker, startBroker } from '../adapters/broker.ts';
import type { CertificateAuthority, ServerIdentity } from '../adapters/ca.ts';
import type { LimitOptions } from '../adapters/connection-limits.ts';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import type { Keystore } from '../adapters/keystore.ts';
import { createAnswers } from './answers.ts';
import { createBeats } from './beats.ts';
import { type Commands, createCommands } from './commands.ts';
import { createDenies } from './denies.ts';
import { createDeviceHealth } from './device-health.ts';
import { createDeviceMessages } from './device-messages.ts';
import { createDeviceSessions, type DenyConfirmation, type DenyMark } from './device-sessions.ts';
import { createDistribution } from './distribution.ts';
import { createEnrolment, type Enrolment } from './enrolment.ts';
import { createFreshnessStatements } from './freshness-statements.ts';
import { createGroupCommit } from './group-commit.ts';
import { createIngest } from './ingest.ts';
import { createJudge } from './judge-question.ts';
import { createListShelf, type ListShelf } from './list-shelf.ts';
import type { ListPlace } from './list-store.ts';
import { createLockNetwork, type LockNetwork } from './locks/lock-network.ts';
import { createLockKeys, createLockStore } from './locks/lock-store.ts';
import { createRecordHolders } from './locks/record-holders.ts';
import { type Log, reasonOf } from './log.ts';
import { createPortalReports } from './portal-reports.ts';
import { createPrfDelivery, type PrfDelivery } from './prf-delivery.ts';
import { markPaired } from './registry/locks.ts';
import type { Registry } from './registry/open-registry.ts';
import type { Resolvers } from './resolvers.ts';
import { createRetractions } from './retractions.ts';
import { answerTime } from './time.ts';
import { createTransfers } from './transfers.ts';

export interface DeviceSideOptions {
  readonly database: GatewayDatabase;
  readonly keystore: Keystore;
  readonly registry: Registry;
  readonly authority: CertificateAuthority;
  readonly site: SiteId;
  readonly timeZone: string;
  /** Port 0: any free one. */
  readonly mqtt: { readonly host: string; readonly port: number };
  /** What controllers call the gateway by: one of the names in its certificate. */
  readonly hostName: string;
  readonly log: Log;
  /** Events were committed. */
  readonly onEvents: (count: number) => void;
  /** Of other apps' codes; absent: none is known. */
  readonly resolvers?: Pick<Resolvers, 'resolve'>;
  readonly nowMs?: () => number;
  readonly limits?: LimitOptions;
}

export interface DeviceSide {
  readonly mqttPort: number;
  readonly mqttUrl: string;
  readonly enrolment: Enrolment;
  readonly commands: Commands;
  readonly locks: Pick<LockNetwork, 'serverOf'>;
  readonly lists: ListShelf;
  readonly prfs: PrfDelivery;
  /** For the publisher's `onPublished`. */
  published(place: ListPlace): void;
  isOnline(device: string): boolean;
  /** Connections, and those of them that have said hello. */
  counts(): { readonly connected: number; readonly sessions: number };
  /** Waits for the sessions of now to report that this place in the deny chain is in force. */
  confirmDeny(deny: DenyMark, waitMs: number): Promise<DenyConfirmation>;
  /** To every controller, as it is: measurements. */
  broadcast(payload: Uint8Array): void;
  renewServer(identity: ServerIdentity): void;
  close(): Promise<void>;
}

export async function startDeviceSide(options: DeviceSideOptions): Promise<DeviceSide> {
  const { database, keystore, registry, log, nowMs = Date.now } = options;
  const { campusId, epoch } = keystore.root.document;
  const monotonicMs = () => performance.now();
  const denyKey = keystore.key('deny');
  const commandKey = keystore.key('command');
  const wire = createWire();
  const sender = (kind: DownKind) => (device: DeviceId, payload: Uint8Array) => wire.send(device, kind, payload);
  const sendList = sender('list');

  const sessions = createDeviceSessions(monotonicMs);
  const { batch } = createGroupCommit(database);
  const reports = createPortalReports({ batch }, nowMs);
  const ingest = createIngest({
    database: { db: database.db, batch },
    reports,
    holders: createRecordHolders({ database, sealer: keystore, nowMs }),
    nowMs,
    acknowledge: (device, payload) => void wire.send(device, 'ack', payload),
    onCommitted: options.onEvents,
    log,
  });
  const denies = createDenies({
    database,
    key: denyKey,
    campusId,
    epoch,
    nowMs,
    broadcast: wire.broadcast,
    send: (device, frame) => sendList(device, encodeEnvelope({ kind: 'deny' }, frame)),
    log,
  });
  const lists = createListShelf({ db: database.reader, keyring: keystore.root.keyring });
  const prfs = createPrfDelivery(database.db, keystore);
  const distribution = createDistribution({
    database,
    shelf: lists,
    sessions,
    denies,
    prfs,
    campusKeyId: registry.campusKey.id,
    epoch,
    freshness: createFreshnessStatements({ key: denyKey, campusId, nowMs }),
    retractions: createRetractions({ key: keystore.key('list'), campusId, epoch, nowMs }),
    rootVersion: keystore.root.document.version,
    transfers: createTransfers({ send: sendList, log }),
    rootsAfter: (version) => keystore.rootsAfter(version).map(({ frame }) => frame),
    send: sendList,
    nowMs,
    monotonicMs,
    log,
  });
  const commands = createCommands({
    database,
    key: commandKey,
    sessions,
    reports,
    send: sender('cmd'),
    nowMs,
    randomBytes,
    log,
  });
  const locks = createLockNetwork({
    store: createLockStore({ db: database.db, batch }),
    keys: createLockKeys(database, keystore, randomBytes, () => registry.campusKey.id),
    key: commandKey,
    sessions,
    paired: (device, outcome) => markPaired(registry.context, device, outcome),
    send: sendList,
    nowMs,
    log,
  });
  const { timeZone } = options;
  const answers = createAnswers({
    judge: createJudge({
      database,
      campusPrf: registry.campusKey.prf,
      resolvers: options.resolvers ?? NO_RESOLVERS,
      epoch,
      timeZone,
      nowMs,
    }),
    key: commandKey,
    sessions,
    send: sender('answer'),
    nowMs,
    monotonicMs,
    log,
  });
  const timeOptions = { key: denyKey, nowMs, send: sender('time') };
  const messages = createDeviceMessages({
    sessions,
    ingest,
    reports,
    health: createDeviceHealth({ database: { batch }, quarantined: ingest.quarantined, nowMs }),
    distribution,
    commands,
    locks,
    answers,
    async renew(device, asked) {
      const renewed = await enrolment.renew(device, asked);
      if (!renewed.ok) log.warn({ device, reason: renewed.code }, 'certificate not renewed');
      const told = renewed.ok ? { certificate: renewed.value } : { code: renewed.code };
      await wire.send(device, 'certificate', encodeEnvelope({ id: asked.id, ...told }));
    },
    time: (device, request, t1) => answerTime(timeOptions, device, request, t1),
    nowMs,
    log,
  });
  const enrolment = createEnrolment({
    database,
    authority: options.authority,
    site: options.site,
    campusId,
    mqttUrl: () => mqttUrl(),
    root: () => keystore.root.frame,
    nowMs,
    randomBytes,
    onCutOff: (device) => wire.broker?.disconnect(device),
  });
  const beats = createBeats({
    database,
    key: denyKey,
    campusId,
    epoch,
    nowMs,
    denies: denies.position,
    broadcast: wire.broadcast,
    log,
  });

  const unsubscribe = registry.subscribe(({ deny, places }) => {
    if (deny) void denies.push(deny);
    if (!places) return;
    void distribution.replan().catch((error: unknown) => log.error({ reason: reasonOf(error) }, 'replan failed'));
    void locks.changed();
  });
  await denies.load();
  await commands.start();
  await distribution.start();
  await locks.start();
  const broker = await startBroker({
    ...options.mqtt,
    site: options.site,
    identity: options.authority.server,
    authority: options.authority.certificate,
    monotonicMs,
    log: (message, fields) => log.info(fields, message),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    handlers: {
      admit: enrolment.admit,
      connected: messages.connected,
      disconnected: messages.disconnected,
      message: messages.take,
    },
  });
  wire.broker = broker;
  const mqttUrl = () => `mqtts://${hostInUrl(options.hostName)}:${broker.port}`;
  await beats.start();

  return {
    mqttPort: broker.port,
    mqttUrl: mqttUrl(),
    enrolment,
    commands,
    locks,
    lists,
    prfs,
    published(place) {
      distribution
        .published(place)
        .catch((error: unknown) => log.error({ reason: reasonOf(error) }, 'list not offered'));
    },
    isOnline(device) {
      const id = deviceId.safeParse(device);
      return id.success && broker.isConnected(id.data);
    },
    counts: () => ({ connected: broker.connections(), sessions: sessions.online().length }),
    confirmDeny: sessions.awaitDeny,
    renewServer: (identity) => broker.renewServer(identity),
    broadcast: wire.broadcast,
    async close() {
      unsubscribe();
      beats.close();
      distribution.close();
      locks.close();
      commands.close();
      await broker.close();
      sessions.close();
    },
  };
}

const NO_RESOLVERS: Pick<Resolvers, 'resolve'> = { resolve: async () => ({ outcome: 'unowned' }) };

interface Wire {
  broker: Broker | undefined;
  send(device: DeviceId, kind: DownKind, payload: Uint8Array): Promise<boolean>;
  readonly broadcast: (payload: Uint8Array) => void;
}

/** The parts are made before the broker that calls them; until it listens nobody is there to be sent anything. */
function createWire(): Wire {
  const wire: Wire = {
    broker: undefined,
    send: (device, kind, payload) => wire.broker?.send(device, kind, payload) ?? Promise.resolve(false),
    broadcast: (payload) => wire.broker?.broadcast(payload),
  };
  return wire;
}

const hostInUrl = (name: string): string => (name.includes(':') ? `[${name}]` : name);

// SPDX-License-Identifier: Apache-2.0
// A gateway's device side in this process and a swarm of certified controllers in another.
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CertificateAuthority, openAuthority } from '@latchkey/gateway/adapters/ca';
import { type GatewayDatabase, openDatabase } from '@latchkey/gateway/adapters/database/open-database';
import { ceremonyForDemo } from '@latchkey/gateway/adapters/demo-ceremony';
import { makeRequest } from '@latchkey/gateway/adapters/device.test-support';
import { type Keystore, openKeystore } from '@latchkey/gateway/adapters/keystore';
import { composeServices } from '@latchkey/gateway/app/api/compose';
import { createEventBell } from '@latchkey/gateway/app/api/event-wake';
import { type ApiClient, createApiClient } from '@latchkey/gateway/app/commands/api-client';
import { type DeviceSide, startDeviceSide } from '@latchkey/gateway/app/device-side';
import { composeLocks } from '@latchkey/gateway/app/locks/compose';
import { SILENT } from '@latchkey/gateway/app/log';
import { createLogger } from '@latchkey/gateway/app/logger';
import { createMetrics } from '@latchkey/gateway/app/metrics';
import { composeOwn } from '@latchkey/gateway/app/own/compose';
import { createImports } from '@latchkey/gateway/app/registry/imports';
import { openRegistry, type Registry } from '@latchkey/gateway/app/registry/open-registry';
import { createServer } from '@latchkey/gateway/http/server';
import { openAdminToken } from '@latchkey/gateway/http/token';
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { deviceId, siteId } from '@latchkey/protocols/ids';
import { err } from '@latchkey/protocols/result';
import type { SwarmOrder, SwarmReport } from './swarm-messages.ts';

export interface SwarmBench {
  readonly directory: string;
  readonly database: GatewayDatabase;
  readonly keystore: Keystore;
  readonly registry: Registry;
  readonly side: DeviceSide;
  /** The HTTP API over TLS, with the administrator's token. */
  readonly api: ApiClient;
  /** Resolves with the swarm's next report of this kind. */
  order<Kind extends SwarmReport['kind']>(
    order: SwarmOrder,
    answer: Kind,
  ): Promise<Extract<SwarmReport, { kind: Kind }>>;
  next<Kind extends SwarmReport['kind']>(answer: Kind): Promise<Extract<SwarmReport, { kind: Kind }>>;
  close(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('./swarm.ts', import.meta.url));
const SITE = siteId.parse('campus');
const MANY = { pendingInAll: 10_000, pendingAnAddress: 10_000, connectionsADevice: 100, windowMs: 60_000 };

export async function openSwarmBench(controllers: number): Promise<SwarmBench> {
  const directory = await mkdtemp(join(process.env['LATCHKEY_BENCH_DIR'] ?? tmpdir(), 'latchkey-swarm-'));
  await ceremonyForDemo(directory, { nowMs: Date.now() });
  const keys = await openKeystore({ dataDir: directory, passphrase: undefined });
  if (!keys.ok) throw new Error(keys.code);
  const keystore = keys.value;
  const database = await openDatabase({ path: join(directory, 'gateway.db') });
  const registry = await openRegistry({ database, keystore, now: Date.now, timeZone: 'Asia/Shanghai' });
  const authority = await openAuthority({ directory: join(directory, 'ca'), names: [], nowMs: Date.now, randomBytes });
  const side = await startDeviceSide({
    database,
    keystore,
    registry,
    authority,
    site: SITE,
    timeZone: 'Asia/Shanghai',
    mqtt: { host: '127.0.0.1', port: 0 },
    hostName: 'localhost',
    log: SILENT,
    onEvents: () => undefined,
    limits: MANY,
  });
  const { devices, key } = await certifyAll(database, authority, controllers);
  const child = fork(PROGRAM, { execArgv: ['--import', 'tsx', '--conditions=latchkey-source'] });
  const http = await serveApi({ directory, database, keystore, registry, side }, authority);
  const bench = benchOf({ directory, database, keystore, registry, side, api: http.api }, child, http.close);
  const root = toBase64url(keystore.root.frame);
  const connect = {
    kind: 'connect',
    port: side.mqttPort,
    site: SITE,
    ca: authority.certificate,
    key,
    devices,
    root,
  } as const;
  await bench.order(connect, 'connected');
  return bench;
}

/** The server that the gateway starts, without the parts that no measurement calls. */
async function serveApi(
  { directory, database, keystore, registry: { context }, side }: Omit<Parts, 'api'>,
  authority: CertificateAuthority,
): Promise<{ api: ApiClient; close(): Promise<void> }> {
  const token = await openAdminToken(directory);
  const services = composeServices({
    context,
    isOnline: side.isOnline,
    enrolment: side.enrolment,
    commands: side.commands,
    confirm: side.confirmDeny,
    explain: async () => err('not-ready'),
    imports: createImports(context),
    own: composeOwn({
      context,
      campusId: '0'.repeat(16),
      phonesPerPerson: 2,
      cardFoundWithinHours: 0,
      confirm: side.confirmDeny,
      certificates: async () => [],
    }),
    ...composeLocks({ database, keystore, context, devices: side, timeZone: 'Asia/Shanghai' }),
    wake: createEventBell(),
    metrics: createMetrics(),
    ready: () => true,
  });
  const logger = createLogger('silent');
  const monotonicMs = () => performance.now();
  const app = await createServer({ services, token, logger, version: 'bench', monotonicMs, tls: authority.server });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const api = createApiClient({
    url: new URL(`https://localhost:${(app.server.address() as AddressInfo).port}`),
    ca: authority.certificate,
    token: readFileSync(token.tokenFile, 'utf8').trim(),
    language: 'en',
  });
  const close = async () => {
    api.close();
    await app.close();
  };
  return { api, close };
}

type Parts = Pick<SwarmBench, 'directory' | 'database' | 'keystore' | 'registry' | 'side' | 'api'>;

function benchOf(parts: Parts, child: ChildProcess, closeApi: () => Promise<void>): SwarmBench {
  const waiting = new Map<string, { resolve: (report: SwarmReport) => void; reject: (error: Error) => void }>();
  child.on('message', (report: SwarmReport) => {
    waiting.get(report.kind)?.resolve(report);
    waiting.delete(report.kind);
  });
  child.once('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the swarm ended with ${code}`));
  });
  const next: SwarmBench['next'] = (kind) =>
    new Promise((resolve, reject) => waiting.set(kind, { resolve: (report) => resolve(report as never), reject }));
  return {
    ...parts,
    next,
    order(order, answer) {
      const answered = next(answer);
      child.send(order);
      return answered;
    },
    async close() {
      child.kill();
      await closeApi();
      await parts.side.close();
      await parts.database.close();
      await rm(parts.directory, { recursive: true, force: true });
    },
  };
}

/** As enrolment leaves them, without a thousand codes. One key for all: only the names differ. */
async function certifyAll(
  database: GatewayDatabase,
  authority: CertificateAuthority,
  controllers: number,
): Promise<{ devices: { id: string; certificate: string }[]; key: string }> {
  const { csr, key } = await makeRequest();
  const devices: { id: string; certificate: string; serial: string }[] = [];
  for (let index = 1; index <= controllers; index += 1) {
    const id = deviceId.parse(`gate-${index}`);
    const issued = await authority.issue(csr, id);
    if (!issued.ok) throw new Error(issued.detail);
    devices.push({ id, certificate: issued.value.certificate, serial: issued.value.serial });
  }
  const sql = `insert into device (id, name, state, certificate_serial) values (?, ?, 'enrolled', ?)`;
  await database.batch([{ sql, rows: devices.map(({ id, serial }) => [id, id, serial]) }]);
  return { devices: devices.map(({ id, certificate }) => ({ id, certificate })), key };
}

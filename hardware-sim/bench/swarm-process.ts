// SPDX-License-Identifier: Apache-2.0
// A gateway's device side in this process and a swarm of certified controllers in another.
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openAuthority } from '@latchkey/gateway/adapters/ca';
import { type GatewayDatabase, openDatabase } from '@latchkey/gateway/adapters/database/open-database';
import { ceremonyForDemo } from '@latchkey/gateway/adapters/demo-ceremony';
import { makeRequest } from '@latchkey/gateway/adapters/device.test-support';
import { type Keystore, openKeystore } from '@latchkey/gateway/adapters/keystore';
import { type DeviceSide, startDeviceSide } from '@latchkey/gateway/app/device-side';
import { SILENT } from '@latchkey/gateway/app/log';
import { openRegistry, type Registry } from '@latchkey/gateway/app/registry/open-registry';
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { deviceId, siteId } from '@latchkey/protocols/ids';
import type { SwarmOrder, SwarmReport } from './swarm-messages.ts';

export interface SwarmBench {
  readonly directory: string;
  readonly database: GatewayDatabase;
  readonly keystore: Keystore;
  readonly registry: Registry;
  readonly side: DeviceSide;
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
  const bench = benchOf({ directory, database, keystore, registry, side }, child);
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

type Parts = Pick<SwarmBench, 'directory' | 'database' | 'keystore' | 'registry' | 'side'>;

function benchOf(parts: Parts, child: ChildProcess): SwarmBench {
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
      await parts.side.close();
      await parts.database.close();
      await rm(parts.directory, { recursive: true, force: true });
    },
  };
}

/** As enrolment leaves them, without a thousand codes. One key for all: only the names differ. */
async function certifyAll(
  database: GatewayDatabase,
  authority: Awaited<ReturnType<typeof openAuthority>>,
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

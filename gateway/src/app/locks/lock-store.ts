// SPDX-License-Identifier: Apache-2.0
// Locks in use as the network needs them, their secrets, and reports as rows.
import { KeyObject } from 'node:crypto';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { type DeviceId, deviceId, type PortalId } from '@latchkey/protocols/ids';
import { type LockKeyOrder, wrapKey } from '@latchkey/protocols/lock/key-wrap';
import { keyPair } from '@latchkey/protocols/lock/noise';
import type { LockReport } from '@latchkey/protocols/mqtt/lock-messages';
import type { JWK } from 'jose';
import type { Bindable } from '../../adapters/database/database-messages.ts';
import type { GatewayDatabase } from '../../adapters/database/open-database.ts';
import type { LockRow } from '../../adapters/database/schema-locks.ts';
import { type Keystore, wrapPrfKey } from '../../adapters/keystore.ts';
import { readPrfKey } from '../registry/prf-keys.ts';

export interface KnownLock {
  readonly id: string;
  readonly portal: PortalId;
  readonly scope: number;
  readonly prfKeyId: number;
  /** Absent until it is paired. */
  readonly key: string | undefined;
  readonly corridors: readonly DeviceId[];
  /** Those of them that may still believe to serve it without end, as when they were the only one. */
  readonly endless: Set<DeviceId>;
  /** Keys of the corridors, where all of them have told theirs, and the order in which a lock was last told of them. */
  readonly admits: { readonly keys: readonly string[]; readonly order: number } | undefined;
  readonly sealedAdvertisementKey: Uint8Array;
  readonly pairing:
    | { readonly id: string; readonly device: string; readonly untilMs: number; readonly sealed: Uint8Array }
    | undefined;
}

type Database = Pick<GatewayDatabase, 'db' | 'batch'>;

export interface LockStore {
  (): Promise<readonly KnownLock[]>;
  /** True where it is news. */
  corridorKey(device: DeviceId, key: string): Promise<boolean>;
  /** It knows now that it serves that door's lock no longer than told. */
  knowsEnd(device: DeviceId, portal: PortalId): Promise<void>;
  /** Why it came to nothing, for the order that stands. */
  notPaired(
    device: DeviceId,
    failed: { readonly id: string; readonly lockId: string; readonly code: string },
  ): Promise<void>;
  readonly batch: GatewayDatabase['batch'];
}

interface Serving {
  readonly device: DeviceId;
  readonly key: string | null;
  readonly endless: boolean;
}

async function readServing({ db }: Pick<Database, 'db'>): Promise<Map<string, Serving[]>> {
  const rows = await db
    .selectFrom('lock_corridor')
    .innerJoin('device', 'device.id', 'lock_corridor.device_id')
    .select(['portal_id', 'device_id', 'corridor_key', 'endless'])
    .orderBy('device_id')
    .execute();
  const serving = new Map<string, Serving[]>();
  for (const { portal_id, device_id, corridor_key, endless } of rows) {
    const device = deviceId.safeParse(device_id);
    const known = serving.get(portal_id) ?? [];
    if (device.success)
      serving.set(portal_id, [...known, { device: device.data, key: corridor_key, endless: endless === 1 }]);
  }
  return serving;
}

/** A set that is not what the lock was told last gets the next number, for good: a lock takes no older one. */
async function admitted(
  { db }: Pick<Database, 'db'>,
  lock: { readonly id: string; readonly corridor_keys: string | null; readonly corridor_order: number },
  serving: readonly Serving[],
): Promise<KnownLock['admits']> {
  const keys = serving.flatMap(({ key }) => (key === null ? [] : [key])).toSorted();
  if (keys.length === 0 || keys.length < serving.length) return undefined;
  const text = JSON.stringify(keys);
  if (text === lock.corridor_keys) return { keys, order: lock.corridor_order };
  const order = lock.corridor_order + 1;
  await db.updateTable('lock').set({ corridor_keys: text, corridor_order: order }).where('id', '=', lock.id).execute();
  return { keys, order };
}

const pairingOf = (row: LockRow): KnownLock['pairing'] =>
  row.pairing_id === null || row.pairing_device === null || row.pairing_code === null
    ? undefined
    : { id: row.pairing_id, device: row.pairing_device, untilMs: row.pairing_until ?? 0, sealed: row.pairing_code };

export function createLockStore({ db, batch }: Database): LockStore {
  const read = async (): Promise<KnownLock[]> => {
    const serving = await readServing({ db });
    const rows = await db
      .selectFrom('lock')
      .innerJoin('portal', 'portal.id', 'lock.portal_id')
      .innerJoin('scope', 'scope.id', 'portal.scope_id')
      .selectAll('lock')
      .select(['portal.scope_id', 'scope.prf_key_id'])
      .where('lock.state', 'in', ['waiting', 'paired'])
      .orderBy('lock.id')
      .execute();
    const locks: KnownLock[] = [];
    for (const row of rows) {
      const serves = serving.get(row.portal_id) ?? [];
      locks.push({
        id: row.id,
        portal: row.portal_id as PortalId,
        scope: row.scope_id,
        prfKeyId: row.prf_key_id,
        key: row.state === 'paired' ? (row.public_key ?? undefined) : undefined,
        corridors: serves.map(({ device }) => device),
        endless: new Set(serves.flatMap(({ device, endless }) => (endless ? [device] : []))),
        admits: row.state === 'paired' ? await admitted({ db }, row, serves) : undefined,
        sealedAdvertisementKey: row.advertisement_key,
        pairing: pairingOf(row),
      });
    }
    return locks;
  };
  return Object.assign(read, {
    batch,
    async corridorKey(device: DeviceId, key: string) {
      const changed = await db
        .updateTable('device')
        .set({ corridor_key: key })
        .where('id', '=', device)
        .where((eb) => eb.or([eb('corridor_key', 'is', null), eb('corridor_key', '<>', key)]))
        .executeTakeFirst();
      return changed.numUpdatedRows > 0n;
    },
    async knowsEnd(device: DeviceId, portal: PortalId) {
      await db
        .updateTable('lock_corridor')
        .set({ endless: 0 })
        .where('device_id', '=', device)
        .where('portal_id', '=', portal)
        .execute();
    },
    async notPaired(device: DeviceId, { id, lockId, code }: Parameters<LockStore['notPaired']>[1]) {
      await db
        .updateTable('lock')
        .set({ pairing_fault: code })
        .where('id', '=', lockId)
        .where('state', '=', 'waiting')
        .where('pairing_id', '=', id)
        .where('pairing_device', '=', device)
        .execute();
    },
  });
}

/** Sealed to one lock (lock/key-wrap). */
interface SealedKey {
  readonly id: number;
  readonly wrapped: string;
}

/** Secrets of locks, opened only on their way out. */
export interface LockKeys {
  advertisement(lock: KnownLock): Promise<string>;
  prf(lock: KnownLock, key: string): Promise<SealedKey | undefined>;
  /** The campus key, under which denies are. */
  campus(lock: KnownLock, key: string): Promise<SealedKey | undefined>;
  /** JWE for this controller; `undefined` where it never told a key to encrypt to. */
  code(lock: KnownLock, device: DeviceId): Promise<string | undefined>;
}

export function createLockKeys(
  { db }: Pick<Database, 'db'>,
  keystore: Pick<Keystore, 'seal' | 'open' | 'key' | 'root'>,
  randomBytes: (count: number) => Uint8Array,
  campusKeyId: () => number,
): LockKeys {
  const wrapped = new Map<string, string>();
  const signing = KeyObject.from(keystore.key('command').key);
  const { campusId } = keystore.root.document;

  async function sealedKey(kind: LockKeyOrder['kind'], id: number, key: string): Promise<SealedKey | undefined> {
    const name = `${kind} ${key} ${id}`;
    const known = wrapped.get(name);
    if (known !== undefined) return { id, wrapped: known };
    const { key16 } = await readPrfKey(db, keystore, id);
    const lock = Uint8Array.from(Buffer.from(key, 'hex'));
    const sealed = wrapKey(key16, { campusId, kind, keyId: id }, lock, keyPair(randomBytes(32)), signing);
    if (sealed === undefined) return undefined;
    wrapped.set(name, toHex(sealed));
    return { id, wrapped: toHex(sealed) };
  }

  return {
    advertisement: async (lock) => toHex(keystore.open(lock.sealedAdvertisementKey)),
    prf: ({ prfKeyId }, key) => sealedKey('scope', prfKeyId, key),
    campus: (_lock, key) => sealedKey('campus', campusKeyId(), key),
    async code({ pairing }, device) {
      const row = await db.selectFrom('device').select('encryption_jwk').where('id', '=', device).executeTakeFirst();
      if (pairing === undefined || row?.encryption_jwk == null) return undefined;
      return wrapPrfKey(JSON.parse(row.encryption_jwk) as JWK, keystore.open(pairing.sealed));
    },
  };
}

type ReportColumn = (device: string, report: LockReport, atMs: number) => Bindable;

/** The columns of a report, its key first. */
const REPORT_COLUMNS = {
  lock_id: (_device, { lockId }) => lockId,
  device_id: (device) => device,
  ord: (_device, { order }) => order,
  state: (_device, { state }) => state,
  epoch: (_device, { list }) => list?.epoch ?? null,
  version: (_device, { list }) => list?.version ?? null,
  digest: (_device, { list }) => list?.digest ?? null,
  deny_epoch: (_device, { deny }) => deny?.epoch ?? null,
  deny_seq: (_device, { deny }) => deny?.seq ?? null,
  battery: (_device, { battery }) => battery ?? null,
  // A controller's clock may be ahead: nobody was seen in the future.
  last_seen: (_device, { lastSeenMs }, atMs) => (lastSeenMs === undefined ? null : Math.min(lastSeenMs, atMs)),
  rssi: (_device, { rssi }) => rssi ?? null,
  bolt: (_device, { bolt }) => bolt,
  door: (_device, { door }) => door,
  log_pending: (_device, { logPending }) => logPending ?? null,
  firmware: (_device, { firmware }) => firmware ?? null,
  fault: (_device, { fault }) => fault ?? null,
  reported_at: (_device, _report, atMs) => atMs,
} as const satisfies Readonly<Record<string, ReportColumn>>;

const COLUMN_NAMES = Object.keys(REPORT_COLUMNS);
const UPSERT = `insert into lock_report (${COLUMN_NAMES.join(', ')})
  values (${COLUMN_NAMES.map(() => '?').join(', ')}) on conflict (lock_id, device_id) do update set
  ${COLUMN_NAMES.slice(2)
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')}`;

export async function recordReports(
  batch: GatewayDatabase['batch'],
  device: string,
  reports: readonly LockReport[],
  atMs: number,
): Promise<void> {
  if (reports.length === 0) return;
  const columns = Object.values<ReportColumn>(REPORT_COLUMNS);
  const rows = reports.map((report) => columns.map((column) => column(device, report, atMs)));
  await batch([{ sql: UPSERT, rows }]);
}

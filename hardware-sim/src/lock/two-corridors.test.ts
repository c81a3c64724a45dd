// SPDX-License-Identifier: Apache-2.0
// One lock that two corridors hear: the gateway's naming of the server, the real role in both, the real lock. Served by the stronger,
// never by both, also where one of them has lost the gateway.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLockNetwork, type LockNetwork } from '@latchkey/gateway/app/locks/lock-network';
import { NOW_MS, uidOf } from '@latchkey/protocols/authorization/authority.test-support';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { openJson } from '@latchkey/protocols/commands/seal';
import { lockAssignment } from '@latchkey/protocols/lock/assignment';
import { type KeyPair, keyPair } from '@latchkey/protocols/lock/noise';
import { decodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';
import {
  type CorridorDisk,
  type CorridorProcess,
  corridorDisk,
  startCorridorProcess,
} from './corridor-process.test-support.ts';
import { CORRIDOR, must } from './lock.test-support.ts';
import { createLockCampus, type LockCampus } from './lock-campus.test-support.ts';
import { createMemoryAir } from './memory-radio.ts';
import type { SimulatedLock } from './simulated-lock.ts';

type Device = Parameters<LockNetwork['serverOf']>[0] extends string
  ? NonNullable<ReturnType<LockNetwork['serverOf']>>
  : never;
const [A, B] = ['corridor-a', 'corridor-b'] as [Device, Device];
const KEYS: Record<Device, KeyPair> = { [A]: CORRIDOR, [B]: keyPair(new Uint8Array(32).fill(8)) };
const EVERY_MS = 5_000;
const LEASE_AND_MARGIN_MS = 66_000;

let folder: string;
let clock: VirtualClock;
let campus: LockCampus;
let lock: SimulatedLock;
let network: LockNetwork;
let corridors: Record<string, CorridorProcess>;
let rssi: Record<string, number>;
let connected: Set<string>;
/** Seconds in which both said that they serve it. */
let both: number;
let disks: CorridorDisk[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-corridors-'));
  clock = createVirtualClock(NOW_MS);
  const air = createMemoryAir();
  campus = await createLockCampus({ clock, locks: 1, corridors: Object.values(KEYS) });
  lock = campus.locks[0] as SimulatedLock;
  air.locks.add(lock);
  rssi = { [A]: -60, [B]: -75 };
  air.rssi = (radio) => rssi[radio];
  connected = new Set([A, B]);
  both = 0;
  await campus.beat();
  await campus.setList([1]);
  network = networkOf();
  corridors = {};
  disks = [];
  for (const name of [A, B]) {
    const disk = corridorDisk(mkdtempSync(join(folder, name)));
    disks.push(disk);
    corridors[name] = await startCorridorProcess({
      name,
      clock,
      air,
      campus,
      disk,
      own: KEYS[name] as KeyPair,
      locks: [],
    });
  }
  await run(20_000);
});
afterEach(async () => {
  network.close();
  for (const each of Object.values(corridors)) await each.close();
  rmSync(folder, { recursive: true, force: true });
});

function networkOf(): LockNetwork {
  const { lockId, portal, scope, key, advertisementKey, prf, campus: campusKey } = campus.assignment(lock);
  const admits = { keys: Object.values(KEYS).map(({ open }) => toHex(open)), order: 1 };
  const known = { id: lockId, portal, scope, prfKeyId: prf?.id ?? 0, key, corridors: [A, B], admits };
  const row = { ...known, endless: new Set(), sealedAdvertisementKey: new Uint8Array(), pairing: undefined };
  const { keyring, command } = campus.authority;
  return createLockNetwork({
    // Of the registry only what the network reads.
    store: Object.assign(async () => [row], { corridorKey: async () => false, batch: async () => [] }) as never,
    keys: {
      advertisement: async () => advertisementKey,
      prf: async () => prf,
      campus: async () => campusKey,
      code: async () => undefined,
    },
    key: command.key,
    sessions: { get: (device) => (connected.has(device) ? ({ device } as never) : undefined), online: () => [] },
    paired: async () => false,
    async send(device, payload) {
      const { body } = must(decodeEnvelope(payload));
      corridors[device]?.corridor.assign(must(await openJson(body, 'LKK1', lockAssignment, keyring, 'command')));
      return true;
    },
    nowMs: clock.now,
    log: { info() {}, warn() {}, error() {} } as never,
  });
}

/** Reports and words of the gateway every 5 s, as far as they are connected; who serves is looked at every second. */
async function run(ms: number): Promise<void> {
  for (let waited = 0; waited < ms; waited += EVERY_MS) {
    await campus.beat();
    for (const [device, { corridor }] of Object.entries(corridors))
      if (connected.has(device))
        await network.report(device as Device, {
          corridor: toHex((KEYS[device as Device] as KeyPair).open),
          locks: [...corridor.reports()],
        });
    await network.changed();
    for (let at = 0; at < EVERY_MS; at += 1_000) {
      await clock.advance(1_000);
      if (serving().length > 1) both += 1;
    }
  }
}

const stateAt = (name: string) => corridors[name]?.corridor.report(lock.lockId)?.state;
const serving = () => [A, B].filter((name) => ['seen', 'linked', 'unreachable'].includes(stateAt(name) ?? 'other'));
const openAt = async (name: string): Promise<string> => {
  const { text, expiresMs } = campus.ticket(lock, { holdS: 1 });
  const opened = corridors[name]?.corridor.open(campus.assignment(lock).portal, text, expiresMs);
  const result = await clock.until(opened as NonNullable<typeof opened>);
  return result.ok ? 'done' : result.code;
};

describe('a lock that two corridors hear', () => {
  it('is served by the one that hears it better, and only that one opens it', async () => {
    expect([network.serverOf(lock.lockId), serving()]).toEqual([A, [A]]);
    expect(await openAt(A)).toBe('done');
    expect(await openAt(B)).toBe('other-corridor');
    await run(120_000);
    expect([serving(), both]).toEqual([[A], 0]);
  });

  it('stays with its server while the other is hardly better, and goes over where it is much better', async () => {
    rssi[B] = -55;
    await run(120_000);
    expect(serving()).toEqual([A]);
    rssi[B] = -45;
    await run(120_000);
    expect([network.serverOf(lock.lockId), serving(), both]).toEqual([B, [B], 0]);
    expect(await openAt(B)).toBe('done');
  });

  it('goes to the other once the lease of one that lost the gateway has run out, and never before', async () => {
    expect(await openAt(A)).toBe('done');
    connected.delete(A);
    network.ended(A);
    // It may go on serving for as long as it was promised, and does.
    await run(20_000);
    expect(serving()).toEqual([A]);
    await run(LEASE_AND_MARGIN_MS + EVERY_MS);
    expect([network.serverOf(lock.lockId), serving(), both]).toEqual([B, [B], 0]);
    expect(await openAt(A)).toBe('other-corridor');
    expect(await openAt(B)).toBe('done');
    // Back again, it is told who serves, and gets the lock back, as the stronger, when that one's time is over.
    connected.add(A);
    await run(20_000);
    expect(serving()).toEqual([B]);
    await run(2 * LEASE_AND_MARGIN_MS);
    expect([serving(), both]).toEqual([[A], 0]);
  });

  it('has each of its records in one journal or the other, whoever served when it was written', async () => {
    for (let change = 0; change < 4; change += 1) {
      await clock.until(lock.present(uidOf(99), 'uid-only'));
      rssi = { [A]: change % 2 === 0 ? -80 : -40, [B]: change % 2 === 0 ? -40 : -80 };
      await run(120_000);
    }
    expect(both).toBe(0);
    const seqs = disks.flatMap(({ events }) =>
      events.flatMap((event) => (event.type === 'lock-event' ? [event.seq] : [])),
    );
    expect(seqs.toSorted((one, other) => one - other)).toEqual(Array.from({ length: lock.records() }, (_, seq) => seq));
    expect(disks.flatMap(({ events }) => events.filter(({ type }) => type === 'lock-log-gap'))).toEqual([]);
    expect(disks.every(({ events }) => events.length > 0)).toBe(true);
  });
});

// SPDX-License-Identifier: Apache-2.0
// A corridor of the youth apartments: eight rooms with simulated locks, and the controller that reaches them.
import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import { parseWiring } from '@latchkey/controller/core/wiring';
import type { CredentialClass } from '@latchkey/protocols/ids';
import { startAirServer } from '../lock/air-server.ts';
import { createMemoryAir, type MemoryAir } from '../lock/memory-radio.ts';
import { createSimulatedLock, type SimulatedLock } from '../lock/simulated-lock.ts';
import type { GatewayApi } from './gateway-api.ts';

export const CORRIDOR = 'corridor-1';
const BUILDING = '1号楼';
const ROOMS = ['101', '102', '103', '104', '105', '106', '107', '108'] as const;
/** Scopes of rooms are numbered after their rooms. */
const FIRST_SCOPE = 1_000;
const CARD_CLASS: CredentialClass = 'uid-only';
const RSSI = -58;
const IN_FORCE_TIMEOUT_MS = 60_000;

/** A room's door, as a person meets it. */
export interface RoomDoor {
  readonly portal: string;
  readonly room: string;
  readonly lock: SimulatedLock;
  /** False: its radio reaches nobody. */
  isNear: boolean;
}

export interface Corridor {
  readonly rooms: readonly RoomDoor[];
  close(): Promise<void>;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** As it is printed on a label: 26 letters and digits for 16 bytes. */
export function labelText(code: Uint8Array): string {
  let bits = BigInt(`0x${Buffer.from(code).toString('hex')}`) << 2n;
  let text = '';
  for (let at = 0; at < 26; at += 1) {
    text = `${BASE32[Number(bits & 31n)]}${text}`;
    bits >>= 5n;
  }
  return text;
}

const labelOf = (room: string): Uint8Array =>
  new Uint8Array(createHash('sha256').update(`label ${room}`).digest().subarray(0, 16));

/** Locks on the doors, and a socket through which a controller's simulated radio reaches them. */
export async function hangLocks(socket: string): Promise<Corridor> {
  const air: MemoryAir = createMemoryAir();
  const rooms: RoomDoor[] = [];
  for (const [index, room] of ROOMS.entries()) {
    const lock = await createSimulatedLock({
      lockId: createHash('sha256').update(`lock ${room}`).digest('hex').slice(0, 16),
      labelCode: labelOf(room),
      address: `c0:de:00:00:01:${(index + 1).toString(16).padStart(2, '0')}`,
      timers: systemClock,
      random: { bytes: (count) => new Uint8Array(randomBytes(count)) },
      drift: index * 10 - 35,
    });
    rooms.push({ portal: `room-${room}`, room, lock, isNear: true });
    air.locks.add(lock);
  }
  air.rssi = (_radio, lock) => (rooms.find((room) => room.lock === lock)?.isNear ? RSSI : undefined);
  const server = await startAirServer({ listen: socket, air });
  return {
    rooms,
    async close() {
      await server.close();
      for (const { lock } of rooms) lock.cutPower();
    },
  };
}

/** What the engineer writes for the corridor's controller. */
export async function writeCorridorWiring(folder: string, socket: string): Promise<string> {
  const wiring = parseWiring({
    readers: [],
    panel: { kind: 'none' },
    portals: [],
    locks: { radios: [{ kind: 'simulated', socket }] },
  });
  if (!wiring.ok) throw new Error(`the made-up corridor has a wiring fault: ${JSON.stringify(wiring)}`);
  const file = join(folder, `${CORRIDOR}.wiring.json`);
  await writeFile(file, JSON.stringify(wiring.value, undefined, 2));
  return file;
}

/** Rooms as doors with locks that wait to be paired by the code on their label. */
export async function enterRooms(api: GatewayApi, { rooms }: Corridor): Promise<void> {
  for (const { portal, room, lock } of rooms) {
    const scope = FIRST_SCOPE + Number(room);
    await api.must('PUT', `/v1/scopes/${scope}`, { name: `${BUILDING}${room}` });
    const place = { name: `${room} 室`, nameEn: `Room ${room}`, building: BUILDING, room, floor: room.slice(0, 1) };
    await api.must('PUT', `/v1/portals/${portal}`, { ...place, kind: 'lock', scope });
    const code = labelText(labelOf(room));
    await api.must('POST', '/v1/locks', { portal, lockId: lock.lockId, corridors: [CORRIDOR], code });
  }
}

interface LockOfApi {
  readonly portal: string;
  readonly state: string;
  readonly rollout: string;
}

/** Resolves once every lock says that it has the newest list. */
export async function locksInForce(api: GatewayApi, count: number): Promise<void> {
  const deadline = Date.now() + IN_FORCE_TIMEOUT_MS;
  for (;;) {
    const { items } = await api.must<{ items: readonly LockOfApi[] }>('GET', '/v1/locks');
    if (items.length === count && items.every(({ rollout }) => rollout === 'in-force')) return;
    if (Date.now() > deadline) throw new Error(`locks lack their lists: ${JSON.stringify(items)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const tapAtLock = ({ lock }: RoomDoor, uid: Uint8Array) => lock.present(uid, CARD_CLASS);

/** Out of reach, its link breaks as well. */
export function setNear(room: RoomDoor, isNear: boolean): void {
  room.isNear = isNear;
  if (!isNear) room.lock.dropLink();
}

// SPDX-License-Identifier: Apache-2.0
// What a person can do on the simulated campus, and what comes of it. No transport: HTTP and the tests both call this.
import { type RoomDoor, setNear, tapAtLock } from './campus/corridor.ts';
import type { DoorBench } from './door-bench.ts';
import type { SimulatedLibrary } from './library/simulated-library.ts';
import type { NetworkLink } from './network.ts';

/** Somebody who lives there, and the card in their pocket. */
export interface CardHolder {
  readonly number: string;
  readonly name: string;
  readonly uid: string;
}

/** All by device id. */
export interface SimulatedCampus {
  readonly benches: ReadonlyMap<string, DoorBench>;
  readonly links: ReadonlyMap<string, NetworkLink>;
  readonly people: readonly CardHolder[];
  readonly rooms: readonly RoomDoor[];
  /** The library system behind the desk. */
  readonly library: SimulatedLibrary | undefined;
}

/** Said to a person; the text names what to write instead. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

export interface TapResult {
  readonly reader: string;
  readonly portal: string | undefined;
  /** Whether the lock let go within the wait, and after how long. */
  readonly released: boolean;
  readonly afterMs: number | undefined;
}

const TAP_WAIT_MS = 1_500;
const HOLD_MS = 300;
const DEFAULT_HOLD_MS = 300;

/** `who`: a person's number or the UID of a card in hex. `reader`: its name, or DEVICE/NAME where several are alike. */
export async function tap(campus: SimulatedCampus, reader: string, who: string): Promise<TapResult> {
  const { bench, name } = findReader(campus, reader);
  const uid = findUid(campus, who);
  return hold(bench, name, {
    present: async () => bench.present(name, uid),
    remove: async () => bench.remove(name),
  });
}

/** `text`: all of a code, as a scanner reads it. */
export async function scan(campus: SimulatedCampus, reader: string, text: string): Promise<TapResult> {
  const { bench, name } = findReader(campus, reader);
  return hold(bench, name, {
    present: async () => bench.scan(name, text),
    remove: async () => undefined,
  });
}

/** Holds something to a reader and watches the lock. */
async function hold(
  bench: DoorBench,
  reader: string,
  hand: { present(): Promise<void>; remove(): Promise<void> },
): Promise<TapResult> {
  const portal = bench.layout.portals.find(({ readers }) => readers.some(({ name }) => name === reader));
  const direction = portal?.readers.find(({ name }) => name === reader)?.direction ?? 'in';
  const since = performance.now();
  const move = portal && bench.nextMove(portal.outputs[direction], portal.fail === 'secure', TAP_WAIT_MS);
  await hand.present();
  const released = await move;
  await sleep(Math.max(0, HOLD_MS - (performance.now() - since)));
  await hand.remove();
  const afterMs = released && Math.round((released.atMs - since) * 10) / 10;
  return { reader, portal: portal?.id, released: released !== undefined, afterMs };
}

export function moveDoor(campus: SimulatedCampus, portal: string, open: boolean): void {
  const bench = findPortal(campus, portal);
  if (bench.portal(portal).contact === undefined)
    throw new ControlError(`portal "${portal}" has no contact: nothing would see it`);
  if (open) bench.openDoor(portal);
  else bench.closeDoor(portal);
}

export function requestExit(campus: SimulatedCampus, portal: string, holdMs = DEFAULT_HOLD_MS): void {
  const bench = findPortal(campus, portal);
  if (bench.portal(portal).requestToExit === undefined) throw new ControlError(`portal "${portal}" has no exit button`);
  bench.requestExit(portal, holdMs);
}

/** Everywhere, or at one portal. Returns the number of inputs driven. */
export function setFire(campus: SimulatedCampus, on: boolean, portal?: string): number {
  const benches = portal === undefined ? [...campus.benches.values()] : [findPortal(campus, portal)];
  const driven = benches.reduce((sum, bench) => sum + bench.setFire(on, portal), 0);
  if (driven === 0) throw new ControlError('no fire input is wired there');
  return driven;
}

/** A card at a lock, which decides by itself. */
export async function tapRoom(campus: SimulatedCampus, portal: string, who: string): Promise<object> {
  const room = findRoom(campus, portal);
  const decision = await tapAtLock(room, findUid(campus, who));
  return { ...roomState(room), outcome: decision?.outcome ?? 'no-power', reason: decision?.reason };
}

export interface RoomChange {
  readonly jammed?: boolean | undefined;
  readonly near?: boolean | undefined;
  readonly battery?: number | undefined;
  readonly alone?: boolean | undefined;
  readonly open?: boolean | undefined;
  readonly power?: boolean | undefined;
}

/** What happens to a room's lock: its bolt jams, its battery runs down, it is out of reach, somebody wants to be alone. */
export async function changeRoom(campus: SimulatedCampus, portal: string, change: RoomChange): Promise<object> {
  const room = findRoom(campus, portal);
  const { body } = room.lock;
  if (change.jammed !== undefined) body.setJammed(change.jammed);
  if (change.near !== undefined) setNear(room, change.near);
  if (change.battery !== undefined) body.setBattery(change.battery);
  if (change.alone !== undefined) body.setPrivate(change.alone);
  if (change.open !== undefined) body.setDoor(change.open);
  if (change.power === true) await room.lock.powerUp();
  if (change.power === false) room.lock.cutPower();
  return roomState(room);
}

export const NETWORK_ACTIONS = ['cut', 'black-hole', 'delay', 'restore'] as const;
export type NetworkAction = (typeof NETWORK_ACTIONS)[number];

/** `device` may be "all". */
export function setNetwork(campus: SimulatedCampus, device: string, action: NetworkAction, delayMs = 0): string[] {
  const names = device === 'all' ? [...campus.links.keys()] : [device];
  for (const name of names) {
    const link = campus.links.get(name);
    if (link === undefined) throw unknown('device', name, campus.links.keys());
    if (action === 'cut') link.cut();
    else if (action === 'black-hole') link.blackHole();
    else if (action === 'delay') link.delay(delayMs);
    else {
      link.delay(0);
      link.restore();
    }
  }
  return names;
}

export function campusState(campus: SimulatedCampus): object {
  return {
    controllers: [...campus.benches].map(([device, bench]) => ({
      device,
      network: networkState(campus.links.get(device)),
      readers: bench.layout.readers,
      portals: bench.layout.portals.map((portal) => ({
        portal: portal.id,
        lock: bench.isReleased(portal.id, 'in') || bench.isReleased(portal.id, 'out') ? 'released' : 'locked',
        door: portal.contact === undefined ? 'not seen' : bench.isOpen(portal.id) ? 'open' : 'closed',
        readers: portal.readers.map(({ name, direction }) => `${name} (${direction})`),
      })),
      lastMoves: bench.moves.slice(-5),
    })),
    rooms: campus.rooms.map(roomState),
  };
}

function roomState({ portal, lock, isNear }: RoomDoor): object {
  const { bolt, isDoorOpen, battery, drawn } = lock.body;
  const reach = !lock.hasPower() ? 'no power' : isNear ? 'in reach' : 'out of reach';
  return { portal, bolt, door: isDoorOpen ? 'open' : 'closed', battery, reach, opened: drawn };
}

const networkState = (link: NetworkLink | undefined): string | undefined =>
  link && (link.delayMs > 0 ? `${link.state}, ${link.delayMs} ms each way` : link.state);

/** `text` is part of a number or a name. */
export const findPeople = ({ people }: SimulatedCampus, text: string, limit: number): CardHolder[] =>
  people.filter(({ number, name }) => number.includes(text) || name.includes(text)).slice(0, limit);

function findReader(campus: SimulatedCampus, reader: string): { bench: DoorBench; name: string } {
  const slash = reader.indexOf('/');
  const device = slash < 0 ? undefined : reader.slice(0, slash);
  const name = reader.slice(slash + 1);
  const found = [...campus.benches].filter(
    ([id, { layout }]) => (device === undefined || id === device) && layout.readers.includes(name),
  );
  const all = [...campus.benches].flatMap(([id, { layout }]) => layout.readers.map((one) => `${id}/${one}`));
  if (found.length > 1)
    throw new ControlError(`several controllers have a reader "${name}": say which, such as ${all[0]}`);
  if (found[0] === undefined) throw unknown('reader', reader, all);
  return { bench: found[0][1], name };
}

function findPortal(campus: SimulatedCampus, portal: string): DoorBench {
  const found = [...campus.benches.values()].find(({ layout }) => layout.portals.some(({ id }) => id === portal));
  if (found) return found;
  throw unknown(
    'portal',
    portal,
    [...campus.benches.values()].flatMap(({ layout }) => layout.portals.map(({ id }) => id)),
  );
}

function findRoom({ rooms }: SimulatedCampus, portal: string): RoomDoor {
  const found = rooms.find((room) => room.portal === portal || room.room === portal);
  if (found) return found;
  throw unknown(
    'room',
    portal,
    rooms.map((room) => room.portal),
  );
}

/** A person's number comes first: some look like hex. */
function findUid(campus: SimulatedCampus, who: string): Uint8Array {
  const person = campus.people.find(({ number }) => number === who);
  const hex = person?.uid ?? who;
  if (/^(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{14}|[0-9a-fA-F]{20})$/.test(hex)) return new Uint8Array(Buffer.from(hex, 'hex'));
  throw new ControlError(`nobody has the number "${who}", and a card is 8, 14 or 20 hex digits; see "people"`);
}

function unknown(what: string, name: string, known: Iterable<string>): ControlError {
  const names = [...known];
  const shown = names.slice(0, 10).join(', ') + (names.length > 10 ? ', …' : '');
  return new ControlError(`there is no ${what} "${name}"; there are: ${shown || 'none'}`);
}

const sleep = async (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

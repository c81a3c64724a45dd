// SPDX-License-Identifier: Apache-2.0
// What a lock costs over Bluetooth LE. A list of 20 and of 500 entries, from list-begin to the lock's word that it is in force, over
// noble writing as many bytes to a peripheral that does nothing with them; and from the command at the corridor to the bolt.
import { type LockImage, pushList, readStatus } from '@latchkey/controller/core/lock-push';
import { type LockSession, openLockSession } from '@latchkey/controller/core/lock-session';
import type { LockLink } from '@latchkey/controller/ports/lock-radio';
import type { Corridor } from '@latchkey/controller/roles/corridor';
import { must, PRF_KEY, range } from '@latchkey/protocols/authorization/authority.test-support';
import { keyPair } from '@latchkey/protocols/lock/noise';
import type { Air } from '../src/lock/hci-controller.ts';
import { CORRIDOR, SCOPE_ORDER, wrappedFor } from '../src/lock/lock.test-support.ts';
import { createLockCampus, type LockCampus } from '../src/lock/lock-campus.test-support.ts';
import { peripheralOf } from '../src/lock/lock-peripheral.ts';
import type { SimulatedLock } from '../src/lock/simulated-lock.ts';
import {
  ADVERTISING_MS,
  type BareLink,
  benchAir,
  benchClock,
  corridorOver,
  furnish,
  INTERVAL_MS,
  median,
  nobleRadioIn,
  openBareNoble,
  p95,
  round,
  until,
} from './lock-air.ts';

const MTUS = [23, 247] as const;
const SIZES = [20, 500] as const;
/** By MTU: over a narrow link each takes over a second. */
const TRANSFERS = { 23: 9, 247: 25 } as const;
const SINK = 'c0:00:00:00:ff:01';

export async function run(): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  const table: Record<string, Record<string, number>> = {};
  for (const mtu of MTUS) {
    for (const [entries, measured] of await transfers(mtu)) {
      const name = `${entries}Mtu${mtu}`;
      figures[`bytes${name}`] = measured.bytes;
      figures[`writes${name}`] = measured.writes;
      figures[`transferOverBare${name}`] = measured.overBare;
      table[`${entries} entries, MTU ${mtu}`] = { ...measured };
    }
  }
  console.table(table);
  console.log(
    `connection interval ${INTERVAL_MS} ms, 1 Mbit/s, 8 packets an event; advertisements every ${ADVERTISING_MS} ms`,
  );
  const openings = await measureOpenings();
  console.table({ 'command → bolt, ms': openings });
  return { ...figures, transferOverBare: figures['transferOverBare500Mtu247'] ?? Number.NaN, ...openings };
}

interface Transfer {
  readonly 'file, bytes': number;
  readonly bytes: number;
  readonly writes: number;
  readonly 'transfer, ms': number;
  readonly 'bare, ms': number;
  readonly overBare: number;
  readonly least: number;
  readonly most: number;
}

/** Lists through our protocol and bare bytes, by turns, each on a link that is up. */
async function transfers(mtu: (typeof MTUS)[number]): Promise<Map<number, Transfer>> {
  const campus = await createLockCampus({ clock: benchClock, locks: 1 });
  const [lock] = campus.locks as [SimulatedLock];
  await campus.setList([1]);
  await furnish(campus);
  const air = benchAir();
  air.peripherals.add(peripheralOf(lock, mtu));
  const sink = addSink(air, mtu);
  const radio = nobleRadioIn(air);
  const seen = new Set<string>();
  await radio.start(({ address }) => void seen.add(address));
  const bareNoble = await openBareNoble(air, [SINK]);
  await until(() => seen.has(lock.address));
  const link = countWrites(await radio.connect(lock.address, 5_000));
  const session = await meet(link.link, lock);
  const bare = await bareNoble.connect(SINK);
  const measured = new Map<number, Transfer>();
  const pair = { campus, lock, session, link, bare, sink };
  for (const entries of SIZES) measured.set(entries, await compare(pair, entries, TRANSFERS[mtu]));
  await session.close();
  await bare.close();
  bareNoble.close();
  await radio.close();
  return measured;
}

interface Pair {
  readonly campus: LockCampus;
  readonly lock: SimulatedLock;
  readonly session: LockSession;
  readonly link: ReturnType<typeof countWrites>;
  readonly bare: BareLink;
  readonly sink: ReturnType<typeof addSink>;
}

async function compare(pair: Pair, entries: number, times: number): Promise<Transfer> {
  const { campus, lock, session, link, bare, sink } = pair;
  const [ours, floor, ratios]: [number[], number[], number[]] = [[], [], []];
  let image: LockImage | undefined;
  for (let time = 0; time < times; time += 1) {
    image = {
      ...(await campus.setList(range(entries))),
      wrappedKey: wrappedFor(lock, campus.authority, PRF_KEY, SCOPE_ORDER, random),
    };
    link.reset();
    const status = must(await readStatus(session));
    link.reset();
    await outOfStep(time / times);
    const since = performance.now();
    must(await pushList(session, status, image));
    ours.push(performance.now() - since);
    floor.push(await writeBare(bare, sink, image.file.length, time / times));
    ratios.push((ours.at(-1) as number) / (floor.at(-1) as number));
  }
  const { writes, bytes } = link;
  return {
    'file, bytes': image?.file.length ?? 0,
    bytes: bytes(),
    writes: writes(),
    'transfer, ms': round(median(ours), 1),
    'bare, ms': round(median(floor), 1),
    overBare: round(median(ours) / median(floor), 3),
    least: round(Math.min(...ratios), 3),
    most: round(Math.max(...ratios), 3),
  };
}

const random = { bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) };

async function meet(link: LockLink, lock: SimulatedLock): Promise<LockSession> {
  const ephemeral = keyPair(crypto.getRandomValues(new Uint8Array(32)));
  const parts = { link, lockId: lock.lockId, own: CORRIDOR, peer: lock.key(), ephemeral, clock: benchClock };
  return must(await openLockSession({ ...parts, deadlineMs: 5_000 }));
}

function countWrites(inner: LockLink) {
  let [writes, bytes] = [0, 0];
  const link: LockLink = {
    room: inner.room,
    write(frame) {
      writes += 1;
      bytes += frame.length;
      return inner.write(frame);
    },
    onFrame: (listener) => inner.onFrame(listener),
    onClosed: (listener) => inner.onClosed(listener),
    close: () => inner.close(),
  };
  return { link, writes: () => writes, bytes: () => bytes, reset: () => void ([writes, bytes] = [0, 0]) };
}

/** Nobody begins in step with the radio: over all times, evenly anywhere between two events. */
const outOfStep = (phase = Math.random()): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, (1 + phase) * INTERVAL_MS));

/** A peripheral that says once that it has all the bytes. */
function addSink(air: Air, mtu: number) {
  const sink = { wanted: 0 };
  air.peripherals.add({
    address: SINK,
    mtu,
    rssi: () => -60,
    manufacturerData: () => Uint8Array.of(0xff, 0xff, 1),
    connected: (peer) => ({
      onFrame(frame) {
        sink.wanted -= frame.length;
        if (sink.wanted === 0) peer.notify(Uint8Array.of(1));
      },
      onClosed: () => undefined,
    }),
  });
  return sink;
}

async function writeBare(
  { rx, tx, room }: BareLink,
  sink: { wanted: number },
  bytes: number,
  phase: number,
): Promise<number> {
  sink.wanted = bytes;
  await outOfStep(phase);
  tx.removeAllListeners();
  const since = performance.now();
  const all = new Promise<void>((resolve) => void tx.on('data', () => resolve()));
  for (let at = 0; at < bytes; at += room) rx.write(Buffer.alloc(Math.min(room, bytes - at)), true);
  await all;
  return performance.now() - since;
}

const LINKED = { locks: 3, openings: 45 } as const;
const CONNECTED = { locks: 20, openings: 60 } as const;

async function measureOpenings(): Promise<Record<string, number>> {
  const linked = await openings(LINKED, true);
  const connected = await openings(CONNECTED, false);
  return {
    openLinkedP50Ms: round(median(linked)),
    openLinkedP95Ms: round(p95(linked)),
    openConnectP50Ms: round(median(connected)),
    openConnectP95Ms: round(p95(connected)),
  };
}

/** Through the role: `corridor.open` to the bolt's sensor, radio, session, signature and motor (350 ms) included. */
async function openings(counts: { locks: number; openings: number }, isLinked: boolean): Promise<number[]> {
  const campus = await createLockCampus({ clock: benchClock, locks: counts.locks });
  await campus.setList(range(4));
  await furnish(campus);
  // A lock advertises when it does: who connects waits anything up to a whole interval, evenly.
  const air = benchAir(() => Math.random() * ADVERTISING_MS);
  for (const lock of campus.locks) air.peripherals.add(peripheralOf(lock));
  const corridor = corridorOver(nobleRadioIn(air), campus);
  const beats = setInterval(() => void campus.beat(), 5_000);
  await corridor.start();
  const stateOf = (lock: SimulatedLock) => corridor.report(lock.lockId)?.state;
  await until(() => corridor.reports().every(({ state, logPending }) => state === 'seen' && logPending === 0));
  const times: number[] = [];
  for (let n = isLinked ? -counts.locks : 0; n < counts.openings; n += 1) {
    const lock = campus.locks[(n + counts.openings * counts.locks) % counts.locks] as SimulatedLock;
    await until(() => lock.body.bolt === 'thrown' && (isLinked || stateOf(lock) !== 'linked'));
    if (isLinked && n >= 0 && stateOf(lock) !== 'linked') throw new Error('the link was to be up');
    const ms = await openOnce(corridor, campus, lock);
    if (n >= 0) times.push(ms);
  }
  clearInterval(beats);
  await corridor.close();
  return times;
}

async function openOnce(corridor: Corridor, campus: LockCampus, lock: SimulatedLock): Promise<number> {
  const { drawn } = lock.body;
  const { text, expiresMs } = campus.ticket(lock, { holdS: 1 });
  const { portal } = campus.assignment(lock);
  await outOfStep();
  const since = performance.now();
  const opened = corridor.open(portal, text, expiresMs);
  await until(() => lock.body.drawn > drawn);
  const ms = performance.now() - since;
  must(await opened);
  return ms;
}

// SPDX-License-Identifier: Apache-2.0
// A card is lost: how long until the last of forty locks refuses it, over what bare noble needs to connect to the same forty one after
// the other. The real role over the real noble on one adapter; each connect waits for the lock's next advertisement, for both alike.
import { range } from '@latchkey/protocols/authorization/authority.test-support';
import { seededRandom } from '../src/campus/residents.ts';
import { createLockCampus, type LockCampus } from '../src/lock/lock-campus.test-support.ts';
import { peripheralOf } from '../src/lock/lock-peripheral.ts';
import {
  ADVERTISING_MS,
  benchAir,
  benchClock,
  corridorOver,
  furnish,
  INTERVAL_MS,
  median,
  nobleRadioIn,
  openBareNoble,
  round,
  until,
} from './lock-air.ts';

const LOCKS = 40;
const ROUNDS = 3;

interface Round {
  readonly bareMs: number;
  readonly lastMs: number;
  readonly medianMs: number;
  readonly ratio: number;
}

export async function run(): Promise<Record<string, number>> {
  const campus = await createLockCampus({ clock: benchClock, locks: LOCKS });
  await campus.setList(range(4));
  await furnish(campus);
  const rounds: Round[] = [];
  for (let number = 1; number <= ROUNDS; number += 1) {
    const bareMs = await connectBare(campus, number);
    const { lastMs, medianMs } = await denyAll(campus, number);
    rounds.push({ bareMs, lastMs, medianMs, ratio: lastMs / bareMs });
  }
  console.log(`one adapter, connection interval ${INTERVAL_MS} ms, advertisements every ${ADVERTISING_MS} ms`);
  console.table(
    rounds.map(({ bareMs, lastMs, medianMs, ratio }) => ({
      'bare connects, ms': round(bareMs),
      'deny at the median lock, ms': round(medianMs),
      'deny at the last lock, ms': round(lastMs),
      ratio: round(ratio, 3),
    })),
  );
  const of = (pick: (each: Round) => number) => rounds.map(pick);
  return {
    denyOverConnects: round(median(of(({ ratio }) => ratio)), 3),
    denyOverConnectsLeast: round(Math.min(...of(({ ratio }) => ratio)), 3),
    denyOverConnectsMost: round(Math.max(...of(({ ratio }) => ratio)), 3),
    denyLastMs: round(median(of(({ lastMs }) => lastMs))),
    bareConnectsMs: round(median(of(({ bareMs }) => bareMs))),
  };
}

/** Evenly anything up to a whole interval, in another order every time. */
function airOf(campus: LockCampus, seed: number) {
  const random = seededRandom(seed);
  const waits = range(LOCKS)
    .map((n) => ({ waitMs: ((n + 0.5) / LOCKS) * ADVERTISING_MS, place: random() }))
    .sort((one, other) => one.place - other.place);
  let connects = 0;
  const air = benchAir(() => waits[connects++ % LOCKS]?.waitMs ?? 0);
  for (const lock of campus.locks) air.peripherals.add(peripheralOf(lock));
  return air;
}

async function connectBare(campus: LockCampus, seed: number): Promise<number> {
  const addresses = campus.locks.map(({ address }) => address);
  const noble = await openBareNoble(airOf(campus, seed), addresses);
  let sumMs = 0;
  for (const address of addresses) {
    const since = performance.now();
    const link = await noble.connect(address);
    sumMs += performance.now() - since;
    await link.close();
  }
  noble.close();
  return sumMs;
}

async function denyAll(campus: LockCampus, number: number): Promise<{ lastMs: number; medianMs: number }> {
  await campus.beat();
  const corridor = corridorOver(nobleRadioIn(airOf(campus, number)), campus);
  await corridor.start();
  // It meets every lock once: what each of them has is known, and all that is missing is the deny.
  await until(() => corridor.reports().every(({ state, logPending }) => state === 'seen' && logPending === 0));
  await campus.deny(100 + number);
  const wanted = campus.sources.deny().seq;
  const since = performance.now();
  const times = new Map<string, number>();
  corridor.refresh();
  await until(() => {
    for (const { lockId, deny } of corridor.reports())
      if (deny?.seq === wanted && !times.has(lockId)) times.set(lockId, performance.now() - since);
    return times.size === LOCKS;
  });
  await corridor.close();
  return { lastMs: Math.max(...times.values()), medianMs: median([...times.values()]) };
}

// SPDX-License-Identifier: Apache-2.0
// A corridor of many locks over hours of virtual time: cards, openings, lists, denies, links that break, power that goes,
// batteries that empty. The role in the controller is the real one, and so are the locks; what is counted is what must never
// happen.
import { KeyObject } from 'node:crypto';
import { type Corridor, createCorridor } from '@latchkey/controller/roles/corridor';
import {
  type Authority,
  CAMPUS,
  makeAuthority,
  NOW_MS,
  uidOf,
} from '@latchkey/protocols/authorization/authority.test-support';
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { signTicket, TICKET_ACTIONS, TICKET_LIFE_S } from '@latchkey/protocols/lock/ticket';
import { seededRandom } from '../campus/residents.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';
import { hangLocks, pairAndAssign, portalOf } from './hung-locks.test-support.ts';
import { CORRIDOR, countedRandom } from './lock.test-support.ts';
import { createMemoryAir, createMemoryRadio } from './memory-radio.ts';
import type { SimulatedLock } from './simulated-lock.ts';
import { type BadLinks, spoilLinks } from './soak-air.test-support.ts';
import { countSoak, createSoakJournal, type SoakCount } from './soak-count.test-support.ts';
import { createSoakGateway, type SoakGateway } from './soak-gateway.test-support.ts';

export interface SoakOptions {
  readonly locks: number;
  readonly hours: number;
  /** Share of links that break somewhere. */
  readonly badLinks: number;
  readonly seed: number;
}

export interface SoakReport extends BadLinks, SoakCount {
  readonly taps: number;
  readonly powerCuts: number;
  readonly lists: number;
  readonly denies: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Something happens in a corridor of forty rooms about as often. */
const STEP_MS = 15_000;
const LIST_EVERY_MS = 40 * MINUTE_MS;
const DENY_EVERY_MS = 50 * MINUTE_MS;
const FIRST_MS = 10 * MINUTE_MS;
const SETTLE_MS = 30 * MINUTE_MS;
const RESIDENTS = Array.from({ length: 60 }, (_, card) => card + 1);
const STRANGER = 9_999;

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const chance = seededRandom(options.seed);
  const random = countedRandom(`soak ${options.seed}`);
  const authority = await makeAuthority();
  const clock = createVirtualClock(NOW_MS);
  const air = createMemoryAir();
  const timing = { frameMs: 4, connectMs: 80, advertiseEveryMs: 5_000 };
  const radio = createMemoryRadio({ name: 'hci0', air, timers: clock, ...timing });
  const driftOf = () => Math.floor(chance() * 80) - 40;
  const locks = await hangLocks({ count: options.locks, clock, air, random, driftOf });
  const gateway = await createSoakGateway(authority, clock.now, RESIDENTS);
  const journal = createSoakJournal(chance);
  const corridor = createCorridor({
    radio,
    radios: 1,
    clock,
    random,
    own: CORRIDOR,
    sources: gateway.sources,
    keep: journal.keep,
    marks: journal.marks,
    setAlarm: () => undefined,
    onChange: () => undefined,
    log: () => undefined,
  });
  for (const [at, lock] of locks.entries())
    corridor.assign(await pairAndAssign({ radio, lock, portal: portalOf(at), authority, clock, random }));
  const bad = spoilLinks(radio, air, options.badLinks, chance);
  const people = createPeople({ clock, chance, locks, corridor, gateway, authority });

  await gateway.beat();
  await corridor.start();
  const endMs = clock.now() + options.hours * HOUR_MS;
  const counts = { lists: 0, denies: 0 };
  let [nextListMs, nextDenyMs] = [clock.now() + FIRST_MS, clock.now() + 2 * FIRST_MS];
  while (clock.now() < endMs) {
    await clock.advance(Math.floor(chance() * 2 * STEP_MS));
    await gateway.beat();
    if (clock.now() >= nextListMs) {
      nextListMs += LIST_EVERY_MS;
      counts.lists += 1;
      await gateway.list([1_000 + counts.lists], counts.lists % 3 === 0);
      corridor.refresh();
    }
    if (clock.now() >= nextDenyMs) {
      nextDenyMs += DENY_EVERY_MS;
      counts.denies += 1;
      await gateway.deny(RESIDENTS[(counts.denies - 1) % RESIDENTS.length] as number);
      corridor.refresh();
    }
    people.act();
    await clock.advance(0);
  }
  bad.stop();
  people.leave();
  for (let waited = 0; waited < SETTLE_MS; waited += MINUTE_MS) {
    await clock.advance(MINUTE_MS);
    await gateway.beat();
  }
  const report = countSoak({ locks, journal, gateway, corridor, people });
  await clock.until(corridor.close());
  return { taps: people.taps(), powerCuts: people.powerCuts(), ...counts, ...bad.counts(), ...report };
}

interface PeopleParts {
  readonly clock: VirtualClock;
  readonly chance: () => number;
  readonly locks: readonly SimulatedLock[];
  readonly corridor: Corridor;
  readonly gateway: SoakGateway;
  readonly authority: Authority;
}

export type SoakPeople = ReturnType<typeof createPeople>;

/** What people do to the locks, and time to their batteries. */
function createPeople({ clock, chance, locks, corridor, gateway, authority }: PeopleParts) {
  const outcomes = new Map<string, string>();
  const commandKey = KeyObject.from(authority.command.key.key);
  let [taps, asked, powerCuts, wronglyLetIn] = [0, 0, 0, 0];
  const upTo = (most: number) => Math.floor(chance() * most);

  function ask(at: number, lock: SimulatedLock): void {
    asked += 1;
    const commandId = asked.toString(16).padStart(16, '0');
    const issuedS = Math.floor(clock.now() / 1_000);
    const expiresS = issuedS + TICKET_LIFE_S;
    const { open: action } = TICKET_ACTIONS;
    const ticket = { lockId: lock.lockId, commandId, issuedS, expiresS, action, rights: 0, holdS: 0 };
    const bytes = toBase64url(signTicket(CAMPUS, ticket, commandKey));
    void corridor
      .open(portalOf(at), bytes, expiresS * 1_000)
      .then((outcome) => void outcomes.set(commandId, outcome.ok ? 'done' : outcome.code));
  }

  async function tap(lock: SimulatedLock): Promise<void> {
    taps += 1;
    const dice = chance();
    const all = [...gateway.cards];
    const lost = [...gateway.denied.keys()];
    const card = dice < 0.7 ? all[upTo(all.length)] : dice < 0.85 ? lost[upTo(lost.length)] : STRANGER;
    if (card === undefined) return;
    // What the corridor says that the lock has, it must have.
    const mustKnow = (corridor.report(lock.lockId)?.deny?.seq ?? 0) >= (gateway.denied.get(card) ?? Infinity);
    const decision = await lock.present(uidOf(card), 'uid-only').catch(() => undefined);
    if (decision?.outcome === 'granted' && (mustKnow || card === STRANGER)) wronglyLetIn += 1;
  }

  /** At rest, within one of the next writes to the flash, or again while it starts. */
  function cutPower(lock: SimulatedLock): void {
    powerCuts += 1;
    const within = upTo(6);
    const part = (['none', 'half', 'all'] as const)[upTo(3)] ?? 'half';
    if (chance() < 0.5) lock.flash.cutAt({ operation: lock.flash.operations + within, part });
    else lock.cutPower();
    clock.after(20_000, () => {
      if (lock.hasPower()) return lock.flash.cutAt(undefined);
      if (chance() < 0.3) lock.flash.cutAt({ operation: lock.flash.operations + upTo(3), part });
      void lock.powerUp();
    });
    clock.after(40_000, () => {
      lock.flash.cutAt(undefined);
      void lock.powerUp();
    });
  }

  /** Weeks of use in a day; empty ones are changed, with the power gone meanwhile. */
  function drain({ body }: SimulatedLock): void {
    body.setBattery(body.battery <= 3 ? 100 : Math.max(1, body.battery - 5 - upTo(20)));
  }

  return {
    act() {
      const dice = chance();
      const at = upTo(locks.length);
      const lock = locks[at] as SimulatedLock;
      // The card waits for its bolt, and time for nobody.
      if (dice < 0.5) void tap(lock);
      else if (dice < 0.88) ask(at, lock);
      else if (dice < 0.92) cutPower(lock);
      else if (dice < 0.95) drain(lock);
      else if (dice < 0.96) lock.body.turnKnob();
      else lock.body.setDoor(!lock.body.isDoorOpen);
    },
    /** Everybody sleeps, and nothing is broken or empty. */
    leave() {
      for (const lock of locks) {
        lock.body.setDoor(false);
        lock.body.setBattery(100);
      }
    },
    taps: () => taps,
    asked: () => asked,
    powerCuts: () => powerCuts,
    wronglyLetIn: () => wronglyLetIn,
    outcomes: outcomes as ReadonlyMap<string, string>,
  };
}

// SPDX-License-Identifier: Apache-2.0
// A corridor of many locks over hours of virtual time: cards, openings, new lists, links that break, power that goes. The role in
// the controller is the real one, and so are the locks; what is counted is what must never happen.
import { KeyObject } from 'node:crypto';
import { pairLock } from '@latchkey/controller/core/lock-pairing';
import type { LockImage } from '@latchkey/controller/core/lock-push';
import { type Corridor, createCorridor } from '@latchkey/controller/roles/corridor';
import {
  type Authority,
  CAMPUS,
  CAMPUS_PRF_KEY,
  makeAuthority,
  must,
  NOW_MS,
  PRF_KEY,
  SCOPE,
  uidOf,
} from '@latchkey/protocols/authorization/authority.test-support';
import { BEAT } from '@latchkey/protocols/authorization/beat';
import { EMPTY_CHAIN } from '@latchkey/protocols/authorization/deny';
import { encodeRoot, rootDigest } from '@latchkey/protocols/authorization/root-document';
import { signFrame } from '@latchkey/protocols/authorization/signed-frame';
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { fromHex, toHex } from '@latchkey/protocols/bytes/hex';
import type { LockAssignment } from '@latchkey/protocols/lock/assignment';
import { wrapKey } from '@latchkey/protocols/lock/key-wrap';
import { keyPair } from '@latchkey/protocols/lock/noise';
import { signTicket, TICKET_ACTIONS, TICKET_LIFE_S } from '@latchkey/protocols/lock/ticket';
import { seededRandom } from '../campus/residents.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { CORRIDOR, countedRandom, KEY_ID, roomList } from './lock.test-support.ts';
import { createMemoryAir, createMemoryRadio } from './memory-radio.ts';
import { createSimulatedLock, type SimulatedLock } from './simulated-lock.ts';

export interface SoakOptions {
  readonly locks: number;
  readonly hours: number;
  /** Share of links that break somewhere. */
  readonly badLinks: number;
  readonly seed: number;
}

export interface SoakReport {
  readonly taps: number;
  readonly openings: {
    readonly asked: number;
    readonly done: number;
    readonly failed: number;
    readonly unknown: number;
  };
  readonly links: number;
  readonly brokenLinks: number;
  readonly powerCuts: number;
  readonly lists: number;
  /** Records that locks wrote. */
  readonly records: number;
  /** In the journal: each number of each lock once. */
  readonly collected: number;
  readonly twice: number;
  readonly gaps: number;
  /** Commands that drew a bolt more than once, or were told as done without having drawn one. */
  readonly doubleOpenings: number;
  readonly wronglyDone: number;
  /** Locks that do not have the newest list in the end. */
  readonly behind: number;
}

interface Kept {
  readonly lockId: string;
  readonly seq: number;
  readonly what: string;
  readonly subject: string | undefined;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const BEAT_EVERY_MS = 15_000;
const LIST_EVERY_MS = 2 * HOUR_MS;
const CARDS = [1, 2, 3, 4];
const SETTLE_MS = 30 * MINUTE_MS;
const CAMPUS_KEY_ID = 2;
const AD_KEY = 'cd'.repeat(16);

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const chance = seededRandom(options.seed);
  const random = countedRandom(`soak ${options.seed}`);
  const authority = await makeAuthority();
  const clock = createVirtualClock(NOW_MS);
  const air = createMemoryAir();
  const radio = createMemoryRadio({
    name: 'hci0',
    air,
    timers: clock,
    frameMs: 4,
    connectMs: 80,
    advertiseEveryMs: 5_000,
  });
  const locks: SimulatedLock[] = [];
  for (let n = 0; n < options.locks; n += 1) {
    const lock = await createSimulatedLock({
      lockId: n.toString(16).padStart(8, '0') + 'aabbccdd',
      labelCode: random.bytes(16),
      address: `c0:00:00:00:00:${n.toString(16).padStart(2, '0')}`,
      timers: clock,
      random,
      drift: Math.floor(chance() * 80) - 40,
    });
    clock.busy.add(lock.isBusy);
    air.locks.add(lock);
    locks.push(lock);
  }
  const portalOf = (lock: SimulatedLock) => `room-${locks.indexOf(lock) + 101}`;

  const journal: Kept[] = [];
  let gaps = 0;
  const marks = new Map<string, number>();
  const counts = {
    taps: 0,
    asked: 0,
    done: 0,
    failed: 0,
    unknown: 0,
    links: 0,
    brokenLinks: 0,
    powerCuts: 0,
    lists: 0,
  };
  let beat: Uint8Array | undefined;
  let beatMs = 0;
  const waiting: ((frame: Uint8Array) => void)[] = [];
  let version = 1;
  let image = await imageOf(authority, version, CARDS, clock.now());

  const corridor: Corridor = createCorridor({
    radio,
    radios: 1,
    clock,
    random,
    own: CORRIDOR,
    sources: {
      nowMs: clock.now,
      beat: () => beat && { frame: beat, ageMs: clock.now() - beatMs },
      nextBeat: () => new Promise((resolve) => void waiting.push(resolve)),
      deny: () => ({ epoch: 1, seq: 0 }),
      deniesAfter: () => [],
      root: () => ({ version: 1, frame: authority.rootFrame }),
      image: ({ prf }) => {
        const wrapped = fromHex(prf?.wrapped ?? '');
        return { ...image, wrappedKey: wrapped.ok ? wrapped.value : undefined };
      },
    },
    keep: async (event) => {
      if (event.type === 'lock-log-gap') gaps += 1;
      if (event.type === 'lock-event')
        journal.push({ lockId: event.lockId, seq: event.seq, what: event.what, subject: event.subject });
      return true;
    },
    marks: {
      next: (lockId) => marks.get(lockId) ?? 0,
      raise: async (lockId, next) => void marks.set(lockId, next),
    },
    setAlarm: () => undefined,
    onChange: () => undefined,
    log: () => undefined,
  });

  for (const lock of locks) corridor.assign(await pairAndAssign(lock));

  async function pairAndAssign(lock: SimulatedLock): Promise<LockAssignment> {
    const link = await clock.until(radio.connect(lock.address, 5_000));
    const block = {
      corridor: toHex(CORRIDOR.open),
      lockId: lock.lockId,
      campusId: CAMPUS,
      scopeId: SCOPE,
      advertisementKey: AD_KEY,
      rootDigest: rootDigest(encodeRoot(authority.document)),
    };
    const parts = { link, clock, ephemeral: keyPair(random.bytes(32)), code: lock.labelCode, block };
    must(await clock.until(pairLock({ ...parts, rootFrame: authority.rootFrame, deadlineMs: 5_000 })));
    const sealed = (key: Uint8Array, id: number) =>
      toHex(wrapKey(key, id, lock.key(), keyPair(random.bytes(32))) as Uint8Array);
    return {
      device: 'corridor-1' as LockAssignment['device'],
      lockId: lock.lockId,
      portal: portalOf(lock) as LockAssignment['portal'],
      scope: SCOPE,
      order: 1,
      key: toHex(lock.key()),
      advertisementKey: AD_KEY,
      prf: { id: KEY_ID, wrapped: sealed(PRF_KEY, KEY_ID) },
      campus: { id: CAMPUS_KEY_ID, wrapped: sealed(CAMPUS_PRF_KEY, CAMPUS_KEY_ID) },
      servesUntilMs: null,
    };
  }

  // A bad link breaks at some frame of its first hundred.
  let framesLeft = Number.POSITIVE_INFINITY;
  const plain = radio.connect.bind(radio);
  radio.connect = (address, deadlineMs) => {
    counts.links += 1;
    framesLeft = chance() < options.badLinks ? Math.floor(chance() * 100) : Number.POSITIVE_INFINITY;
    return plain(address, deadlineMs);
  };
  air.fate = () => {
    framesLeft -= 1;
    if (framesLeft !== 0) return 'pass';
    counts.brokenLinks += 1;
    return 'cut';
  };

  const outcomes = new Map<string, string>();
  const asking = new Set<Promise<unknown>>();
  let commands = 0;
  function ask(lock: SimulatedLock): void {
    commands += 1;
    const commandId = commands.toString(16).padStart(16, '0');
    const issuedS = Math.floor(clock.now() / 1_000);
    const expiresS = issuedS + TICKET_LIFE_S;
    const ticket = {
      lockId: lock.lockId,
      commandId,
      issuedS,
      expiresS,
      action: TICKET_ACTIONS.open,
      rights: 0,
      holdS: 0,
    };
    const bytes = signTicket(CAMPUS, ticket, KeyObject.from(authority.command.key.key));
    counts.asked += 1;
    const asked = corridor.open(portalOf(lock), toBase64url(bytes), expiresS * 1_000).then((outcome) => {
      outcomes.set(commandId, outcome.ok ? 'done' : outcome.code);
      if (outcome.ok) counts.done += 1;
      else if (outcome.code === 'outcome-unknown') counts.unknown += 1;
      else counts.failed += 1;
      asking.delete(asked);
    });
    asking.add(asked);
  }

  const any = () => locks[Math.floor(chance() * locks.length)] as SimulatedLock;
  async function step(): Promise<void> {
    const dice = chance();
    const lock = any();
    if (dice < 0.6) {
      counts.taps += 1;
      const card = chance() < 0.8 ? CARDS[Math.floor(chance() * CARDS.length)] : 99;
      await lock.present(uidOf(card ?? 99), 'uid-only').catch(() => undefined);
    } else if (dice < 0.95) ask(lock);
    else if (dice < 0.97) {
      counts.powerCuts += 1;
      lock.cutPower();
      clock.after(20_000, () => void lock.powerUp());
    } else lock.body.setDoor(!lock.body.isDoorOpen);
  }

  let beatSeq = 0;
  async function tick(): Promise<void> {
    beatSeq += 1;
    const value = { campusId: CAMPUS, epoch: 1, beatSeq, timeMs: clock.now(), denySeq: 0, denyChain: EMPTY_CHAIN };
    beat = await signFrame(BEAT.encode(value), [authority.deny.key]);
    beatMs = value.timeMs;
    for (const resolve of waiting.splice(0)) resolve(beat);
  }

  await tick();
  await corridor.start();
  const endMs = clock.now() + options.hours * HOUR_MS;
  let nextListMs = clock.now() + LIST_EVERY_MS;
  /** One thing in a corridor of forty rooms about every 15 s. */
  while (clock.now() < endMs) {
    await clock.advance(Math.floor(chance() * 2 * BEAT_EVERY_MS));
    await tick();
    if (clock.now() >= nextListMs) {
      nextListMs += LIST_EVERY_MS;
      version += 2;
      counts.lists += 1;
      image = await imageOf(authority, version, [...CARDS, 10 + version], clock.now());
      corridor.refresh();
    }
    // The card waits for its bolt, and time for nobody.
    const done = step();
    await clock.advance(0);
    void done;
  }
  air.fate = () => 'pass';
  framesLeft = Number.POSITIVE_INFINITY;
  for (let waited = 0; waited < SETTLE_MS; waited += MINUTE_MS) {
    await clock.advance(MINUTE_MS);
    await tick();
  }
  const report = count(locks, journal, gaps, outcomes, corridor, version);
  await clock.until(corridor.close());
  const { taps, asked, done, failed, unknown, links, brokenLinks, powerCuts, lists } = counts;
  return { taps, openings: { asked, done, failed, unknown }, links, brokenLinks, powerCuts, lists, ...report };
}

async function imageOf(
  authority: Authority,
  version: number,
  cards: readonly number[],
  nowMs: number,
): Promise<LockImage> {
  // Two versions at once: whoever missed the one between has nothing to follow.
  return roomList(authority, { version, cards, nowMs, previousHeadHash: new Uint8Array(32) });
}

function count(
  locks: readonly SimulatedLock[],
  journal: readonly Kept[],
  gaps: number,
  outcomes: ReadonlyMap<string, string>,
  corridor: Corridor,
  version: number,
) {
  const numbers = new Set(journal.map(({ lockId, seq }) => `${lockId} ${seq}`));
  const opened = new Map<string, number>();
  for (const { what, subject } of journal)
    if (what === 'command-done' && subject !== undefined) opened.set(subject, (opened.get(subject) ?? 0) + 1);
  const records = locks.reduce((sum, lock) => sum + lock.records(), 0);
  return {
    records,
    collected: numbers.size,
    twice: journal.length - numbers.size,
    gaps,
    doubleOpenings: [...opened.values()].filter((times) => times > 1).length,
    wronglyDone: [...outcomes].filter(([id, outcome]) => outcome === 'done' && !opened.has(id)).length,
    behind: corridor.reports().filter(({ list }) => list?.version !== version).length,
  };
}

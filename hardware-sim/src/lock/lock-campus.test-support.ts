// SPDX-License-Identifier: Apache-2.0
// Simulated locks of one campus, paired with one corridor's key or several, and what a corridor brings them: for tests and benches
// of the real role over whichever radio they hang.
import { KeyObject } from 'node:crypto';
import { pairLock } from '@latchkey/controller/core/lock-pairing';
import type { LockImage } from '@latchkey/controller/core/lock-push';
import type { VisitSources } from '@latchkey/controller/roles/lock-visit';
import {
  type Authority,
  CAMPUS,
  CAMPUS_PRF_KEY,
  idOf,
  makeAuthority,
  must,
  PRF_KEY,
  SCOPE,
} from '@latchkey/protocols/authorization/authority.test-support';
import { BEAT } from '@latchkey/protocols/authorization/beat';
import { createPrf } from '@latchkey/protocols/authorization/credential-id';
import { chainAfter, type DenyOp, EMPTY_CHAIN, encodeDeny } from '@latchkey/protocols/authorization/deny';
import { encodeRoot, rootDigest } from '@latchkey/protocols/authorization/root-document';
import { signFrame } from '@latchkey/protocols/authorization/signed-frame';
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { fromHex, toHex } from '@latchkey/protocols/bytes/hex';
import { sealJson } from '@latchkey/protocols/commands/seal';
import type { LockAssignment } from '@latchkey/protocols/lock/assignment';
import { corridorKeys } from '@latchkey/protocols/lock/corridor-keys';
import type { LockKeyOrder } from '@latchkey/protocols/lock/key-wrap';
import { type KeyPair, keyPair } from '@latchkey/protocols/lock/noise';
import { signTicket, TICKET_ACTIONS, TICKET_LIFE_S, type Ticket } from '@latchkey/protocols/lock/ticket';
import {
  CAMPUS_ORDER,
  CORRIDOR,
  countedRandom,
  KEY_ID,
  roomList,
  SCOPE_ORDER,
  wrappedFor,
} from './lock.test-support.ts';
import { createMemoryAir, createMemoryRadio } from './memory-radio.ts';
import { createSimulatedLock, type SimulatedLock } from './simulated-lock.ts';

interface CampusClock {
  now(): number;
  monotonic(): number;
  after(delayMs: number, action: () => void): () => void;
  /** Of a virtual clock: it stands still while a lock computes. */
  readonly busy?: Set<() => boolean>;
  /** Waits for it, on whatever time this is. */
  until<T>(promise: Promise<T>): Promise<T>;
}

export interface LockCampus {
  readonly authority: Authority;
  readonly locks: readonly SimulatedLock[];
  /** What a corridor brings, as it stands now. */
  readonly sources: VisitSources;
  assignment(lock: SimulatedLock, more?: Partial<LockAssignment>): LockAssignment;
  /** From now on this is the list of every lock, one version on. */
  setList(cards: readonly number[]): Promise<LockImage>;
  deny(card: number): Promise<void>;
  /** A new beat; whoever waits for one has it. */
  beat(): Promise<void>;
  ticket(lock: SimulatedLock, more?: Partial<Ticket>): { text: string; commandId: string; expiresMs: number };
}

export interface LockCampusOptions {
  readonly clock: CampusClock;
  readonly locks: number;
  /** All that the locks admit; the first one pairs them. */
  readonly corridors?: readonly KeyPair[];
}

const AD_KEY = 'cd'.repeat(16);
const PAIR_MS = 5_000;

export async function createLockCampus(options: LockCampusOptions): Promise<LockCampus> {
  const { clock, corridors = [CORRIDOR] } = options;
  const authority = await makeAuthority();
  const random = countedRandom('campus');
  const locks = await makeLocks(options.locks, clock, random);
  await pairAll(locks, { clock, authority, own: corridors[0] as KeyPair, random });

  const heads = new Map<number, Uint8Array>();
  const denies: Uint8Array[] = [];
  let chain: Uint8Array = EMPTY_CHAIN;
  let image: LockImage | undefined;
  let beatSeq = 0;
  let commands = 0;
  let beat: { readonly frame: Uint8Array; readonly timeMs: number } | undefined;
  const waiting: ((frame: Uint8Array) => void)[] = [];
  const sealed = (lock: SimulatedLock, key: Uint8Array, order: Pick<LockKeyOrder, 'kind' | 'keyId'>) =>
    toHex(wrappedFor(lock, authority, key, order, random));
  const wrapped = new Map(
    locks.map((lock) => [
      lock.lockId,
      { prf: sealed(lock, PRF_KEY, SCOPE_ORDER), campus: sealed(lock, CAMPUS_PRF_KEY, CAMPUS_ORDER) },
    ]),
  );
  const admissions = new Map<string, string>();
  for (const { lockId } of corridors.length > 1 ? locks : []) {
    const value = { lockId, order: 1, corridors: corridors.map(({ open }) => toHex(open)) };
    admissions.set(lockId, toBase64url(await sealJson('LKG1', corridorKeys, value, authority.command.key)));
  }

  return {
    authority,
    locks,
    sources: {
      nowMs: clock.now,
      beat: () => beat && { frame: beat.frame, ageMs: clock.now() - beat.timeMs },
      nextBeat: () => new Promise((resolve) => void waiting.push(resolve)),
      deny: () => ({ epoch: 1, seq: denies.length }),
      deniesAfter: (epoch, seq) => denies.slice(epoch === 1 ? seq : 0),
      root: () => ({ version: 1, frame: authority.rootFrame }),
      image({ prf }) {
        const key = fromHex(prf?.wrapped ?? '');
        return image && { ...image, wrappedKey: key.ok ? key.value : undefined };
      },
    },
    assignment(lock, more = {}) {
      const { prf, campus } = wrapped.get(lock.lockId) as { prf: string; campus: string };
      const frame = admissions.get(lock.lockId);
      return {
        device: 'corridor-1' as LockAssignment['device'],
        lockId: lock.lockId,
        portal: `room-${locks.indexOf(lock) + 101}` as LockAssignment['portal'],
        scope: SCOPE,
        order: 1,
        key: toHex(lock.key()),
        advertisementKey: AD_KEY,
        prf: { id: KEY_ID, wrapped: prf },
        campus: { id: CAMPUS_ORDER.keyId, wrapped: campus },
        ...(frame === undefined ? {} : { corridors: { order: 1, frame } }),
        servesUntilMs: null,
        ...more,
      };
    },
    async setList(cards) {
      const version = (image?.version ?? 0) + 1;
      const previousHeadHash = heads.get(version - 1) ?? new Uint8Array(32);
      image = await roomList(authority, { version, cards, nowMs: clock.now(), previousHeadHash });
      heads.set(version, must(fromHex(image.digest)));
      return image;
    },
    async deny(card) {
      const key8 = createPrf(CAMPUS_PRF_KEY).key(idOf(card));
      const ops: DenyOp[] = [{ key8, kind: 'deny', reason: 'lost', minute: 0 }];
      const header = { campusId: CAMPUS, epoch: 1, firstSeq: denies.length + 1, issuedAtMs: clock.now() };
      denies.push(await signFrame(encodeDeny({ ...header, previousChain: chain, ops }), [authority.deny.key]));
      chain = chainAfter(chain, ops);
    },
    async beat() {
      beatSeq += 1;
      const timeMs = clock.now();
      const value = { campusId: CAMPUS, epoch: 1, beatSeq, timeMs, denySeq: denies.length, denyChain: chain };
      const frame = await signFrame(BEAT.encode(value), [authority.deny.key]);
      beat = { frame, timeMs };
      for (const resolve of waiting.splice(0)) resolve(frame);
    },
    ticket({ lockId }, more = {}) {
      commands += 1;
      const commandId = commands.toString(16).padStart(16, '0');
      const issuedS = Math.floor(clock.now() / 1_000);
      const expiresS = issuedS + TICKET_LIFE_S;
      const base = { lockId, commandId, issuedS, expiresS, action: TICKET_ACTIONS.open, rights: 0, holdS: 0 };
      const ticket = { ...base, ...more };
      const bytes = signTicket(CAMPUS, ticket, KeyObject.from(authority.command.key.key));
      return { text: toBase64url(bytes), commandId, expiresMs: ticket.expiresS * 1_000 };
    },
  };
}

async function makeLocks(count: number, timers: CampusClock, random: ReturnType<typeof countedRandom>) {
  const locks: SimulatedLock[] = [];
  for (let n = 1; n <= count; n += 1) {
    const last = n.toString(16).padStart(2, '0');
    const lockId = `000000${last}aabbccdd`;
    const address = `c0:00:00:00:00:${last}`;
    const lock = await createSimulatedLock({ lockId, labelCode: random.bytes(16), address, timers, random });
    timers.busy?.add(lock.isBusy);
    locks.push(lock);
  }
  return locks;
}

/** Over a link of their own, before any of them hangs in the air that is looked at. */
async function pairAll(
  locks: readonly SimulatedLock[],
  with_: {
    clock: CampusClock;
    authority: Authority;
    own: KeyPair;
    random: ReturnType<typeof countedRandom>;
  },
): Promise<void> {
  const { clock, authority, own, random } = with_;
  const air = createMemoryAir();
  for (const lock of locks) air.locks.add(lock);
  const radio = createMemoryRadio({ name: 'bench', air, timers: clock });
  for (const lock of locks) {
    const link = await clock.until(radio.connect(lock.address, PAIR_MS));
    const block = {
      corridor: toHex(own.open),
      lockId: lock.lockId,
      campusId: CAMPUS,
      scopeId: SCOPE,
      advertisementKey: AD_KEY,
      rootDigest: rootDigest(encodeRoot(authority.document)),
    };
    const parts = { link, clock, ephemeral: keyPair(random.bytes(32)), code: lock.labelCode, block };
    must(await clock.until(pairLock({ ...parts, rootFrame: authority.rootFrame, deadlineMs: PAIR_MS })));
  }
  await radio.close();
}

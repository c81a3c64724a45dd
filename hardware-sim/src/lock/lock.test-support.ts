// SPDX-License-Identifier: Apache-2.0
// A lock, whoever signs for it, and a corridor's session with it, on a clock that tests move.
import { createHash, hkdfSync, KeyObject } from 'node:crypto';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import { type LockImage, pushCampusKey, pushList, readStatus, tellTime } from '@latchkey/controller/core/lock-push';
import { type LockSession, openLockSession } from '@latchkey/controller/core/lock-session';
import type { LockLink, LockRadio } from '@latchkey/controller/ports/lock-radio';
import {
  type Authority,
  CAMPUS,
  CAMPUS_PRF_KEY,
  entriesOf,
  idOf,
  makeAuthority,
  makeList,
  must,
  NOW_MS,
  PRF_KEY,
  SCOPE,
  uidOf,
} from '@latchkey/protocols/authorization/authority.test-support';
import { BEAT } from '@latchkey/protocols/authorization/beat';
import { createPrf } from '@latchkey/protocols/authorization/credential-id';
import type { DeltaEnd } from '@latchkey/protocols/authorization/delta';
import { type Deny, EMPTY_CHAIN, encodeDeny } from '@latchkey/protocols/authorization/deny';
import { HEAD, headHash } from '@latchkey/protocols/authorization/head';
import type { SigningKey } from '@latchkey/protocols/authorization/keys';
import { encodeListFile } from '@latchkey/protocols/authorization/list-file';
import { encodePolicy, type PolicyDocument } from '@latchkey/protocols/authorization/policy';
import { encodeRoot, rootDigest } from '@latchkey/protocols/authorization/root-document';
import { signFrame } from '@latchkey/protocols/authorization/signed-frame';
import { concatBytes } from '@latchkey/protocols/bytes/equal';
import { fromHex, toHex } from '@latchkey/protocols/bytes/hex';
import { type JoinState, joinFrame, splitMessage } from '@latchkey/protocols/lock/framing';
import { type LockKeyOrder, wrapKey } from '@latchkey/protocols/lock/key-wrap';
import { ENVELOPES, type LockMessage, readLockMessage, writeLockMessage } from '@latchkey/protocols/lock/messages';
import { createHandshake, keyPair } from '@latchkey/protocols/lock/noise';
import { PAIRING_INFO, pairingPrologue } from '@latchkey/protocols/lock/prologue';
import { signTicket, TICKET_ACTIONS, TICKET_LIFE_S, type Ticket } from '@latchkey/protocols/lock/ticket';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';
import { createMemoryAir, createMemoryRadio, type MemoryAir } from './memory-radio.ts';
import { createSimulatedLock, type SimulatedLock } from './simulated-lock.ts';

export const LOCK_ID = '00112233445566aa';
export const LABEL = Uint8Array.from({ length: 16 }, (_, at) => at * 3);
export const CORRIDOR = keyPair(new Uint8Array(32).fill(7));
const ADVERTISEMENT_KEY = 'cd'.repeat(16);
export const KEY_ID = 1;
const CAMPUS_KEY_ID = 2;
const WAIT_MS = 3_000;

/** The same in every run: a counter under a hash. */
export function countedRandom(seed: string): { bytes(count: number): Uint8Array } {
  let calls = 0;
  return {
    bytes(count) {
      calls += 1;
      const made = createHash('sha512').update(`${seed} ${calls}`).digest();
      if (count > made.length) throw new RangeError('at most 64 bytes at once');
      return new Uint8Array(made.subarray(0, count));
    },
  };
}

/** Lists are made now, and hold for a week. */
const datesFrom = (ms: number) => {
  const minute = Math.floor(ms / 60_000);
  return { issuedAtMs: ms, refreshBy: minute + 1_440, hardExpiry: minute + 10_080 };
};

/** A room: one portal, everybody in the list at any time. */
const POLICY: PolicyDocument = {
  format: 1,
  timeZone: 'Asia/Shanghai',
  holidays: [],
  schedules: [
    {
      id: 'always',
      intervals: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', until: '24:00' }],
      onHolidays: 'as-usual',
    },
  ],
  portals: [
    { id: 'room-101' as never, antiPassback: { mode: 'off' }, afterExpiry: 'keep-residents', askGateway: false },
  ],
  profiles: [{ rules: [{ portals: [0], schedule: 0 }], kind: 'resident' }],
};

type RigClock = Pick<VirtualClock, 'now' | 'monotonic' | 'after' | 'advance' | 'until'>;

/** Real time, for radios that have it: nothing can move it. */
const LIVE: RigClock = {
  ...systemClock,
  advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  until: (promise) => promise,
};

type ListChange = NonNullable<Parameters<typeof makeList>[1]>;

/** A key as the gateway seals and signs it for one lock. */
export function wrappedFor(
  lock: Pick<SimulatedLock, 'key'>,
  authority: Pick<Authority, 'command'>,
  key: Uint8Array,
  order: Pick<LockKeyOrder, 'kind' | 'keyId'>,
  random: { bytes(count: number): Uint8Array },
): Uint8Array {
  const signing = KeyObject.from(authority.command.key.key);
  const wrapped = wrapKey(key, { campusId: CAMPUS, ...order }, lock.key(), keyPair(random.bytes(32)), signing);
  if (!wrapped) throw new Error('the key of the lock is of small order');
  return wrapped;
}
export const SCOPE_ORDER = { kind: 'scope', keyId: KEY_ID } as const;
export const CAMPUS_ORDER = { kind: 'campus', keyId: CAMPUS_KEY_ID } as const;

/** A list as a lock takes it, and what a delta to the next is made from. */
export interface RoomList extends LockImage {
  readonly sealed: DeltaEnd;
}

/** A list of these cards for the room, signed now. */
export async function roomList(
  authority: Authority,
  { cards, nowMs, ...more }: { cards: readonly number[]; nowMs: number } & Partial<ListChange>,
): Promise<RoomList> {
  const made = await makeList(authority.list.key, {
    policy: encodePolicy(POLICY),
    entries: entriesOf(cards),
    prfKeyId: KEY_ID,
    prf: createPrf(PRF_KEY),
    ...datesFrom(nowMs),
    ...more,
  });
  const { epoch, version } = made.head;
  const digest = headHash(HEAD.encode(made.head));
  return { epoch, version, digest, headFrame: made.headFrame, file: encodeListFile(made), keyId: KEY_ID, sealed: made };
}

export interface LockRig {
  readonly clock: RigClock;
  readonly air: MemoryAir;
  readonly radio: LockRadio;
  readonly lock: SimulatedLock;
  readonly authority: Authority;
  pair(
    label?: Uint8Array,
    other?: Partial<LockMessage<'pair'>>,
  ): Promise<Extract<LockMessage, { kind: 'paired' }> | string>;
  /** Paired, with time, keys and a list of these cards. */
  furnish(cards: readonly number[]): Promise<void>;
  session(own?: typeof CORRIDOR): Promise<LockSession>;
  /** Waits for it on the virtual clock. */
  run<T>(promise: Promise<T>): Promise<T>;
  image(version: number, cards: readonly number[], more?: Partial<ListChange>): Promise<RoomList>;
  push(image: LockImage): Promise<string>;
  /** Signed by the campus, or by another key. */
  beat(change?: Partial<Parameters<typeof BEAT.encode>[0]>, key?: SigningKey): Promise<Uint8Array>;
  tellTime(): Promise<void>;
  deny(firstSeq: number, cards: readonly number[], before?: Uint8Array): Promise<{ frame: Uint8Array; deny: Deny }>;
  ticket(change?: Partial<Ticket>): Uint8Array;
  status(): Promise<Extract<LockMessage, { kind: 'status-is' }>>;
  open(ticket: Uint8Array, session?: LockSession): Promise<string[]>;
}

let shared: Promise<Authority> | undefined;

export async function createLockRig(
  options: { room?: number; frameMs?: number; drift?: number; isLive?: boolean } = {},
): Promise<LockRig> {
  shared ??= makeAuthority();
  const authority = await shared;
  const virtual = createVirtualClock(NOW_MS);
  const clock = options.isLive ? LIVE : virtual;
  const air = createMemoryAir();
  const lock = await createSimulatedLock({
    lockId: LOCK_ID,
    labelCode: LABEL,
    address: 'c0:00:00:00:00:01',
    timers: clock,
    random: countedRandom('lock'),
    ...(options.drift === undefined ? {} : { drift: options.drift }),
  });
  virtual.busy.add(lock.isBusy);
  air.locks.add(lock);
  const { room, frameMs = 0 } = options;
  const radio = createMemoryRadio({
    name: 'hci0',
    air,
    timers: clock,
    frameMs,
    ...(room === undefined ? {} : { room }),
  });
  const random = countedRandom('corridor');
  const run = <T>(promise: Promise<T>) => clock.until(promise);
  const heads = new Map<number, Uint8Array>();
  let beatSeq = 0;
  let commands = 0;

  async function session(own = CORRIDOR): Promise<LockSession> {
    const link = await run(radio.connect(lock.address, WAIT_MS));
    const ephemeral = keyPair(random.bytes(32));
    const parts = { link, lockId: LOCK_ID, own, peer: lock.key(), ephemeral, clock, deadlineMs: WAIT_MS };
    return must(await run(openLockSession(parts)));
  }

  async function withSession<T>(work: (session: LockSession) => Promise<T>): Promise<T> {
    const opened = await session();
    const result = await run(work(opened));
    await run(opened.close());
    return result;
  }

  const rig: LockRig = {
    clock,
    air,
    radio,
    lock,
    authority,
    run,
    session,
    async pair(label = LABEL, other = {}) {
      const link = await run(radio.connect(lock.address, WAIT_MS));
      const answer = await run(pairOver(link, label, authority, random, other));
      await link.close();
      return answer;
    },
    async furnish(cards) {
      await rig.pair();
      await rig.tellTime();
      const campus = wrappedFor(lock, authority, CAMPUS_PRF_KEY, CAMPUS_ORDER, random);
      await withSession((opened) => pushCampusKey(opened, CAMPUS_KEY_ID, campus));
      await rig.push(await rig.image(1, cards));
    },
    async image(version, cards, more = {}) {
      const previousHeadHash = heads.get(version - 1) ?? new Uint8Array(32);
      const made = await roomList(authority, { version, cards, nowMs: clock.now(), previousHeadHash, ...more });
      if (!heads.has(version)) heads.set(version, must(fromHex(made.digest)));
      return { ...made, wrappedKey: wrappedFor(lock, authority, PRF_KEY, SCOPE_ORDER, random) };
    },
    push: (image) =>
      withSession(async (opened) => {
        const status = must(await readStatus(opened));
        const pushed = await pushList(opened, status, image);
        return pushed.ok ? 'ok' : pushed.code;
      }),
    async beat(change = {}, key = authority.deny.key) {
      beatSeq += 1;
      const base = { campusId: CAMPUS, epoch: 1, beatSeq, timeMs: clock.now(), denySeq: 0, denyChain: EMPTY_CHAIN };
      return signFrame(BEAT.encode({ ...base, ...change }), [key]);
    },
    async tellTime() {
      const beat = await rig.beat();
      must(await withSession((opened) => tellTime(opened, beat)));
    },
    async deny(firstSeq, cards, previousChain = EMPTY_CHAIN) {
      const prf = createPrf(CAMPUS_PRF_KEY);
      const deny: Deny = {
        campusId: CAMPUS,
        epoch: 1,
        firstSeq,
        issuedAtMs: clock.now(),
        previousChain,
        ops: cards.map((card) => ({ key8: prf.key(idOf(card)), kind: 'deny', reason: 'lost', minute: 0 })),
      };
      return { deny, frame: await signFrame(encodeDeny(deny), [authority.deny.key]) };
    },
    ticket(change = {}) {
      commands += 1;
      const issuedS = Math.floor(clock.now() / 1_000);
      const commandId = commands.toString(16).padStart(16, '0');
      const base = { lockId: LOCK_ID, commandId, issuedS, expiresS: issuedS + TICKET_LIFE_S, rights: 0, holdS: 0 };
      const key = KeyObject.from(authority.command.key.key);
      return signTicket(CAMPUS, { ...base, action: TICKET_ACTIONS.open, ...change }, key);
    },
    status: () => withSession(async (opened) => must(await readStatus(opened))),
    async open(ticket, given) {
      const opened = given ?? (await session());
      const words: string[] = [];
      const done = opened.converse(
        [{ kind: 'open', tail: ticket }],
        (reply) => {
          words.push(wordOf(reply));
          return reply.kind === 'accepted' ? undefined : true;
        },
        WAIT_MS,
      );
      const result = await run(done);
      if (!result.ok) words.push(result.code);
      if (!given) await run(opened.close());
      return words;
    },
  };
  return rig;
}

const wordOf = (reply: LockMessage): string => ('code' in reply ? `${reply.kind} ${reply.code}` : reply.kind);

/** As a corridor pairs, message by message; a word where the lock refuses. */
async function pairOver(
  link: LockLink,
  label: Uint8Array,
  { document, rootFrame }: Authority,
  random: { bytes(count: number): Uint8Array },
  other: Partial<LockMessage<'pair'>>,
): Promise<Extract<LockMessage, { kind: 'paired' }> | string> {
  const psk = new Uint8Array(hkdfSync('sha256', label, new Uint8Array(0), PAIRING_INFO, 32));
  const prologue = pairingPrologue(LOCK_ID);
  const handshake = createHandshake({
    pattern: 'NNpsk2',
    initiator: true,
    prologue,
    ephemeral: keyPair(random.bytes(32)),
    psk,
  });
  const messages = readMessages(link);
  let sequence = 0;
  const send = async (message: Uint8Array) => {
    const frames = splitMessage(message, link.room, sequence);
    sequence = (sequence + frames.length) % 64;
    for (const frame of frames) await link.write(frame);
  };
  await send(concatBytes([Uint8Array.of(ENVELOPES.pair1), must(handshake.write())]));
  const greeting = await messages();
  if (greeting === undefined) return 'link-lost';
  if (greeting[0] === ENVELOPES.refused) return `refused ${greeting[1]}`;
  if (!handshake.read(greeting.slice(1)).ok) return 'wrong-code';
  const noise = handshake.session();
  if (!noise) return 'no-session';
  const block = {
    corridor: toHex(CORRIDOR.open),
    lockId: LOCK_ID,
    campusId: CAMPUS,
    scopeId: SCOPE,
    advertisementKey: ADVERTISEMENT_KEY,
    rootDigest: rootDigest(encodeRoot(document)),
    ...other,
  };
  const message = writeLockMessage({ kind: 'pair', number: 1, ...block, tail: rootFrame });
  await send(concatBytes([Uint8Array.of(ENVELOPES.record), noise.send.seal(message)]));
  const answer = await messages();
  if (answer === undefined) return 'link-lost';
  const reply = must(readLockMessage(must(noise.receive.open(answer.slice(1)))));
  return reply.kind === 'paired' ? reply : reply.kind;
}

/** Whole messages from a link, one by one; `undefined` once it has ended. */
function readMessages(link: LockLink): () => Promise<Uint8Array | undefined> {
  const come: (Uint8Array | undefined)[] = [];
  let wake: (() => void) | undefined;
  let state: JoinState | undefined;
  const give = (message: Uint8Array | undefined) => {
    come.push(message);
    wake?.();
  };
  link.onFrame((frame) => {
    const joined = must(joinFrame(state, frame));
    state = joined.state;
    if (joined.message) give(joined.message);
  });
  link.onClosed(() => give(undefined));
  return async () => {
    if (come.length === 0)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    return come.shift();
  };
}

export { must, uidOf };

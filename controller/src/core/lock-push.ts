// SPDX-License-Identifier: Apache-2.0
// What a corridor brings to a lock in a session: time, denies, root, key, list (by delta where it fits, else whole, from where
// the last transfer broke off). Only what the lock answers counts as done.
import { frontOf } from '@latchkey/protocols/authorization/list-file';
import { type LockCode, type LockMessage, lockCodeOf } from '@latchkey/protocols/lock/messages';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { LockRequest, LockSession, LockSessionFault } from './lock-session.ts';

export type PushFault = LockSessionFault | LockCode | 'protocol-broken';
type Pushed<T> = Result<T, PushFault>;
export type LockStatus = Extract<LockMessage, { kind: 'status-is' }>;

/** A list as it lies in a lock: the list file (authorization/list-file), with what begins its transfer. */
export interface LockImage {
  readonly epoch: number;
  readonly version: number;
  /** Hash of the head. */
  readonly digest: string;
  readonly headFrame: Uint8Array;
  readonly file: Uint8Array;
  readonly keyId: number;
  /** Its key sealed to the lock, where the gateway sent it. */
  readonly wrappedKey?: Uint8Array | undefined;
  /** From the version the lock has; absent where none is known or it would be larger. */
  readonly delta?: (fromVersion: number) => Uint8Array | undefined;
}

export const REPLY_MS = 3_000;
/** A lock checks signatures and writes flash before it answers. */
const COMMIT_MS = 8_000;
/** Chunks that a lock answers once. */
const WINDOW = 16;
/** On the way at a time. */
const MOST_WINDOWS = 2;
/** Kind and number, offset; tag of the record; envelope; head of the first frame. */
const CHUNK_OVERHEAD = 2 + 4 + 16 + 1 + 3;
const LEAST_CHUNK = 64;
const MESSAGE_CHUNK = 218;
/** A transfer that the lock sent back to another offset this often does not get anywhere. */
const MOST_TURNS = 8;

type ReplyOf<K extends LockMessage['kind']> = Extract<LockMessage, { kind: K }>;

/** One request and its only right reply; `refused` and codes other than ok are faults. */
export async function ask<K extends LockMessage['kind']>(
  session: LockSession,
  request: LockRequest,
  kind: K,
  waitMs = REPLY_MS,
): Promise<Pushed<ReplyOf<K>>> {
  const reply = await session.request(request, waitMs);
  if (!reply.ok) return reply;
  if (reply.value.kind === 'refused') return err(lockCodeOf(reply.value.code));
  if (reply.value.kind !== kind) return err('protocol-broken', `expected ${kind}`);
  if ('code' in reply.value && reply.value.code !== 0) return err(lockCodeOf(reply.value.code));
  return ok(reply.value as ReplyOf<K>);
}

export const readStatus = (session: LockSession): Promise<Pushed<LockStatus>> =>
  ask(session, { kind: 'status' }, 'status-is');

export const tellTime = (session: LockSession, beat: Uint8Array) =>
  ask(session, { kind: 'time', tail: beat }, 'time-is');

export const pushDeny = (session: LockSession, frame: Uint8Array) =>
  ask(session, { kind: 'deny', tail: frame }, 'deny-is', COMMIT_MS);

export const pushRoot = (session: LockSession, frame: Uint8Array) =>
  ask(session, { kind: 'root', tail: frame }, 'root-is', COMMIT_MS);

export const pushCampusKey = (session: LockSession, keyId: number, wrapped: Uint8Array) =>
  ask(session, { kind: 'campus-key', keyId, tail: wrapped }, 'key-is', COMMIT_MS);

export const pushCorridors = (session: LockSession, frame: Uint8Array) =>
  ask(session, { kind: 'corridors', tail: frame }, 'corridors-are', COMMIT_MS);

export type ListPushed = Pushed<{ readonly epoch: number; readonly version: number; readonly bytes: number }>;

/** Brings the list and its key. A lock that has it already, or a newer one, is left as it is. */
export async function pushList(session: LockSession, status: LockStatus, image: LockImage): Promise<ListPushed> {
  const { epoch, version } = status;
  if (epoch > image.epoch || (epoch === image.epoch && version >= image.version))
    return ok({ epoch, version, bytes: 0 });
  if (status.keyId !== image.keyId) {
    if (!image.wrappedKey) return err('unsupported', 'the key of the list is not here yet');
    const key = await ask(
      session,
      { kind: 'list-key', keyId: image.keyId, tail: image.wrappedKey },
      'key-is',
      COMMIT_MS,
    );
    if (!key.ok) return key;
  }
  const delta = epoch === image.epoch && version > 0 ? image.delta?.(version) : undefined;
  if (delta) {
    const changed = await pushDelta(session, version, image, delta);
    if (changed.ok || !session.isOpen()) return changed;
  }
  return pushWhole(session, status, image);
}

async function pushDelta(session: LockSession, from: number, image: LockImage, delta: Uint8Array): Promise<ListPushed> {
  const tail = new Uint8Array(2 + image.headFrame.length + delta.length);
  new DataView(tail.buffer).setUint16(0, image.headFrame.length, true);
  tail.set(image.headFrame, 2);
  tail.set(delta, 2 + image.headFrame.length);
  const reply = await ask(session, { kind: 'list-delta', from, to: image.version, tail }, 'list-is', COMMIT_MS);
  return reply.ok ? ok({ epoch: reply.value.epoch, version: reply.value.version, bytes: tail.length }) : reply;
}

/** Bytes go right behind the announcement, from where the lock said that it stands, and the order to use them behind the bytes. */
async function pushWhole(session: LockSession, status: LockStatus, image: LockImage): Promise<ListPushed> {
  const { epoch, version, digest, headFrame, file } = image;
  const front = frontOf(file, headFrame);
  const begin = { kind: 'list-begin', epoch, version, digest, total: file.length, tail: front } as const;
  const { shadowVersion } = status;
  let from = shadowVersion === version ? Math.max(status.shadowOffset, front.length) : front.length;
  // Where it still holds another list, that one must not be put in force by an order that was meant for this.
  const mayHurry = shadowVersion === 0 || shadowVersion === version;
  let bytes = 0;
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const begun = watched(ask(session, begin, 'list-at', COMMIT_MS));
    const isFrom = (said: Pushed<ReplyOf<'list-at'>> | undefined) => !said || (said.ok && said.value.offset === from);
    const sent = await sendFrom(session, file, from, () => isFrom(begun.result()));
    if (!mayHurry) await begun.promise;
    const isWhole = sent.ok && sent.value.whole && isFrom(begun.result());
    const committed = isWhole ? ask(session, { kind: 'list-commit' }, 'list-is', COMMIT_MS) : undefined;
    const said = await begun.promise;
    const done = await committed;
    if (!said.ok) return said;
    if (!sent.ok) return sent;
    from = said.value.offset;
    if (!done) continue;
    bytes += sent.value.bytes;
    if (done.ok) return ok({ epoch: done.value.epoch, version: done.value.version, bytes });
    // A chunk did not get through: the lock says from where to go on.
    if (done.code !== 'wrong-offset' || !session.isOpen()) return done;
  }
  return err('wrong-offset', 'the transfer does not get on');
}

function watched<T>(promise: Promise<T>): { readonly promise: Promise<T>; result(): T | undefined } {
  let result: T | undefined;
  void promise.then((value) => {
    result = value;
  });
  return { promise, result: () => result };
}

/** As much as fills one frame; over narrow links, a message of several. */
export const chunkBytes = (room: number): number =>
  room - CHUNK_OVERHEAD >= LEAST_CHUNK ? room - CHUNK_OVERHEAD : MESSAGE_CHUNK;

/** Sends windows of chunks, two on the way at a time, so that the air is never idle while an answer comes. */
async function sendFrom(
  session: LockSession,
  file: Uint8Array,
  from: number,
  mayGoOn: () => boolean,
): Promise<Pushed<{ bytes: number; whole: boolean }>> {
  const size = chunkBytes(session.room);
  let at = from;
  const under: Promise<Pushed<number>>[] = [];
  while (at < file.length && mayGoOn()) {
    const chunks: { kind: 'list-data'; offset: number; tail: Uint8Array }[] = [];
    for (let n = 0; n < WINDOW && at < file.length; n++) {
      chunks.push({ kind: 'list-data', offset: at, tail: file.subarray(at, at + size) });
      at += size;
    }
    // The lock answers full windows only; what the last, short one lacks shows at the commit.
    const isFull = chunks.length === WINDOW;
    under.push(isFull ? sendWindow(session, chunks) : sendRest(session, chunks));
    // What is on the way in the end is answered before the commit, and what went wrong with it shows there.
    if (under.length < MOST_WINDOWS || at >= file.length) continue;
    const first = await (under.shift() as Promise<Pushed<number>>);
    if (!first.ok) return first.code === 'wrong-offset' ? ok({ bytes: at - from, whole: false }) : first;
  }
  return ok({ bytes: Math.min(at, file.length) - from, whole: at >= file.length });
}

async function sendWindow(session: LockSession, chunks: readonly LockRequest[]): Promise<Pushed<number>> {
  const reply = await session.converse(chunks, (message) => message, COMMIT_MS);
  if (!reply.ok) return reply;
  if (reply.value.kind === 'refused') return err(lockCodeOf(reply.value.code));
  if (reply.value.kind !== 'list-at') return err('protocol-broken', 'expected list-at');
  return reply.value.code === 0 ? ok(reply.value.offset) : err(lockCodeOf(reply.value.code));
}

async function sendRest(session: LockSession, chunks: readonly LockRequest[]): Promise<Pushed<number>> {
  for (const chunk of chunks) session.tell(chunk);
  return ok(0);
}

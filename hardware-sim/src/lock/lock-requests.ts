// SPDX-License-Identifier: Apache-2.0
// What a lock answers to each request of a session (protocols/lock/messages). Nothing a peer sends makes it throw; what it does
// not understand it refuses by number.
import { BEAT, judgeBeat } from '@latchkey/protocols/authorization/beat';
import { verifyFrame } from '@latchkey/protocols/authorization/signed-frame';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { openJson } from '@latchkey/protocols/commands/seal';
import { corridorKeys } from '@latchkey/protocols/lock/corridor-keys';
import { unwrapKey } from '@latchkey/protocols/lock/key-wrap';
import { LOCK_CODES, type LockCode, type LockMessage, writeLogRecords } from '@latchkey/protocols/lock/messages';
import type { KeyPair } from '@latchkey/protocols/lock/noise';
import { err } from '@latchkey/protocols/result';
import { FIRMWARE_VERSION } from './firmware-version.ts';
import type { ListSlots } from './list-slots.ts';
import type { LockBody } from './lock-body.ts';
import type { WriteLog } from './lock-firmware.ts';
import { codeOfRule, type LockLists } from './lock-lists.ts';
import type { LockMemory, MemoryValue } from './lock-memory.ts';
import type { LockOpenings } from './lock-openings.ts';
import type { LockTime } from './lock-time.ts';
import type { LockTrust } from './lock-trust.ts';
import type { LogRing } from './log-ring.ts';
import type { PairingAttempts } from './pairing-attempts.ts';

type Unnumbered<M> = M extends LockMessage ? Omit<M, 'number'> : never;
export type LockReply = Unnumbered<LockMessage>;
export type Say = (reply: LockReply) => void;

export interface LockRequestParts {
  readonly memory: LockMemory;
  readonly slots: ListSlots;
  readonly trust: LockTrust;
  readonly lists: LockLists;
  readonly time: LockTime;
  readonly log: LogRing;
  readonly body: LockBody;
  readonly openings: LockOpenings;
  readonly attempts: PairingAttempts;
  readonly lockId: string;
  readonly own: () => KeyPair;
  readonly boot: number;
  readonly write: WriteLog;
  readonly changed: () => void;
}

export interface LockRequests {
  answer(message: LockMessage, isPairing: boolean, say: Say): Promise<void>;
}

/** Chunks of a list that are answered once. */
const WINDOW = 16;
const MOST_RECORDS = 100;
const QUALITIES = { synced: 0, free: 1, degraded: 2 } as const;
const BOLTS = { thrown: 0, drawn: 1, jammed: 2 } as const;
const OK = LOCK_CODES.ok;

export function createLockRequests(parts: LockRequestParts): LockRequests {
  const { memory, slots, trust, lists, time, log, body, openings, lockId } = parts;
  let chunks = 0;
  const say = (code: LockCode) => LOCK_CODES[code];

  function status(): LockReply {
    const { ms, quality } = time.instant();
    const active = lists.list() ? slots.active() : undefined;
    const shadow = slots.shadow();
    const overlay = lists.overlay();
    return {
      kind: 'status-is',
      firmware: FIRMWARE_VERSION,
      boot: parts.boot,
      nowMs: ms,
      clock: QUALITIES[quality],
      battery: body.battery,
      bolt: BOLTS[body.bolt],
      door: body.isDoorOpen ? 1 : 0,
      epoch: active?.epoch ?? 0,
      version: active?.version ?? 0,
      digest: active?.digest ?? '0'.repeat(64),
      shadowVersion: shadow?.mark.version ?? 0,
      shadowOffset: shadow?.offset ?? 0,
      denyEpoch: overlay.epoch,
      denySeq: overlay.seq,
      logFirst: log.first(),
      logNext: log.next(),
      rootVersion: trust.rootVersion(),
      keyId: memory.read('scope-key')?.id ?? 0,
      campusKeyId: memory.read('campus-key')?.id ?? 0,
      corridorsOrder: memory.read('corridors')?.order ?? 0,
    };
  }

  async function takeTime(frame: Uint8Array): Promise<LockReply> {
    const answer = (code: LockCode): LockReply => ({ kind: 'time-is', code: say(code), nowMs: time.instant().ms });
    const keyring = trust.keyring();
    const verified = keyring && (await verifyFrame(frame, 'LKB1', keyring, 'deny'));
    if (!keyring || !verified?.ok) return answer('forged');
    const beat = BEAT.decode(verified.value.payload);
    if (!beat.ok) return answer('malformed');
    const context = { root: keyring, last: time.lastBeat(), overlay: lists.overlay(), instant: time.instant() };
    const judged = judgeBeat(beat.value, context);
    if (!judged.ok) return answer(codeOfRule(judged.code));
    const wasUnsure = time.instant().quality !== 'synced';
    time.take({ ms: beat.value.timeMs, epoch: beat.value.epoch, beatSeq: beat.value.beatSeq });
    if (wasUnsure) parts.changed();
    return answer('ok');
  }

  function takeKey(name: 'scope-key' | 'campus-key', id: number, wrapped: Uint8Array): LockReply {
    const { campusId } = memory.read('pairing') ?? {};
    const order = { campusId: campusId ?? '', kind: name === 'scope-key' ? 'scope' : 'campus', keyId: id } as const;
    const key = campusId === undefined ? undefined : unwrapKey(wrapped, order, parts.own(), trust.commandKeys());
    if (!key?.ok) return { kind: 'key-is', code: say('forged'), keyId: memory.read(name)?.id ?? 0 };
    memory.write(name, { id, key: toHex(key.value) });
    return { kind: 'key-is', code: OK, keyId: id };
  }

  const listAt = (code: LockCode): LockReply => ({
    kind: 'list-at',
    code: say(code),
    offset: slots.shadow()?.offset ?? 0,
  });

  /** Other bytes than the last time under the same digest: the transfer begins anew. */
  function writtenOr<T>(failed: T, error: unknown): T {
    if (!(error instanceof RangeError)) throw error;
    slots.drop();
    return failed;
  }

  async function beginList(message: LockMessage<'list-begin'>): Promise<LockReply> {
    chunks = 0;
    const begun = await lists
      .begin(message, message.tail)
      .catch((error: unknown) => writtenOr(err<LockCode>('flash-failed'), error));
    return listAt(begun.ok ? 'ok' : begun.code);
  }

  function takeData(offset: number, bytes: Uint8Array): LockReply | undefined {
    const shadow = slots.shadow();
    if (!shadow || offset !== shadow.offset) return listAt('wrong-offset');
    try {
      slots.write(bytes);
    } catch (error) {
      return listAt(writtenOr('flash-failed', error));
    }
    chunks += 1;
    return chunks % WINDOW === 0 ? listAt('ok') : undefined;
  }

  const inForce = (code: LockCode): LockReply => {
    const { epoch = 0, version = 0 } = slots.active() ?? {};
    return { kind: 'list-is', code: say(code), epoch, version };
  };

  async function takeDelta({ from, to, tail }: LockMessage<'list-delta'>): Promise<LockReply> {
    const headBytes = tail.length < 2 ? tail.length : (tail[0] as number) | ((tail[1] as number) << 8);
    if (2 + headBytes > tail.length) return inForce('malformed');
    const done = await lists.delta(from, to, tail.slice(2, 2 + headBytes), tail.slice(2 + headBytes));
    return inForce(done.ok ? 'ok' : done.code);
  }

  function freeLog(upTo: number): LockReply {
    // Never what has not been said yet, and never less than before.
    const freed = Math.min(log.next(), Math.max(memory.read('freed') ?? 0, upTo + 1));
    memory.write('freed', freed);
    return { kind: 'log-freed', first: log.first() };
  }

  async function takeCorridors(frame: Uint8Array): Promise<LockReply> {
    const order = memory.read('corridors')?.order ?? 0;
    const answer = (code: LockCode, now = order): LockReply => ({ kind: 'corridors-are', code: say(code), order: now });
    const keyring = trust.keyring();
    const said = keyring && (await openJson(frame, 'LKG1', corridorKeys, keyring, 'command'));
    if (!said?.ok) return answer('forged');
    if (said.value.lockId !== lockId) return answer('not-mine');
    if (said.value.order <= order) return answer('not-newer');
    memory.write('corridors', { order: said.value.order, keys: said.value.corridors });
    return answer('ok', said.value.order);
  }

  function isSamePairing(present: MemoryValue<'pairing'>, said: LockMessage<'pair'>): boolean {
    const { campusId, scope, advertisementKey } = present;
    const isOurs = memory.read('corridors')?.keys.includes(said.corridor) === true;
    return isOurs && campusId === said.campusId && scope === said.scopeId && advertisementKey === said.advertisementKey;
  }

  async function pair(message: LockMessage<'pair'>): Promise<LockReply> {
    const answer = (code: LockCode): LockReply => ({
      kind: 'paired',
      code: say(code),
      lock: toHex(parts.own().open),
      firmware: FIRMWARE_VERSION,
    });
    const { corridor, campusId, scopeId, advertisementKey, rootDigest } = message;
    if (message.lockId !== lockId) return answer('not-mine');
    const present = memory.read('pairing');
    // The same again: its answer was lost on the way.
    if (present !== undefined) return answer(isSamePairing(present, message) ? 'ok' : 'already-paired');
    const pinned = await trust.pin(message.tail, rootDigest);
    if (!pinned.ok) return answer('forged');
    if (trust.keyring()?.campusId !== campusId) return answer('wrong-scope');
    memory.write('corridors', { order: 0, keys: [corridor] });
    // Last: a lock with this is paired, one without is not, whatever power does.
    memory.write('pairing', { campusId, scope: scopeId, advertisementKey });
    parts.write('paired');
    return answer('ok');
  }

  async function replyTo(message: LockMessage): Promise<LockReply | undefined> {
    switch (message.kind) {
      case 'status':
        return status();
      case 'time':
        return takeTime(message.tail);
      case 'list-begin':
        return beginList(message);
      case 'list-data':
        return takeData(message.offset, message.tail);
      case 'list-commit': {
        const done = await lists.commit();
        return inForce(done.ok ? 'ok' : done.code);
      }
      case 'list-delta':
        return takeDelta(message);
      case 'list-key':
        return takeKey('scope-key', message.keyId, message.tail);
      case 'campus-key':
        return takeKey('campus-key', message.keyId, message.tail);
      case 'deny': {
        const done = await lists.deny(message.tail);
        parts.changed();
        return { kind: 'deny-is', code: done.ok ? OK : say(done.code), denySeq: lists.overlay().seq };
      }
      case 'root': {
        const done = await trust.offer(message.tail);
        const code = done.ok ? OK : say(done.code === 'rollback' ? 'not-newer' : 'forged');
        return { kind: 'root-is', code, rootVersion: trust.rootVersion() };
      }
      case 'log-get': {
        const records = log.read(Math.max(message.from, log.first()), Math.min(MOST_RECORDS, message.most));
        const lost = Math.max(0, log.first() - (memory.read('freed') ?? 0));
        return { kind: 'log', first: log.first(), next: log.next(), lost, tail: writeLogRecords(records) };
      }
      case 'log-ack':
        return freeLog(message.upTo);
      case 'corridors':
        return takeCorridors(message.tail);
      default:
        return { kind: 'refused', code: say('unsupported') };
    }
  }

  return {
    async answer(message, isPairing, tell) {
      // Who has only shown the label's code may pair, and nothing else; who is paired with may do all but that.
      if (isPairing) {
        parts.attempts.forget();
        return tell(message.kind === 'pair' ? await pair(message) : { kind: 'refused', code: say('not-mine') });
      }
      if (message.kind === 'open') return openings.open(message.tail, tell);
      const reply = await replyTo(message);
      if (reply) tell(reply);
    },
  };
}

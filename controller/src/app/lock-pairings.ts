// SPDX-License-Identifier: Apache-2.0
// Orders to pair a lock: somebody stands at the door. The corridor looks for that lock until the order runs out, pairs it once, and
// tells the gateway how it went until the gateway knows.

import { fromHex, toHex } from '@latchkey/protocols/bytes/hex';
import { ADVERTISED_FLAGS, readAdvertisement, shortIdOf } from '@latchkey/protocols/lock/advertisement';
import { type KeyPair, keyPair } from '@latchkey/protocols/lock/noise';
import type { PairingOrder, PairingOutcome } from '@latchkey/protocols/lock/pairing-order';
import type { Result } from '@latchkey/protocols/result';
import { type Paired, pairLock } from '../core/lock-pairing.ts';
import { remember } from '../core/remember.ts';
import type { Clock } from '../ports/clock.ts';
import { type LockRadio, LockRadioError, type SeenLock } from '../ports/lock-radio.ts';
import type { Random } from '../ports/random.ts';

export interface LockPairings {
  /** A lock without keys was heard. */
  onSeen(seen: SeenLock): void;
  /** Verified, and its code opened. The same again is taken for the same. */
  order(order: PairingOrder, code: Uint8Array): void;
  /** The gateway told of this lock: it knows. */
  known(lockId: string): void;
  outcomes(): readonly PairingOutcome[];
  close(): void;
}

export interface LockPairingsParts {
  readonly radio: Pick<LockRadio, 'connect'>;
  readonly clock: Pick<Clock, 'after'>;
  /** Trusted time. */
  readonly nowMs: () => number;
  readonly random: Pick<Random, 'bytes'>;
  readonly own: KeyPair;
  readonly campusId: string;
  readonly root: () => { readonly frame: Uint8Array; readonly digest: string };
  readonly onOutcome: () => void;
  readonly log: (message: string, fields: object) => void;
}

const COMPANY_BYTES = 2;
const CONNECT_MS = 6_000;
const TALK_MS = 10_000;
const AGAIN_MS = 2_000;
const MOST_OUTCOMES = 20;
/** Locks without keys, or what says that it is one. */
const MOST_HEARD = 1_000;
/** A lock that said one of these says the same again. */
const FINAL: ReadonlySet<string> = new Set(['wrong-code', 'already-paired', 'too-many-attempts', 'not-mine', 'forged']);

interface Standing {
  readonly order: PairingOrder;
  readonly code: Uint8Array;
  /** Why the last attempt came to nothing. */
  fault?: string;
}

export function createLockPairings(parts: LockPairingsParts): LockPairings {
  const { radio, clock, nowMs, random, own, log } = parts;
  /** By short id: what is heard of locks without keys. */
  const heard = new Map<string, string>();
  const standing = new Map<string, Standing>();
  const outcomes = new Map<string, PairingOutcome>();
  /** Locks that an attempt runs at: a newer order waits until it has ended. */
  const trying = new Set<string>();
  const cancels = new Set<() => void>();
  let closed = false;

  function after(ms: number, action: () => void): void {
    const cancel = clock.after(ms, () => {
      cancels.delete(cancel);
      if (!closed) action();
    });
    cancels.add(cancel);
  }

  function conclude({ order: { id, lockId, portal } }: Standing, result: Result<Paired>): void {
    standing.delete(lockId);
    const said = result.ok
      ? ({ state: 'paired', key: result.value.lock, firmware: result.value.firmware } as const)
      : ({ state: 'failed', code: result.code.slice(0, 40) } as const);
    outcomes.set(lockId, { id, lockId, ...said });
    const [oldest] = outcomes.keys();
    if (outcomes.size > MOST_OUTCOMES && oldest !== undefined) outcomes.delete(oldest);
    log(result.ok ? 'lock paired' : 'lock not paired', { portal, ...(result.ok ? {} : { reason: result.code }) });
    parts.onOutcome();
  }

  async function attempt(one: Standing, address: string): Promise<Result<Paired>> {
    const { lockId, scope: scopeId, advertisementKey } = one.order;
    const { frame: rootFrame, digest: rootDigest } = parts.root();
    const corridor = toHex(own.open);
    const block = { corridor, lockId, campusId: parts.campusId, scopeId, advertisementKey, rootDigest };
    const link = await radio.connect(address, CONNECT_MS);
    const ephemeral = keyPair(random.bytes(32));
    return pairLock({ link, clock, ephemeral, code: one.code, block, rootFrame, deadlineMs: TALK_MS });
  }

  function look(one: Standing): void {
    const { lockId, expiresMs } = one.order;
    if (closed || trying.has(lockId) || standing.get(lockId) !== one) return;
    const address = heard.get(lockId.slice(0, 8));
    if (nowMs() >= expiresMs)
      return conclude(one, { ok: false, code: one.fault ?? (address === undefined ? 'not-seen' : 'expired') });
    if (address === undefined) return after(AGAIN_MS, () => look(one));
    trying.add(lockId);
    void attempt(one, address)
      .catch((error: unknown): Result<Paired> => ({ ok: false, code: radioFault(error) }))
      .then((result) => {
        trying.delete(lockId);
        if (closed) return;
        const now = standing.get(lockId);
        // Where it succeeded, the lock answers the newer order as well.
        if (now !== one) return now && look(now);
        if (result.ok || FINAL.has(result.code)) return conclude(one, result);
        // Busy, out of reach, the link lost: it may go better in a moment.
        one.fault = result.code;
        after(AGAIN_MS, () => look(one));
      });
  }

  const radioFault = (error: unknown) => (error instanceof LockRadioError ? error.code : 'radio-down');

  return {
    onSeen({ address, manufacturerData }) {
      const bytes = manufacturerData.slice(COMPANY_BYTES);
      const shortId = shortIdOf(bytes);
      if (shortId === undefined) return;
      const wanted = [...standing.values()].filter(({ order }) => order.lockId.startsWith(shortId));
      if (!isUnpaired(bytes) && !wanted.some(({ order }) => isPairedBy(order, bytes))) return;
      remember(heard, shortId, address, MOST_HEARD);
      for (const one of wanted) look(one);
    },
    order(order, code) {
      const { id, lockId } = order;
      if (standing.get(lockId)?.order.id === id || outcomes.get(lockId)?.id === id) return;
      const one = { order, code };
      standing.set(lockId, one);
      outcomes.delete(lockId);
      look(one);
    },
    known: (lockId) => void outcomes.delete(lockId),
    outcomes: () => [...outcomes.values()],
    close() {
      closed = true;
      for (const cancel of cancels) cancel();
    },
  };
}

function isUnpaired(bytes: Uint8Array): boolean {
  const read = readAdvertisement(bytes, undefined);
  return read.ok && (read.value.flags & ADVERTISED_FLAGS.unpaired) !== 0;
}

/** It took this order, or one before it: only the answer was lost. */
function isPairedBy({ advertisementKey }: PairingOrder, bytes: Uint8Array): boolean {
  const key = fromHex(advertisementKey);
  return key.ok && readAdvertisement(bytes, key.value).ok;
}

/** As it is on the label. */
export const isLabelCode = (code: Uint8Array | undefined): code is Uint8Array => code?.length === 16;

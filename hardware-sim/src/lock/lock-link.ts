// SPDX-License-Identifier: Apache-2.0
// One link at the lock: frames to messages, the handshake with a corridor that is known or with whoever has the label's code, then
// records. What does not open ends the link; nothing is answered in the clear but that there is no session.
import { hkdfSync } from 'node:crypto';
import { concatBytes } from '@latchkey/protocols/bytes/equal';
import { fromHex } from '@latchkey/protocols/bytes/hex';
import { type JoinState, joinFrame, splitMessage } from '@latchkey/protocols/lock/framing';
import {
  ENVELOPES,
  LOCK_CODES,
  type LockMessage,
  REFUSALS,
  readLockMessage,
  writeLockMessage,
} from '@latchkey/protocols/lock/messages';
import { createHandshake, type KeyPair, keyPair, type NoiseSession } from '@latchkey/protocols/lock/noise';
import { lockPrologue, PAIRING_INFO, pairingPrologue } from '@latchkey/protocols/lock/prologue';
import type { LockReply, Say } from './lock-requests.ts';

export interface LockPeer {
  notify(frame: Uint8Array): void;
  drop(): void;
}

export interface LockLinkParts {
  readonly peer: LockPeer;
  readonly room: number;
  readonly lockId: string;
  readonly labelCode: Uint8Array;
  readonly random: { bytes(count: number): Uint8Array };
  readonly after: (delayMs: number, action: () => void) => () => void;
  readonly own: () => KeyPair;
  /** Public keys in hex. */
  readonly corridors: () => readonly string[];
  readonly isPaired: () => boolean;
  /** Somebody is with the lock already: this one is told so, and no more. */
  readonly isBusy: boolean;
  /** False: too many have tried the label's code. Rejects where power fails. */
  readonly mayTryCode: () => Promise<boolean>;
  readonly answer: (message: LockMessage, isPairing: boolean, say: Say) => Promise<void>;
}

export interface LockLink {
  onFrame(frame: Uint8Array): void;
  close(): void;
}

const GREETING_MS = 5_000;
const IDLE_MS = 30_000;
const LINGER_MS = 200;
const SEQUENCES = 64;
const UNSUPPORTED = LOCK_CODES.unsupported;

export function createLockLink(parts: LockLinkParts): LockLink {
  const { peer, room, lockId } = parts;
  let joining: JoinState | undefined;
  let sequence = 0;
  let session: { readonly noise: NoiseSession; readonly isPairing: boolean } | undefined;
  let closed = false;
  let isRefused = false;
  let cancel = parts.after(GREETING_MS, drop);

  function drop(): void {
    if (closed) return;
    close();
    peer.drop();
  }

  function close(): void {
    closed = true;
    cancel();
  }

  function send(message: Uint8Array): void {
    if (closed) return;
    const frames = splitMessage(message, room, sequence);
    sequence = (sequence + frames.length) % SEQUENCES;
    for (const frame of frames) peer.notify(frame);
  }

  const refuse = (why: keyof typeof REFUSALS) => {
    send(Uint8Array.of(ENVELOPES.refused, REFUSALS[why]));
    isRefused = true;
    cancel();
    // The word must get out first.
    cancel = parts.after(LINGER_MS, drop);
  };

  const ephemeral = () => keyPair(parts.random.bytes(32));

  function greet(body: Uint8Array): void {
    if (!parts.isPaired()) return refuse('not-paired');
    for (const corridor of parts.corridors()) {
      const key = fromHex(corridor);
      if (!key.ok) continue;
      const handshake = createHandshake({
        pattern: 'KK',
        initiator: false,
        prologue: lockPrologue(lockId),
        ephemeral: ephemeral(),
        own: parts.own(),
        peer: key.value,
      });
      if (!handshake.read(body).ok) continue;
      const reply = handshake.write();
      const noise = reply.ok ? handshake.session() : undefined;
      if (!reply.ok || !noise) continue;
      session = { noise, isPairing: false };
      return send(concatBytes([Uint8Array.of(ENVELOPES.kk2), reply.value]));
    }
    refuse('failed');
  }

  async function greetPairing(body: Uint8Array): Promise<void> {
    if (!(await parts.mayTryCode())) return refuse('too-many-attempts');
    const psk = new Uint8Array(hkdfSync('sha256', parts.labelCode, new Uint8Array(0), PAIRING_INFO, 32));
    const handshake = createHandshake({
      pattern: 'NNpsk2',
      initiator: false,
      prologue: pairingPrologue(lockId),
      ephemeral: ephemeral(),
      psk,
    });
    const reply = handshake.read(body).ok ? handshake.write() : undefined;
    const noise = reply?.ok ? handshake.session() : undefined;
    if (!reply?.ok || !noise) return refuse('failed');
    session = { noise, isPairing: true };
    send(concatBytes([Uint8Array.of(ENVELOPES.pair2), reply.value]));
  }

  function onRecord(record: Uint8Array): void {
    if (!session) return drop();
    const { noise, isPairing } = session;
    const plain = noise.receive.open(record);
    // Repeated, out of order, changed, or not of this session.
    if (!plain.ok) return drop();
    const message = readLockMessage(plain.value);
    const number = message.ok ? message.value.number : (plain.value[1] ?? 0);
    const say = (reply: LockReply) => {
      if (!closed)
        send(concatBytes([Uint8Array.of(ENVELOPES.record), noise.send.seal(writeLockMessage({ ...reply, number }))]));
    };
    if (!message.ok) return say({ kind: 'refused', code: UNSUPPORTED });
    parts.answer(message.value, isPairing, say).catch(drop);
  }

  return {
    close,
    onFrame(frame) {
      if (closed || isRefused) return;
      const joined = joinFrame(joining, frame.slice());
      joining = joined.ok ? joined.value.state : undefined;
      if (!joined.ok) return drop();
      const { message } = joined.value;
      if (!message) return;
      cancel();
      cancel = parts.after(IDLE_MS, drop);
      const body = message.slice(1);
      if (parts.isBusy) return refuse('busy');
      if (message[0] === ENVELOPES.record) return onRecord(body);
      if (session) return drop();
      if (message[0] === ENVELOPES.kk1) return greet(body);
      if (message[0] === ENVELOPES.pair1) return void greetPairing(body).catch(drop);
      drop();
    },
  };
}

// SPDX-License-Identifier: Apache-2.0
// A corridor's side of a session with one lock (protocols/lock): Noise KK over a link, requests that know their replies, a
// deadline on each. Whatever goes wrong is a value; after a fault the session is over and the link closed.
import { concatBytes } from '@latchkey/protocols/bytes/equal';
import { type JoinState, joinFrame, splitMessage } from '@latchkey/protocols/lock/framing';
import { ENVELOPES, type LockMessage, readLockMessage, writeLockMessage } from '@latchkey/protocols/lock/messages';
import { createHandshake, type KeyPair, type NoiseSession } from '@latchkey/protocols/lock/noise';
import { lockPrologue } from '@latchkey/protocols/lock/prologue';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { Clock } from '../ports/clock.ts';
import type { LockLink } from '../ports/lock-radio.ts';

export type LockSessionFault =
  | 'link-lost'
  | 'timeout'
  /** The lock knows nothing of us, or somebody else answers in its place. */
  | 'not-paired'
  | 'lock-busy'
  | 'handshake-failed'
  | 'protocol-broken';

type Unnumbered<M> = M extends LockMessage ? Omit<M, 'number'> : never;
export type LockRequest = Unnumbered<LockMessage>;
type Answer<T> = Result<T, LockSessionFault>;

export interface LockSession {
  /** Bytes that one frame carries. */
  readonly room: number;
  /** Resolves with the first reply to it. */
  request(request: LockRequest, waitMs: number): Promise<Answer<LockMessage>>;
  /** Several as one: `take` sees every reply to any of them and says when it has seen enough. */
  converse<T>(
    requests: readonly LockRequest[],
    take: (reply: LockMessage) => T | undefined,
    waitMs: number,
  ): Promise<Answer<T>>;
  /** Says something that needs no reply; one that comes is dropped. */
  tell(request: LockRequest): void;
  isOpen(): boolean;
  /** Once, at once where it is over already. */
  onEnd(listener: (fault: LockSessionFault | 'closed') => void): void;
  close(): Promise<void>;
}

export interface LockSessionParts {
  readonly link: LockLink;
  readonly lockId: string;
  readonly own: KeyPair;
  /** The lock's static public key. */
  readonly peer: Uint8Array;
  /** Made for this session alone. */
  readonly ephemeral: KeyPair;
  readonly clock: Pick<Clock, 'after'>;
  readonly deadlineMs: number;
}

const NUMBERS = 256;
const SEQUENCES = 64;
const REFUSED_BUSY = 1;

/** Whole messages over a link, both ways. */
function messagesOver(link: LockLink, onMessage: (message: Uint8Array) => void, onBroken: () => void) {
  let joining: JoinState | undefined;
  let sequence = 0;
  let writing: Promise<unknown> = Promise.resolve();
  link.onFrame((frame) => {
    const joined = joinFrame(joining, frame);
    joining = joined.ok ? joined.value.state : undefined;
    if (joined.ok && joined.value.message) onMessage(joined.value.message);
    // A frame is missing: what rode on it cannot be opened, and neither can anything after it.
    if (!joined.ok) onBroken();
  });
  return {
    /** In the order of the calls; never rejects. */
    send(message: Uint8Array): Promise<boolean> {
      const frames = splitMessage(message, link.room, sequence);
      sequence = (sequence + frames.length) % SEQUENCES;
      const sent = writing.then(async () => {
        for (const frame of frames) await link.write(frame);
      });
      writing = sent.catch(() => undefined);
      return sent.then(
        () => true,
        () => false,
      );
    },
  };
}

interface Conversation {
  readonly take: (reply: LockMessage) => boolean;
  readonly fail: (fault: LockSessionFault) => void;
}

/** Meets the lock. Closes the link where that fails. */
export function openLockSession(parts: LockSessionParts): Promise<Answer<LockSession>> {
  const { link, own, peer, ephemeral, clock } = parts;
  const handshake = createHandshake({
    pattern: 'KK',
    initiator: true,
    prologue: lockPrologue(parts.lockId),
    ephemeral,
    own,
    peer,
  });
  return new Promise((resolve) => {
    let noise: NoiseSession | undefined;
    let ended: LockSessionFault | 'closed' | undefined;
    const conversations = new Map<number, Conversation>();
    const endListeners: ((fault: LockSessionFault | 'closed') => void)[] = [];
    let next = 0;

    const cancelDeadline = clock.after(parts.deadlineMs, () => end('timeout'));
    const wire = messagesOver(link, onMessage, () => end('protocol-broken'));
    link.onClosed(() => end('link-lost'));

    function end(fault: LockSessionFault | 'closed'): void {
      if (ended) return;
      ended = fault;
      cancelDeadline();
      void link.close();
      const told = fault === 'closed' ? 'link-lost' : fault;
      for (const conversation of new Set(conversations.values())) conversation.fail(told);
      conversations.clear();
      for (const listener of endListeners.splice(0)) listener(fault);
      resolve(err(told));
    }

    function onMessage(message: Uint8Array): void {
      const body = message.slice(1);
      switch (message[0]) {
        case ENVELOPES.kk2:
          return noise ? end('protocol-broken') : onGreeting(body);
        case ENVELOPES.refused:
          return end(body[0] === REFUSED_BUSY ? 'lock-busy' : noise ? 'protocol-broken' : 'not-paired');
        case ENVELOPES.record:
          return onRecord(body);
        default:
          return end('protocol-broken');
      }
    }

    function onGreeting(body: Uint8Array): void {
      const read = handshake.read(body);
      noise = read.ok ? handshake.session() : undefined;
      if (!noise) return end('handshake-failed');
      cancelDeadline();
      resolve(ok(session));
    }

    function onRecord(record: Uint8Array): void {
      const plain = noise?.receive.open(record);
      const reply = plain?.ok ? readLockMessage(plain.value) : undefined;
      if (!reply?.ok) return end('protocol-broken');
      conversations.get(reply.value.number)?.take(reply.value);
    }

    function freeNumber(): number {
      while (conversations.has(next)) next = (next + 1) % NUMBERS;
      const number = next;
      next = (next + 1) % NUMBERS;
      return number;
    }

    function say(through: NoiseSession, request: LockRequest, number: number): void {
      const record = through.send.seal(writeLockMessage({ ...request, number }));
      void wire.send(concatBytes([Uint8Array.of(ENVELOPES.record), record])).then((sent) => {
        if (!sent) end('link-lost');
      });
    }

    function forget(conversation: Conversation): void {
      for (const [number, each] of conversations) if (each === conversation) conversations.delete(number);
    }

    function converse<T>(
      requests: readonly LockRequest[],
      take: (reply: LockMessage) => T | undefined,
      waitMs: number,
    ): Promise<Answer<T>> {
      return new Promise((settle) => {
        const opened = noise;
        if (ended || !opened) return settle(err(ended === 'closed' || !ended ? 'link-lost' : ended));
        // A lock that is silent once will not be understood again: its replies come to requests nobody waits for.
        const cancel = clock.after(waitMs, () => end('timeout'));
        const conversation: Conversation = {
          take(reply) {
            const result = take(reply);
            if (result === undefined) return false;
            cancel();
            forget(conversation);
            settle(ok(result));
            return true;
          },
          fail(fault) {
            cancel();
            settle(err(fault));
          },
        };
        for (const request of requests) {
          const number = freeNumber();
          conversations.set(number, conversation);
          say(opened, request, number);
        }
      });
    }

    const session: LockSession = {
      room: link.room,
      request: (request, waitMs) => converse([request], (reply) => reply, waitMs),
      converse,
      tell(request) {
        if (noise && !ended) say(noise, request, freeNumber());
      },
      isOpen: () => ended === undefined,
      onEnd(listener) {
        if (ended) listener(ended);
        else endListeners.push(listener);
      },
      async close() {
        end('closed');
        await link.close();
      },
    };

    const first = handshake.write();
    if (!first.ok) return end('handshake-failed');
    void wire.send(concatBytes([Uint8Array.of(ENVELOPES.kk1), first.value])).then((sent) => {
      if (!sent) end('link-lost');
    });
  });
}

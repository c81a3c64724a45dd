// SPDX-License-Identifier: Apache-2.0
// People who wait for a lock to open. A ticket is sent again after a broken link, which the lock answers with the old result;
// it is never sent after its time, and an outcome nobody knows is said to be unknown.
import { fromBase64url } from '@latchkey/protocols/bytes/base64url';
import { lockCodeOf } from '@latchkey/protocols/lock/messages';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { LockSession } from '../core/lock-session.ts';
import type { Clock } from '../ports/clock.ts';

export interface Opening {
  readonly ticket: Uint8Array;
  readonly expiresMs: number;
  sent: boolean;
  running: boolean;
  /** Its clock was set for this one. */
  isClockSet: boolean;
  readonly settle: (outcome: Result<null>) => void;
}

export interface Openings {
  /** Resolves with the lock's own word on it, or `malformed`, `expired`, `not-reached`, `outcome-unknown`. */
  add(lockId: string, ticket: string, expiresMs: number): Promise<Result<null>>;
  waiting(lockId: string): boolean;
  /** Sends what waits for this lock; resolves when none of it is under way any more. */
  run(lockId: string, session: LockSession): Promise<void>;
  close(): void;
}

export interface OpeningParts {
  readonly clock: Pick<Clock, 'after'>;
  readonly nowMs: () => number;
  /** Sets the lock's clock; false where that is not possible now. */
  readonly setClock: (session: LockSession) => Promise<boolean>;
  readonly onDone: (lockId: string, bolt: number) => void;
  readonly onIdle: (lockId: string) => void;
}

/** After the ticket's end, for the bolt of one that the lock has accepted. */
const BOLT_MS = 4_000;

export function createOpenings({ clock, nowMs, setClock, onDone, onIdle }: OpeningParts): Openings {
  const waiting = new Map<string, Set<Opening>>();

  function remove(lockId: string, opening: Opening): void {
    const all = waiting.get(lockId);
    if (!all?.delete(opening)) return;
    if (all.size > 0) return;
    waiting.delete(lockId);
    onIdle(lockId);
  }

  async function send(opening: Opening, session: LockSession, lockId: string): Promise<void> {
    const leftMs = opening.expiresMs - nowMs();
    if (leftMs <= 0) return;
    opening.running = true;
    opening.sent = true;
    const heard = await session.converse<Result<number>>(
      [{ kind: 'open', tail: opening.ticket }],
      (reply) => {
        if (reply.kind === 'done') return ok(reply.bolt);
        if (reply.kind === 'failed' || reply.kind === 'refused') return err(lockCodeOf(reply.code));
        return undefined;
      },
      leftMs + BOLT_MS,
    );
    opening.running = false;
    // The link broke: whether it opened is not known yet, and the lock will say when asked again.
    if (!heard.ok) return;
    if (!heard.value.ok && heard.value.code === 'clock-unsure' && (await isClockSet(opening, session)))
      return send(opening, session, lockId);
    if (heard.value.ok) onDone(lockId, heard.value.value);
    opening.settle(heard.value.ok ? ok(null) : heard.value);
  }

  /** A lock that had no battery for a moment does not know the time, and the person still stands there. */
  async function isClockSet(opening: Opening, session: LockSession): Promise<boolean> {
    if (opening.isClockSet) return false;
    opening.isClockSet = true;
    opening.running = true;
    const isSet = await setClock(session);
    opening.running = false;
    return isSet && nowMs() < opening.expiresMs;
  }

  return {
    add(lockId, text, expiresMs) {
      const ticket = fromBase64url(text);
      if (!ticket.ok) return Promise.resolve(err('malformed'));
      if (nowMs() >= expiresMs) return Promise.resolve(err('expired'));
      return new Promise((resolve) => {
        const opening: Opening = {
          ticket: ticket.value,
          expiresMs,
          sent: false,
          running: false,
          isClockSet: false,
          settle(outcome) {
            cancel();
            remove(lockId, opening);
            resolve(outcome);
          },
        };
        const giveUp = () => opening.settle(err(opening.sent ? 'outcome-unknown' : 'not-reached'));
        let cancel = clock.after(expiresMs - nowMs(), () => {
          if (!opening.running) return giveUp();
          cancel = clock.after(BOLT_MS, giveUp);
        });
        const all = waiting.get(lockId) ?? new Set();
        waiting.set(lockId, all.add(opening));
      });
    },
    waiting: (lockId) => waiting.has(lockId),
    async run(lockId, session) {
      const due = [...(waiting.get(lockId) ?? [])].filter(({ running }) => !running);
      await Promise.all(due.map((opening) => send(opening, session, lockId)));
    },
    close() {
      for (const all of waiting.values()) {
        for (const opening of all) opening.settle(err(opening.sent ? 'outcome-unknown' : 'not-reached'));
      }
    },
  };
}

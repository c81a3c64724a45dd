// SPDX-License-Identifier: Apache-2.0
// Keeps one device open: opens it again for ever, with pauses, whenever it ends or cannot be opened.
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import { type BackoffLimits, reconnectDelayMs } from './backoff.ts';

/** A scanner that is plugged in again is back within 2 s. */
const BACKOFF: BackoffLimits = { firstMs: 200, baseMs: 250, maxMs: 2_000 };
/** A device that stayed this long was a good one. */
const STABLE_MS = 10_000;

export interface ReopeningParts {
  readonly clock: Pick<Clock, 'after' | 'monotonic'>;
  readonly random: Pick<Random, 'unit'>;
  /** Resolves, once the device is open, with what closes it. `onEnd` is to be called once when it ends, by itself or closed. */
  readonly open: (onEnd: () => void) => Promise<() => Promise<void>>;
  readonly onOpen: () => void;
  readonly onEnd: () => void;
  /** Told when the reason changes, not at every attempt. */
  readonly onFailed: (reason: string) => void;
  /** At least so long until the next attempt, for reasons that a quick one makes worse. */
  readonly pauseAfter?: (error: unknown) => number;
}

export interface Reopening {
  /** Nothing is told after it is called. */
  close(): Promise<void>;
}

/** Begins at once. */
export function createReopening(parts: ReopeningParts): Reopening {
  const { clock, random } = parts;
  let closed = false;
  let failures = 0;
  let toldReason: string | undefined;
  let cancel: (() => void) | undefined;
  let closeDevice: (() => Promise<void>) | undefined;
  let attempt = open();

  async function open(): Promise<void> {
    let ended = false;
    let openedAtMs: number | undefined;
    const onEnd = () => {
      if (ended) return;
      ended = true;
      closeDevice = undefined;
      if (closed || openedAtMs === undefined) return;
      if (clock.monotonic() - openedAtMs >= STABLE_MS) failures = 0;
      parts.onEnd();
      again();
    };
    try {
      const close = await parts.open(onEnd);
      if (closed) return await close();
      if (ended) throw new Error('it ended as soon as it was open');
      closeDevice = close;
      openedAtMs = clock.monotonic();
      toldReason = undefined;
      parts.onOpen();
    } catch (error) {
      if (closed) return;
      const { message } = error as Error;
      if (message !== toldReason) parts.onFailed(message);
      toldReason = message;
      again(parts.pauseAfter?.(error));
    }
  }

  function again(leastMs = 0): void {
    const delayMs = Math.max(leastMs, reconnectDelayMs(BACKOFF, failures, random.unit()));
    failures += 1;
    cancel = clock.after(delayMs, () => {
      attempt = open();
    });
  }

  return {
    async close() {
      closed = true;
      cancel?.();
      await attempt;
      await closeDevice?.();
    },
  };
}

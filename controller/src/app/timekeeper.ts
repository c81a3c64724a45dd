// SPDX-License-Identifier: Apache-2.0
// Asks the gateway for signed time, NTP's way: at every connection and now and then, and believes only an answer that carries
// this question's nonce and took a plausible while (DESIGN 6).
import type { Keyring } from '@latchkey/protocols/authorization/keys';
import { timeAnswer } from '@latchkey/protocols/commands/command';
import { openJson } from '@latchkey/protocols/commands/seal';
import { readClock } from '@latchkey/protocols/commands/time-exchange';
import type { DeviceId } from '@latchkey/protocols/ids';
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import { MAX_ROUND_TRIP_MS, type TimeSample } from '../core/trusted-time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Link } from '../ports/link.ts';

export interface Timekeeper {
  onUp(): void;
  onDown(): void;
  /** A `dn/time` payload. */
  onTime(payload: Uint8Array): Promise<void>;
  close(): void;
}

export interface TimekeeperParts {
  readonly link: Pick<Link, 'publish'>;
  readonly clock: Clock;
  readonly device: DeviceId;
  readonly newNonce: () => string;
  readonly keyring: () => Keyring;
  readonly onSample: (sample: TimeSample) => void;
  /** Connected, and nothing to believe for so long: somebody withholds the answers, or the line is too slow for any. */
  readonly onMissing: (missing: boolean) => void;
}

const EVERY_MS = 2 * 60_000;
const RETRY_MS = 20_000;
/** No time to believe for this long, while online, is an alarm. */
export const TIME_MISSING_AFTER_MS = 180_000;

export function createTimekeeper(parts: TimekeeperParts): Timekeeper {
  const { clock } = parts;
  let question: { nonce: string; t0: number; sentMs: number } | undefined;
  let cancel: (() => void) | undefined;
  let cancelWatch: (() => void) | undefined;

  function ask(): void {
    question = { nonce: parts.newNonce(), t0: clock.now(), sentMs: clock.monotonic() };
    parts.link.publish('time', encodeEnvelope({ t0: question.t0, nonce: question.nonce })).catch(() => undefined);
    again(RETRY_MS);
  }

  function again(delayMs: number): void {
    cancel?.();
    cancel = clock.after(delayMs, ask);
  }

  function watch(): void {
    cancelWatch?.();
    cancelWatch = clock.after(TIME_MISSING_AFTER_MS, () => parts.onMissing(true));
  }

  function stop(): void {
    cancel?.();
    cancelWatch?.();
    question = undefined;
  }

  return {
    onUp() {
      watch();
      ask();
    },
    onDown() {
      stop();
      parts.onMissing(false);
    },
    async onTime(payload) {
      const arrivedMs = clock.monotonic();
      const opened = await openJson(payload, 'LKT1', timeAnswer, parts.keyring(), 'deny');
      if (!opened.ok || !question) return;
      const { nonce, t0, sentMs } = question;
      const asked = { device: parts.device, nonce, t0, t3: t0 + Math.round(arrivedMs - sentMs) };
      const reading = readClock(opened.value, asked);
      if (!reading.ok) return;
      question = undefined;
      const { offsetMs, roundTripMs } = reading.value;
      // A slow answer is none: asked again soon, as if nothing had come.
      if (roundTripMs > MAX_ROUND_TRIP_MS) return;
      again(EVERY_MS);
      watch();
      parts.onMissing(false);
      parts.onSample({ clocks: { wallMs: asked.t3, monotonicMs: arrivedMs }, offsetMs, roundTripMs });
    },
    close: stop,
  };
}

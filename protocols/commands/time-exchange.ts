// SPDX-License-Identifier: Apache-2.0
// Clock offset from a signed time answer, as NTP computes it (RFC 5905 section 8), bound to the request by nonce and t0.
import { err, ok, type Result } from '../result.ts';
import type { TimeAnswer } from './command.ts';

export interface TimeRequest {
  readonly device: string;
  readonly nonce: string;
  /** The controller's clock when it asked. */
  readonly t0: number;
  /** t0 plus the monotonic time until the answer: a clock set in between must not count as network delay. */
  readonly t3: number;
}

export interface ClockReading {
  /** Add to the controller's clock to have the gateway's. */
  readonly offsetMs: number;
  readonly roundTripMs: number;
  /** The true offset is within this of `offsetMs`, however unequal the two ways were. */
  readonly uncertaintyMs: number;
}

export type TimeRefusal = 'wrong-device' | 'wrong-nonce' | 'wrong-t0' | 'impossible-times';

export function readClock(answer: TimeAnswer, request: TimeRequest): Result<ClockReading, TimeRefusal> {
  if (answer.device !== request.device) return err('wrong-device', 'the time is for another controller');
  if (answer.nonce !== request.nonce) return err('wrong-nonce', 'the time answers another request');
  if (answer.t0 !== request.t0) return err('wrong-t0', 'the time answers another request');
  const { t0, t3 } = request;
  const { t1, t2 } = answer;
  const roundTripMs = t3 - t0 - (t2 - t1);
  if (t2 < t1 || t3 < t0 || roundTripMs < 0)
    return err('impossible-times', 'the answer took longer to make than to come');
  return ok({ offsetMs: (t1 - t0 + (t2 - t3)) / 2, roundTripMs, uncertaintyMs: roundTripMs / 2 });
}

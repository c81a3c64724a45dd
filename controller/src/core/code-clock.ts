// SPDX-License-Identifier: Apache-2.0
// How far a gate may believe its clock when it judges the time of a code (lists-and-codes, gate rules), and from which time on
// it takes codes after a start.
import { AHEAD_MS } from '@latchkey/protocols/codes/check-code';
import { MAX_DRIFT, SYNCED_WITHIN_MS, type TrustedInstant } from './trusted-time.ts';

export interface CodeClock {
  /** The machine keeps time while it is off (wiring, clock). */
  readonly keptWhileOff: boolean;
  /** Highest signed time known at the start: 0 where none is. */
  readonly markMs: number;
}

/** Bound of the error of `instant`; infinite where nothing bounds it. */
export function codeDriftMs({ ms, quality, uncertaintyMs }: TrustedInstant, clock: CodeClock): number {
  if (quality === 'degraded') return Number.POSITIVE_INFINITY;
  if (uncertaintyMs < Number.POSITIVE_INFINITY || !clock.keptWhileOff || clock.markMs <= 0) return uncertaintyMs;
  // Right within what `synced` promises when it was last told the time, and on its own since.
  return SYNCED_WITHIN_MS + MAX_DRIFT * Math.max(0, ms - clock.markMs);
}

/**
 * No code made before this is taken: what was accepted before the start is forgotten, and then a code may have been accepted
 * that was made as far ahead as a gate allows.
 */
export const codesFromMs = (nowMs: number, uptimeMs: number, driftMs: number): number =>
  nowMs - uptimeMs + AHEAD_MS + (driftMs < Number.POSITIVE_INFINITY ? driftMs : 0);

// SPDX-License-Identifier: Apache-2.0
// How long to wait before connecting again: at once after a good connection, then ever longer, always scattered, so that a
// thousand doors do not all knock in the same second after a power cut.

export interface BackoffLimits {
  readonly firstMs: number;
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * A cable that is back is noticed within 5 s, so that a lost card is known here soon after. A thousand controllers are then
 * 200 to 400 attempts a second, below the 610 handshakes a core takes (DESIGN 6).
 */
export const LINK_BACKOFF: BackoffLimits = { firstMs: 300, baseMs: 1_000, maxMs: 5_000 };

/** `failures`: attempts that failed since the last good connection. `unit`: uniform in [0, 1). */
export function reconnectDelayMs(limits: BackoffLimits, failures: number, unit: number): number {
  if (failures === 0) return Math.round(limits.firstMs * unit);
  const ceiling = Math.min(limits.maxMs, limits.baseMs * 2 ** Math.min(failures - 1, 20));
  return Math.round(ceiling * (0.5 + unit / 2));
}

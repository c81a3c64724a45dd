// SPDX-License-Identifier: Apache-2.0
// Time and timers as the rest of the controller sees them: a wall clock that may jump, a monotonic one that may not.

export interface Clock {
  /** Milliseconds since 1970 of the machine's own clock. Unset, set back and stepped clocks happen: see core/trusted-time. */
  now(): number;
  /** Milliseconds since an arbitrary start. Never goes back; may have fractions. */
  monotonic(): number;
  /** Runs `action` once, no earlier than `delayMs` of monotonic time from now. The returned function cancels; calling it late is fine. */
  after(delayMs: number, action: () => void): () => void;
}

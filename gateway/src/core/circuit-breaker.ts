// SPDX-License-Identifier: Apache-2.0
// Spares a system that is down, and those who would wait for it: after so many failures in a row nobody asks for a while,
// then one asks for all.

export type BreakerState =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly untilMs: number }
  /** One question is out; `untilMs`: when it is taken for lost. */
  | { readonly kind: 'probing'; readonly untilMs: number };

export interface BreakerLimits {
  readonly failures: number;
  readonly openMs: number;
}

export const CLOSED: BreakerState = { kind: 'closed', failures: 0 };

/** Whether a question may go out now, and the state after it has. */
export function ask(
  state: BreakerState,
  { openMs }: BreakerLimits,
  nowMs: number,
): { readonly allowed: boolean; readonly state: BreakerState } {
  if (state.kind === 'closed') return { allowed: true, state };
  if (nowMs < state.untilMs) return { allowed: false, state };
  return { allowed: true, state: { kind: 'probing', untilMs: nowMs + openMs } };
}

/** What a question's end makes of the state: an answer closes, whatever it says; failures open. */
export function settle(state: BreakerState, failed: boolean, limits: BreakerLimits, nowMs: number): BreakerState {
  const open: BreakerState = { kind: 'open', untilMs: nowMs + limits.openMs };
  switch (state.kind) {
    case 'closed': {
      if (!failed) return CLOSED;
      const failures = state.failures + 1;
      return failures >= limits.failures ? open : { kind: 'closed', failures };
    }
    case 'probing':
      return failed ? open : CLOSED;
    case 'open':
      // Asked before it opened: late failures prolong nothing, an answer shows that the system is back.
      return failed ? state : CLOSED;
  }
}

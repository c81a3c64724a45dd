// SPDX-License-Identifier: Apache-2.0
// What a lane's display shows: the answer for some seconds, then the quiet picture again, which a door held open changes. Pure.
import type { Reason } from '@latchkey/protocols/mqtt/reasons';
import type { LaneSignal } from '../ports/lane-signals.ts';
import { type LaneState, type LaneWords, REASON_WORDS, STATE_WORDS } from './lane-words.ts';

export interface LaneView extends LaneWords {
  readonly state: LaneState;
  readonly reason?: Reason;
}

export interface LaneViewState {
  /** An answer or a question under way, while its time lasts. */
  readonly passing: LaneView | undefined;
  readonly held: 'over' | 'warning' | 'alarm';
}

export const INITIAL_LANE_VIEW: LaneViewState = { passing: undefined, held: 'over' };

export type LaneViewEvent = { readonly kind: 'signal'; readonly signal: LaneSignal } | { readonly kind: 'timer' };

export type LaneViewEffect =
  | { readonly kind: 'show'; readonly view: LaneView }
  /** A later one takes its place. */
  | { readonly kind: 'timer'; readonly afterMs: number };

const GRANTED_MS = 3_000;
/** Time to read what to do next. */
const REFUSED_MS = 6_000;
/** The gateway answers within 800 ms or not at all; whoever asked tells what came of it. */
const CHECKING_MS = 2_000;

export function stepLaneView(
  state: LaneViewState,
  event: LaneViewEvent,
): { readonly state: LaneViewState; readonly effects: readonly LaneViewEffect[] } {
  if (event.kind === 'timer') return shown({ ...state, passing: undefined }, state);
  const { signal } = event;
  switch (signal.kind) {
    case 'checking':
      return pass(state, viewOf('checking'), CHECKING_MS);
    case 'granted':
      return pass(state, viewOf('granted'), GRANTED_MS);
    case 'refused':
      return pass(state, { state: 'refused', reason: signal.reason, ...REASON_WORDS[signal.reason] }, REFUSED_MS);
    case 'unreadable':
      return pass(state, viewOf('unreadable'), REFUSED_MS);
    case 'held-open':
      return shown({ ...state, held: signal.stage }, state);
  }
}

export const currentView = ({ passing, held }: LaneViewState): LaneView =>
  passing ?? viewOf(held === 'over' ? 'waiting' : (`held-${held}` as const));

const viewOf = (state: Exclude<LaneState, 'refused'>): LaneView => ({ state, ...STATE_WORDS[state] });

/** Shown even where it looks the same as before: the next person's answer is theirs. */
function pass(state: LaneViewState, passing: LaneView, afterMs: number) {
  return {
    state: { ...state, passing },
    effects: [{ kind: 'show', view: passing } as const, { kind: 'timer', afterMs } as const],
  };
}

function shown(state: LaneViewState, before: LaneViewState) {
  const view = currentView(state);
  const same = view.state === currentView(before).state;
  return { state, effects: same ? [] : [{ kind: 'show', view } as const] };
}

// SPDX-License-Identifier: Apache-2.0
// Lamps and beepers of a lane: what is told becomes pulses on outputs. The latest word counts: a new pattern ends the one
// before on every output of the direction. Pure; a shell moves the outputs and runs the timers.
import type { LaneSignal } from '../ports/lane-signals.ts';
import type { LaneFeedback } from './wiring-lane.ts';

export interface Pulses {
  readonly count: number;
  readonly onMs: number;
  readonly offMs: number;
}

export type FeedbackEvent =
  | { readonly kind: 'signal'; readonly signal: LaneSignal }
  | { readonly kind: 'timer'; readonly output: string };

export type FeedbackEffect =
  | { readonly kind: 'output'; readonly output: string; readonly on: boolean }
  /** One a lamp or beeper: a later one takes its place. */
  | { readonly kind: 'timer'; readonly output: string; readonly afterMs: number }
  | { readonly kind: 'cancel'; readonly output: string };

/** Outputs that are pulsing. `left`: pulses to come after the present one or the present pause. */
export type FeedbackState = Readonly<
  Record<string, { readonly on: boolean; readonly left: number; readonly pulses: Pulses }>
>;

export const INITIAL_FEEDBACK: FeedbackState = {};

interface Step {
  readonly state: FeedbackState;
  readonly effects: readonly FeedbackEffect[];
}

export function stepFeedback(config: LaneFeedback, state: FeedbackState, event: FeedbackEvent): Step {
  if (event.kind === 'timer') return onTimer(state, event.output);
  const patterns = patternsOf(config, event.signal);
  return patterns === undefined ? { state, effects: [] } : begin(state, patterns);
}

/** Nothing for signals that lamps do not show. */
function patternsOf(config: LaneFeedback, signal: LaneSignal): ReadonlyMap<string, Pulses> | undefined {
  const { granted, refused, beeper } = config;
  switch (signal.kind) {
    case 'granted':
      return toMap([granted, granted?.pulses], [beeper, beeper?.granted]);
    case 'refused':
    case 'unreadable':
      return toMap([refused, refused?.pulses], [beeper, beeper?.refused]);
    case 'checking':
    case 'held-open':
      return undefined;
  }
}

type Wired = readonly [wired: { readonly output: string } | undefined, pulses: Pulses | undefined];

const toMap = (...all: readonly Wired[]): ReadonlyMap<string, Pulses> =>
  new Map(all.flatMap(([wired, pulses]) => (wired && pulses ? [[wired.output, pulses]] : [])));

function begin(state: FeedbackState, patterns: ReadonlyMap<string, Pulses>): Step {
  const effects: FeedbackEffect[] = [];
  for (const [output, { on }] of Object.entries(state)) {
    if (patterns.has(output)) continue;
    effects.push({ kind: 'cancel', output });
    if (on) effects.push({ kind: 'output', output, on: false });
  }
  const next = Object.fromEntries(
    [...patterns].map(([output, pulses]) => [output, { on: true, left: pulses.count - 1, pulses }]),
  );
  for (const [output, { onMs }] of patterns) {
    if (!state[output]?.on) effects.push({ kind: 'output', output, on: true });
    effects.push({ kind: 'timer', output, afterMs: onMs });
  }
  return { state: next, effects };
}

function onTimer(state: FeedbackState, output: string): Step {
  const playing = state[output];
  if (playing === undefined) return { state, effects: [] };
  const { on, left, pulses } = playing;
  const moved: FeedbackEffect = { kind: 'output', output, on: !on };
  if (on && left === 0) {
    const { [output]: _, ...others } = state;
    return { state: others, effects: [moved] };
  }
  const next = { on: !on, left: on ? left : left - 1, pulses };
  const afterMs = on ? pulses.offMs : pulses.onMs;
  return { state: { ...state, [output]: next }, effects: [moved, { kind: 'timer', output, afterMs }] };
}

// SPDX-License-Identifier: Apache-2.0
// Inputs made believable: a level counts once it has held for its time, in steps of 0.1 s, and means what the wiring says
// (reference: door, Details). A line that is cut or shorted is a fault, whatever it was before.
import type { PortalId } from '@latchkey/protocols/ids';
import type { InputLevel } from '../ports/panel.ts';
import type { WireLevel } from './door.ts';
import { INPUT_ROLES, type InputRole, type InputWiring, type Wiring } from './wiring.ts';

export interface DebounceState {
  /** Counts now; none before the first reading. */
  readonly stable: InputLevel | undefined;
  /** Read since, and not yet long enough. */
  readonly candidate: InputLevel | undefined;
}

export const INITIAL_DEBOUNCE: DebounceState = { stable: undefined, candidate: undefined };

export type DebounceEvent = { readonly kind: 'level'; readonly level: InputLevel } | { readonly kind: 'timer' };

export type DebounceEffect =
  | { readonly kind: 'timer'; readonly afterMs: number }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'level'; readonly level: InputLevel };

export function stepDebounce(
  debounceMs: number,
  state: DebounceState,
  event: DebounceEvent,
): { readonly state: DebounceState; readonly effects: readonly DebounceEffect[] } {
  if (event.kind === 'timer') {
    if (state.candidate === undefined) return { state, effects: [] };
    return accept(state.candidate);
  }
  const { level } = event;
  // What is found at the start has no before to bounce from.
  if (state.stable === undefined || (debounceMs === 0 && level !== state.stable)) return accept(level);
  if (level === state.stable) {
    const bounced = state.candidate !== undefined;
    return { state: { ...state, candidate: undefined }, effects: bounced ? [{ kind: 'cancel' }] : [] };
  }
  if (level === state.candidate) return { state, effects: [] };
  return { state: { ...state, candidate: level }, effects: [{ kind: 'timer', afterMs: debounceMs }] };
}

function accept(level: InputLevel) {
  return { state: { stable: level, candidate: undefined }, effects: [{ kind: 'level' as const, level }] };
}

/** A closed circuit is quiet where the wiring says so, and asserted where it does not. */
export function wireLevel({ normallyClosed }: Pick<InputWiring, 'normallyClosed'>, level: InputLevel): WireLevel {
  if (level === 'fault') return 'fault';
  return (level === 'active') === normallyClosed ? 'quiet' : 'asserted';
}

export interface InputUse {
  readonly portal: PortalId;
  readonly role: InputRole;
  readonly wired: InputWiring;
}

/** Which doors an input speaks to; one fire line may free several. */
export function inputUses({ portals }: Pick<Wiring, 'portals'>): ReadonlyMap<string, readonly InputUse[]> {
  const uses = new Map<string, InputUse[]>();
  for (const portal of portals) {
    for (const role of INPUT_ROLES) {
      const wired = portal[role];
      if (!wired) continue;
      const use = { portal: portal.id, role, wired };
      uses.set(wired.input, [...(uses.get(wired.input) ?? []), use]);
    }
  }
  return uses;
}

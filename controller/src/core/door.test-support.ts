// SPDX-License-Identifier: Apache-2.0
// A bench for the door machine: its timers run on a clock that only the test moves, its relays confirm at once.
import { portalId } from '@latchkey/protocols/ids';
import {
  type DoorConfig,
  type DoorEffect,
  type DoorEvent,
  type DoorState,
  type DoorTimer,
  initialDoor,
  stepDoor,
  type WireLevel,
} from './door.ts';
import type { EventBody, Passage } from './event-body.ts';
import { parseWiring } from './wiring.ts';

/** A door from the JSON of a wiring file, with what is not said at its default. */
export function doorConfig(more: object = {}): DoorConfig {
  const portal = {
    id: 'gate-1',
    lock: { output: 'relay', fail: 'secure' },
    contact: { input: 'contact' },
    requestToExit: { input: 'exit', mode: 'unlock' },
    fire: { input: 'fire', freedInHardware: true },
    tamper: { input: 'tamper' },
    readers: [],
    ...more,
  };
  const parsed = parseWiring({ readers: [], panel: { kind: 'simulated', socket: 'none' }, portals: [portal] });
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.value.portals[0] as DoorConfig;
}

const refOf = (admission: string): string => Buffer.from(admission).toString('hex').padEnd(16, '0').slice(0, 16);

/** Of somebody else for each admission. */
export const passage = (admission: string, direction: 'in' | 'out' = 'in', ref = refOf(admission)): Passage => ({
  portal: portalId.parse('gate-1'),
  direction,
  credential: { ref, class: 'uid-only' },
  admission,
});

export interface DoorBench {
  state(): DoorState;
  /** Feeds an event and everything that follows at once. Returns its effects. */
  feed(event: DoorEvent): readonly DoorEffect[];
  /** Lets time pass and fires what is due. */
  wait(ms: number): void;
  grant(admission: string, options?: { extended?: boolean; direction?: 'in' | 'out' }): readonly DoorEffect[];
  open(): void;
  close(): void;
  input(role: 'requestToExit' | 'fire' | 'tamper' | 'contact', level: 'quiet' | 'asserted' | 'fault'): void;
  /** Everything told so far, and forgets it. */
  told(): EventBody[];
  energised(output?: string): boolean | undefined;
  readonly effects: DoorEffect[];
  /** Admissions of every grant fed. */
  readonly granted: readonly string[];
  timers(): ReadonlyMap<DoorTimer, number>;
}

export function doorBench(
  config: DoorConfig,
  options: { outputsWork?: () => boolean; contactAtStart?: WireLevel } = {},
): DoorBench {
  let state = initialDoor(config);
  let now = 0;
  const timers = new Map<DoorTimer, number>();
  const relays = new Map<string, boolean>();
  const effects: DoorEffect[] = [];
  const granted: string[] = [];
  let told: EventBody[] = [];

  function feed(event: DoorEvent): readonly DoorEffect[] {
    const step = stepDoor(config, state, event);
    state = step.state;
    for (const effect of step.effects) run(effect);
    return step.effects;
  }

  function run(effect: DoorEffect): void {
    effects.push(effect);
    if (effect.kind === 'timer') timers.set(effect.name, now + effect.afterMs);
    if (effect.kind === 'cancel') timers.delete(effect.name);
    if (effect.kind === 'event') told.push(effect.event);
    if (effect.kind !== 'output') return;
    const ok = options.outputsWork?.() ?? true;
    if (ok) relays.set(effect.output, effect.on);
    feed({ kind: 'output', output: effect.output, on: effect.on, ok });
  }

  function wait(ms: number): void {
    const end = now + ms;
    for (;;) {
      const [next] = [...timers].filter(([, due]) => due <= end).sort((a, b) => a[1] - b[1]);
      if (!next) break;
      now = next[1];
      timers.delete(next[0]);
      feed({ kind: 'timer', name: next[0] });
    }
    now = end;
  }

  const bench: DoorBench = {
    state: () => state,
    feed,
    wait,
    grant(admission, { extended = false, direction = 'in' } = {}) {
      granted.push(admission);
      return feed({ kind: 'grant', passage: passage(admission, direction), extended });
    },
    open: () => void feed({ kind: 'input', role: 'contact', level: 'asserted' }),
    close: () => void feed({ kind: 'input', role: 'contact', level: 'quiet' }),
    input: (role, level) => void feed({ kind: 'input', role, level }),
    told: () => {
      const all = told;
      told = [];
      return all;
    },
    energised: (output = 'relay') => relays.get(output),
    effects,
    granted,
    timers: () => timers,
  };
  feed({ kind: 'start' });
  feed({ kind: 'input', role: 'contact', level: options.contactAtStart ?? 'quiet' });
  told = [];
  effects.length = 0;
  return bench;
}

export const mode = (door: DoorBench) => door.state().reported.mode;
export const alarm = (door: DoorBench) => door.state().reported.alarm;
export const kinds = (events: readonly EventBody[]) => events.map(({ type }) => type);
export const outcomes = (door: DoorBench) =>
  door.effects.flatMap((effect) =>
    effect.kind === 'passage' ? [`${effect.passage.admission} ${effect.outcome}`] : [],
  );
export const alarms = (door: DoorBench) =>
  door
    .told()
    .flatMap((event) => (event.type === 'door-alarm' ? [event.warning ? `warning ${event.alarm}` : event.alarm] : []));
export const operator = (door: DoorBench, to: 'Locked' | 'Unlocked' | 'Blocked' | 'LockedOpen' | 'DoubleLocked') =>
  door.feed({ kind: 'claim', writer: 'operator', mode: to, by: 'operator:li' });
export const lockdown = (door: DoorBench) =>
  door.feed({ kind: 'claim', writer: 'lockdown', mode: 'LockedDown', by: 'operator:li' });
export const refused = (effects: readonly { kind: string; code?: string }[]) =>
  effects.flatMap((effect) => (effect.kind === 'refuse' ? [effect.code] : []));

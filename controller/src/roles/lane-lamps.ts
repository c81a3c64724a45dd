// SPDX-License-Identifier: Apache-2.0
// Moves the lamps and beepers of every lane. They wait for nobody and nobody waits for them: an output that fails is an alarm.
import type { Direction } from '@latchkey/protocols/ids';
import { type FeedbackEvent, INITIAL_FEEDBACK, stepFeedback } from '../core/feedback.ts';
import type { Wiring } from '../core/wiring.ts';
import type { LaneFeedback } from '../core/wiring-lane.ts';
import type { Clock } from '../ports/clock.ts';
import type { LaneSignals } from '../ports/lane-signals.ts';
import type { Panel } from '../ports/panel.ts';

export interface LaneLampsParts {
  readonly portals: Wiring['portals'];
  readonly panel: Pick<Panel, 'setOutput'>;
  readonly clock: Pick<Clock, 'after'>;
  /** Told when an output begins to fail, and when it takes orders again. */
  readonly onOutput: (output: string, state: 'failed' | 'works') => void;
}

export interface LaneLamps extends LaneSignals {
  /** Stops its timers; outputs are the panel's to let go. */
  close(): void;
}

interface Player {
  take(event: FeedbackEvent): void;
  close(): void;
}

export function createLaneLamps(parts: LaneLampsParts): LaneLamps {
  const failed = new Set<string>();
  const ordered = new Map<string, boolean>();
  const players = new Map<string, readonly Player[]>();
  for (const { id, feedback } of parts.portals) {
    if (!feedback) continue;
    const both = feedback.both && createPlayer(feedback.both, parts, order);
    for (const direction of ['in', 'out'] as const) {
      const own = feedback[direction] && createPlayer(feedback[direction], parts, order);
      players.set(
        placeOf(id, direction),
        [both, own].filter((player) => player !== undefined),
      );
    }
  }

  /** At most one order on its way for each output: a panel that hangs gathers no queue of them, and the newest counts. */
  function order(output: string, on: boolean): void {
    const isUnderWay = ordered.has(output);
    ordered.set(output, on);
    if (!isUnderWay) void carryOut(output);
  }

  async function carryOut(output: string): Promise<void> {
    for (let on = ordered.get(output); on !== undefined; ) {
      await setOutput(output, on);
      const latest = ordered.get(output);
      if (latest === on) ordered.delete(output);
      on = latest === on ? undefined : latest;
    }
  }

  async function setOutput(output: string, on: boolean): Promise<void> {
    try {
      await parts.panel.setOutput(output, on);
      if (failed.delete(output)) parts.onOutput(output, 'works');
    } catch {
      if (!failed.has(output)) parts.onOutput(output, 'failed');
      failed.add(output);
    }
  }

  return {
    tell(portal, direction, signal) {
      for (const player of players.get(placeOf(portal, direction)) ?? []) player.take({ kind: 'signal', signal });
    },
    close() {
      for (const player of [...players.values()].flat()) player.close();
    },
  };
}

const placeOf = (portal: string, direction: Direction): string => `${portal}/${direction}`;

function createPlayer(
  config: LaneFeedback,
  { clock }: Pick<LaneLampsParts, 'clock'>,
  order: (output: string, on: boolean) => void,
): Player {
  const timers = new Map<string, () => void>();
  let state = INITIAL_FEEDBACK;
  let closed = false;

  function take(event: FeedbackEvent): void {
    if (closed) return;
    const stepped = stepFeedback(config, state, event);
    state = stepped.state;
    for (const effect of stepped.effects) {
      if (effect.kind === 'output') order(effect.output, effect.on);
      else timers.get(effect.output)?.();
      if (effect.kind === 'timer')
        timers.set(
          effect.output,
          clock.after(effect.afterMs, () => fire(effect.output)),
        );
    }
  }

  const fire = (output: string) => take({ kind: 'timer', output });

  return {
    take,
    close() {
      closed = true;
      for (const cancel of timers.values()) cancel();
    },
  };
}

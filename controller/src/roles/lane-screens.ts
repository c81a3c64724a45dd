// SPDX-License-Identifier: Apache-2.0
// Runs what every lane's display shows: a machine and a timer for each direction of each portal that has one.
import type { Direction, PortalId } from '@latchkey/protocols/ids';
import { currentView, INITIAL_LANE_VIEW, type LaneView, type LaneViewEvent, stepLaneView } from '../core/lane-view.ts';
import type { Clock } from '../ports/clock.ts';
import type { LaneSignal, LaneSignals } from '../ports/lane-signals.ts';

export interface LaneScreensParts {
  readonly portals: readonly PortalId[];
  readonly clock: Pick<Clock, 'after'>;
  readonly show: (portal: PortalId, direction: Direction, view: LaneView) => void;
}

export interface LaneScreens extends LaneSignals {
  /** What is to be seen now, at a portal that has a display. */
  view(portal: PortalId, direction: Direction): LaneView;
  close(): void;
}

interface Screen {
  view(): LaneView;
  tell(signal: LaneSignal): void;
  close(): void;
}

export function createLaneScreens({ portals, clock, show }: LaneScreensParts): LaneScreens {
  const screens = new Map<PortalId, Readonly<Record<Direction, Screen>>>();
  for (const portal of portals) {
    const of = (direction: Direction) => createScreen(clock, (view) => show(portal, direction, view));
    screens.set(portal, { in: of('in'), out: of('out') });
  }
  return {
    tell: (portal, direction, signal) => screens.get(portal)?.[direction].tell(signal),
    view(portal, direction) {
      const found = screens.get(portal);
      if (!found) throw new RangeError('no display there');
      return found[direction].view();
    },
    close() {
      for (const screen of [...screens.values()].flatMap((both) => Object.values(both))) screen.close();
    },
  };
}

function createScreen(clock: Pick<Clock, 'after'>, show: (view: LaneView) => void): Screen {
  let state = INITIAL_LANE_VIEW;
  let cancel: (() => void) | undefined;
  let closed = false;

  function feed(event: LaneViewEvent): void {
    if (closed) return;
    const stepped = stepLaneView(state, event);
    state = stepped.state;
    for (const effect of stepped.effects) {
      if (effect.kind === 'show') {
        show(effect.view);
        continue;
      }
      cancel?.();
      cancel = clock.after(effect.afterMs, () => feed({ kind: 'timer' }));
    }
  }

  return {
    view: () => currentView(state),
    tell: (signal) => feed({ kind: 'signal', signal }),
    close() {
      closed = true;
      cancel?.();
    },
  };
}

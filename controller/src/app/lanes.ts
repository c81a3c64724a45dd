// SPDX-License-Identifier: Apache-2.0
// What the people in the lanes of this controller see and hear: lamps, beepers, displays. A lane without any works the same.
import type { PortalId } from '@latchkey/protocols/ids';
import type { AlarmKind } from '@latchkey/protocols/mqtt/door-terms';
import { LaneDisplay } from '../adapters/lane-display.ts';
import { createReopening, type Reopening } from '../adapters/reopening.ts';
import type { Wiring } from '../core/wiring.ts';
import type { DisplayWiring } from '../core/wiring-lane.ts';
import type { Clock } from '../ports/clock.ts';
import type { LaneChallenge, LaneSignals } from '../ports/lane-signals.ts';
import type { Panel } from '../ports/panel.ts';
import type { Random } from '../ports/random.ts';
import { createLaneLamps } from '../roles/lane-lamps.ts';
import { createLaneScreens } from '../roles/lane-screens.ts';
import type { Log } from './log.ts';
import { lanePage } from './worker-file.ts';

export interface LanesParts {
  readonly wiring: Pick<Wiring, 'portals'>;
  readonly panel: Pick<Panel, 'setOutput'>;
  readonly clock: Clock;
  readonly random: Pick<Random, 'unit'>;
  readonly log: Log;
  readonly setAlarm: (alarm: AlarmKind, active: boolean, subject?: string) => void;
  /** For the display of a portal; nothing where its gate takes no answers. */
  readonly challenge: (portal: PortalId) => LaneChallenge | undefined;
}

export interface Lanes extends LaneSignals {
  /** Opens the displays, in its own time: one whose port is taken is tried for ever. */
  start(): void;
  close(): Promise<void>;
}

export function createLanes(parts: LanesParts): Lanes {
  const { clock, log, setAlarm } = parts;
  const { portals } = parts.wiring;
  const displays = new Map<PortalId, LaneDisplay>();
  const opening: Reopening[] = [];
  const lamps = createLaneLamps({
    ...parts,
    portals,
    onOutput: (output, state) => setAlarm('output-fault', state === 'failed', output),
  });
  const screens = createLaneScreens({
    clock,
    portals: portals.flatMap(({ id, display }) => (display ? [id] : [])),
    show: (portal, direction, view) => displays.get(portal)?.show(direction, view),
  });

  function keepOpen(portal: PortalId, { host, port }: DisplayWiring): Reopening {
    return createReopening({
      ...parts,
      open: async () => {
        const view = (direction: 'in' | 'out') => screens.view(portal, direction);
        const challenge = () => parts.challenge(portal);
        const display = await LaneDisplay.start({ host, port, page: lanePage(), clock, view, challenge });
        displays.set(portal, display);
        return async () => {
          displays.delete(portal);
          await display.close();
        };
      },
      onOpen: () => log.info({ portal, host, port }, 'lane display is served'),
      onEnd: () => undefined,
      onFailed: (reason) => log.error({ portal, reason }, 'lane display cannot be served, trying on'),
    });
  }

  return {
    start() {
      for (const { id, display } of portals) if (display) opening.push(keepOpen(id, display));
    },
    tell(portal, direction, signal) {
      lamps.tell(portal, direction, signal);
      screens.tell(portal, direction, signal);
    },
    async close() {
      lamps.close();
      screens.close();
      await Promise.all(opening.map(async (display) => display.close()));
    },
  };
}

// SPDX-License-Identifier: Apache-2.0
// What an event of a portal says to the people in its lane. Grants are not among them: they are told when the door has its order.
import type { Direction } from '@latchkey/protocols/ids';
import type { LaneSignal } from '../ports/lane-signals.ts';
import type { EventBody } from './event-body.ts';

export interface LaneNotice {
  readonly directions: readonly Direction[];
  readonly signal: LaneSignal;
}

const BOTH: readonly Direction[] = ['in', 'out'];

/** `directionOf` knows the portal's readers. */
export function laneSignalOf(
  event: EventBody,
  directionOf: (reader: string) => Direction | undefined,
): LaneNotice | undefined {
  switch (event.type) {
    case 'access-denied':
    case 'code-refused':
      return { directions: [event.direction], signal: { kind: 'refused', reason: event.reason } };
    case 'unreadable-card': {
      const direction = directionOf(event.reader);
      return direction && { directions: [direction], signal: { kind: 'unreadable' } };
    }
    case 'door-alarm':
      if (event.alarm === 'DoorOpenTooLong') return held(event.warning === true ? 'warning' : 'alarm');
      return event.alarm === 'Normal' ? held('over') : undefined;
    case 'door-position':
      // A door shut after the warning never came to the alarm, whose end would say so.
      return event.state === 'Closed' ? held('over') : undefined;
    default:
      return undefined;
  }
}

const held = (stage: 'warning' | 'alarm' | 'over'): LaneNotice => ({
  directions: BOTH,
  signal: { kind: 'held-open', stage },
});

// SPDX-License-Identifier: Apache-2.0
// What the person in a lane is told: by lamps and beepers, and on the lane's display. Never who they are.
import type { Direction, PortalId } from '@latchkey/protocols/ids';
import type { Reason } from '@latchkey/protocols/mqtt/reasons';

export type LaneSignal =
  /** Something was presented and the gateway is being asked. */
  | { readonly kind: 'checking' }
  | { readonly kind: 'granted' }
  | { readonly kind: 'refused'; readonly reason: Reason }
  /** Something was held there and gave neither number nor text. */
  | { readonly kind: 'unreadable' }
  /** The door stands open: about to be too long (`warning`), too long (`alarm`), or no longer (`over`). */
  | { readonly kind: 'held-open'; readonly stage: 'warning' | 'alarm' | 'over' };

export interface LaneSignals {
  /** Returns at once and never throws: no relay waits for a lamp. Portals and directions without lamps or display are fine. */
  tell(portal: PortalId, direction: Direction, signal: LaneSignal): void;
}

/** Text that a lane shows as a QR code, for phones to answer (pass codes, profile D). */
export interface LaneChallenge {
  readonly text: string;
  /** How long an answer to it will be taken, from now on. */
  readonly expiresMs: number;
}

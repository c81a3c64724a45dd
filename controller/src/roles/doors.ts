// SPDX-License-Identifier: Apache-2.0
// What commands and reports need of the doors of a role.
import type { PortalId } from '@latchkey/protocols/ids';
import type { PortalReport } from '@latchkey/protocols/mqtt/messages';
import type { Result } from '@latchkey/protocols/result';
import type { ClaimedMode } from '../core/mode-arbiter.ts';

export interface Doors {
  portals(): readonly PortalId[];
  report(portal: PortalId): PortalReport;
  /** One passage now, on an operator's word. Resolves once the lock took it. */
  release(portal: PortalId, by: string): Promise<Result<null>>;
  /** Sets what one writer wants of the door, or takes it back with `null`. Resolves once the lock took it. */
  setMode(
    portal: PortalId,
    writer: 'operator' | 'lockdown',
    mode: ClaimedMode | null,
    by: string,
  ): Promise<Result<null>>;
}

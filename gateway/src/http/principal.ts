// SPDX-License-Identifier: Apache-2.0
// Who makes a request, and what they may: the one thing routes ask of sign-in. Set on every request that is not public.
import type { Role, RoleGrant } from '@latchkey/protocols/api/sign-in';

export interface Principal {
  /** For the audit chain: `administrator` for the token, otherwise the person's number. Never a name. */
  readonly actor: string;
  /** The person's number; absent for the administrator's token. */
  readonly number?: string;
  readonly roles: readonly RoleGrant[];
  /** Session id's hash; absent for the token. */
  readonly session?: string;
  readonly mustChangePassword: boolean;
}

/** A person's session, as found for one request. */
export interface SessionState {
  readonly principal: Principal & { readonly number: string; readonly session: string };
  /** Row of the person. */
  readonly personId: number;
  readonly name: string;
  readonly csrf: string;
  readonly expiresMs: number;
  /** Sign-in was a moment ago: what outlasts the session may be given out. */
  readonly fresh: boolean;
}

/** Buildings in which one of the roles holds: everywhere, or these names; undefined where none is held. */
export type Reach = 'all' | ReadonlySet<string>;

/** What of the events somebody sees. `alarms` holds at least `all`. */
export interface EventReach {
  /** Every event there, movements among them. */
  readonly all: Reach;
  /** What doors and controllers report of themselves. */
  readonly alarms: Reach;
}
export const EVERY_EVENT: EventReach = { all: 'all', alarms: 'all' };

export function reachOf(principal: Principal, roles: readonly Role[]): Reach | undefined {
  const held = principal.roles.filter((grant) => roles.includes(grant.role));
  if (held.length === 0) return undefined;
  if (held.some((grant) => grant.buildings === 'all')) return 'all';
  return new Set(held.flatMap((grant) => (grant.buildings === 'all' ? [] : grant.buildings)));
}

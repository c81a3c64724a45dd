// SPDX-License-Identifier: Apache-2.0
// Who serves a lock that several corridor controllers hear (reference: lock): the stronger, by leases that never overlap, so that
// two never talk to it at once. A lease that ran out by itself needs nobody's word; one given up early does.
export interface Hearing {
  readonly device: string;
  /** It is connected and heard the lock lately. */
  readonly able: boolean;
  /** dBm; undefined where it never heard the lock. */
  readonly rssi: number | undefined;
  /** Until when it may believe that it serves, by all that it was told; `Infinity`: it was told no end. */
  readonly believesUntilMs: number;
}

export interface Lease {
  /** Who serves, or last did. */
  readonly server: string | undefined;
  /** Until when nobody else may; what was promised to the server. */
  readonly untilMs: number;
}

export const NO_LEASE: Lease = { server: undefined, untilMs: 0 };
export const LEASE_MS = 60_000;
/** Renewed when less than this is left. */
const RENEW_MS = 30_000;
/** So much stronger must another be: a lock between two would change hands with every passer-by. */
export const HYSTERESIS_DB = 8;
/** Clocks of controllers may be this far off. */
export const MARGIN_MS = 5_000;

const SILENT_DBM = -127;
const strength = ({ rssi }: Hearing): number => rssi ?? SILENT_DBM;

/** The same lease where nothing is to be said. `able` controllers only get one. */
export function nextLease(lease: Lease, hearings: readonly Hearing[], nowMs: number): Lease {
  const able = hearings.filter((each) => each.able);
  const present = able.find(({ device }) => device === lease.server);
  const best = able.reduce<Hearing | undefined>(
    (strongest, each) => (strongest === undefined || strength(each) > strength(strongest) ? each : strongest),
    undefined,
  );
  if (best === undefined) return lease;
  const stays = present !== undefined && strength(best) < strength(present) + HYSTERESIS_DB;
  if (stays) return lease.untilMs - nowMs > RENEW_MS ? lease : { server: present.device, untilMs: nowMs + LEASE_MS };
  const others = hearings.filter(({ device }) => device !== best.device);
  const ends = others.map(({ believesUntilMs }) => believesUntilMs);
  if (lease.server !== undefined && lease.server !== best.device) ends.push(lease.untilMs);
  // Not renewed, it runs out; only then does the next one begin.
  return ends.every((untilMs) => nowMs > untilMs + MARGIN_MS)
    ? { server: best.device, untilMs: nowMs + LEASE_MS }
    : lease;
}

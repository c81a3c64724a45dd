// SPDX-License-Identifier: Apache-2.0
// Limits on connecting: so many handshakes under way at once, in all and an address, and so many connections of one device in
// a while. A controller that is turned away comes back by itself, after a jittered pause.

export interface ConnectionLimits {
  /** A connection whose owner is not known yet. `undefined`: turn it away. Call the result once it is known or gone. */
  begin(address: string): (() => void) | undefined;
  /** `false`: this device connects too often. */
  allow(device: string, nowMs: number): boolean;
  pending(): number;
}

export interface LimitOptions {
  readonly pendingInAll: number;
  readonly pendingAnAddress: number;
  readonly connectionsADevice: number;
  readonly windowMs: number;
}

/** A campus's controllers may share one address, behind a router or in a test. */
export const CONNECTION_LIMITS: LimitOptions = {
  pendingInAll: 1_024,
  pendingAnAddress: 512,
  connectionsADevice: 120,
  windowMs: 60_000,
};

/** Devices remembered: known certificates only come so far, so this is never reached by strangers. */
const MAX_DEVICES = 20_000;

export function createConnectionLimits(options: LimitOptions = CONNECTION_LIMITS): ConnectionLimits {
  const addresses = new Map<string, number>();
  const devices = new Map<string, { sinceMs: number; count: number }>();
  let total = 0;

  function end(address: string): void {
    total -= 1;
    const left = (addresses.get(address) ?? 1) - 1;
    if (left > 0) addresses.set(address, left);
    else addresses.delete(address);
  }

  return {
    begin(address) {
      const here = addresses.get(address) ?? 0;
      if (total >= options.pendingInAll || here >= options.pendingAnAddress) return undefined;
      total += 1;
      addresses.set(address, here + 1);
      let open = true;
      return () => {
        if (open) end(address);
        open = false;
      };
    },
    allow(device, nowMs) {
      const known = devices.get(device);
      if (known && nowMs - known.sinceMs < options.windowMs) {
        known.count += 1;
        return known.count <= options.connectionsADevice;
      }
      devices.delete(device);
      if (devices.size >= MAX_DEVICES) devices.delete(devices.keys().next().value as string);
      devices.set(device, { sinceMs: nowMs, count: 1 });
      return true;
    },
    pending: () => total,
  };
}

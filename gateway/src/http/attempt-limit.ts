// SPDX-License-Identifier: Apache-2.0
// Counts failed attempts per address in bounded memory. It only answers failures faster: whoever holds a valid token passes
// even from a limited address, so nobody can be locked out by a neighbour behind the same NAT.

export interface AttemptLimit {
  /** Records a failure and says whether the address is over its allowance. */
  failed(address: string, nowMs: number): 'counted' | 'limited';
  readonly size: number;
}

export interface AttemptLimitOptions {
  readonly allowed: number;
  readonly windowMs: number;
  /** Addresses remembered at most; the one longest without a failure is forgotten first. */
  readonly capacity: number;
}

export const SIGN_IN_LIMIT: AttemptLimitOptions = { allowed: 10, windowMs: 60_000, capacity: 4_096 };

export function createAttemptLimit(options: AttemptLimitOptions): AttemptLimit {
  const windows = new Map<string, { startMs: number; count: number }>();
  return {
    get size() {
      return windows.size;
    },
    failed(address, nowMs) {
      const key = networkOf(address);
      const known = windows.get(key);
      const fresh = known === undefined || nowMs - known.startMs >= options.windowMs;
      const window = fresh ? { startMs: nowMs, count: 1 } : { startMs: known.startMs, count: known.count + 1 };
      windows.delete(key);
      windows.set(key, window);
      if (windows.size > options.capacity) windows.delete(windows.keys().next().value ?? key);
      return window.count > options.allowed ? 'limited' : 'counted';
    },
  };
}

/** One IPv6 customer holds 2^64 addresses: they count as one. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  const groups = [...front, ...Array<string>(gap).fill('0'), ...back];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':');
}

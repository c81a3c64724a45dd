// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Hearing, HYSTERESIS_DB, LEASE_MS, type Lease, MARGIN_MS, NO_LEASE, nextLease } from './lease.ts';

const NEVER = Number.NEGATIVE_INFINITY;
const hearing = (device: string, rssi: number | undefined, able = true, believesUntilMs = NEVER): Hearing => ({
  device,
  rssi,
  able,
  believesUntilMs,
});

describe('a lease of a lock', () => {
  it('goes to the strongest that is there', () => {
    const hearings = [hearing('a', -80), hearing('b', -50, false), hearing('c', -60)];
    expect(nextLease(NO_LEASE, hearings, 0)).toEqual({ server: 'c', untilMs: LEASE_MS });
  });

  it('stays with its server while another is only a little stronger', () => {
    const first = nextLease(NO_LEASE, [hearing('a', -70)], 0);
    const hearings = [hearing('a', -70), hearing('b', -70 + HYSTERESIS_DB - 1)];
    expect(nextLease(first, hearings, 40_000)).toEqual({ server: 'a', untilMs: 40_000 + LEASE_MS });
  });

  it('is not renewed once another is much stronger, and moves when it ran out', () => {
    const first = nextLease(NO_LEASE, [hearing('a', -70)], 0);
    const hearings = [hearing('a', -70), hearing('b', -40)];
    expect(nextLease(first, hearings, 59_000)).toBe(first);
    expect(nextLease(first, hearings, LEASE_MS + MARGIN_MS + 1).server).toBe('b');
  });

  it('is given to nobody while another may believe that it serves', () => {
    const nowMs = 2 * MARGIN_MS;
    const hearings = (untilMs: number) => [hearing('a', -70, false, untilMs), hearing('b', -50)];
    expect(nextLease(NO_LEASE, hearings(Number.POSITIVE_INFINITY), nowMs)).toBe(NO_LEASE);
    expect(nextLease(NO_LEASE, hearings(nowMs - MARGIN_MS), nowMs)).toBe(NO_LEASE);
    expect(nextLease(NO_LEASE, hearings(nowMs - MARGIN_MS - 1), nowMs).server).toBe('b');
    const own = [hearing('a', -70), hearing('b', -50, true, Number.POSITIVE_INFINITY)];
    expect(nextLease(NO_LEASE, own, nowMs).server).toBe('b');
  });

  it('is never held by two at a time', () => {
    const step = fc.record({ afterMs: fc.integer({ min: 1, max: 90_000 }), hearings: hearings() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let now = 0;
        let lease: Lease = NO_LEASE;
        const promised = new Map<string, number>();
        for (const { afterMs, hearings: heard } of steps) {
          now += afterMs;
          lease = nextLease(lease, heard, now);
          if (lease.server !== undefined) promised.set(lease.server, lease.untilMs);
          expect([...promised.values()].filter((until) => until >= now).length).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

const hearings = () =>
  fc.array(
    fc.record({
      device: fc.constantFrom('a', 'b', 'c'),
      able: fc.boolean(),
      believesUntilMs: fc.constant(NEVER),
      rssi: fc.option(fc.integer({ min: -100, max: -30 }), { nil: undefined }),
    }),
    { maxLength: 3 },
  );

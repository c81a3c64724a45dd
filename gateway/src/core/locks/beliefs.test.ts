// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Beliefs, createBeliefs } from './beliefs.ts';
import { LEASE_MS, type Lease, NO_LEASE, nextLease } from './lease.ts';

const LOCK = '00112233445566aa';
const NAMES = ['a', 'b', 'c'] as const;
type Name = (typeof NAMES)[number];

describe('what controllers may believe', () => {
  it('is the latest they were told, until they report under the number of the last', () => {
    const beliefs = createBeliefs(() => 0);
    beliefs.sends(LOCK, 'a', { order: 1, untilMs: Number.POSITIVE_INFINITY });
    beliefs.sends(LOCK, 'a', { order: 2, untilMs: 60_000 });
    expect([beliefs.reports(LOCK, 'a', 1), beliefs.untilMs(LOCK, 'a')]).toEqual([undefined, Number.POSITIVE_INFINITY]);
    expect([beliefs.reports(LOCK, 'a', 2), beliefs.untilMs(LOCK, 'a')]).toEqual([60_000, 60_000]);
    expect([beliefs.reports(LOCK, 'b', 9), beliefs.untilMs(LOCK, 'b')]).toEqual([undefined, 0]);
  });

  const away = fc.record({ arrives: fc.boolean(), answers: fc.boolean(), rssi: fc.integer({ min: -100, max: -30 }) });
  const step = fc.record({
    afterMs: fc.integer({ min: 1, max: 20_000 }),
    restarts: fc.nat({ max: 4 }).map((chance) => chance === 0),
    a: away,
    b: away,
    c: away,
  });
  it('has one at most serve a lock, whatever is lost on the way and whenever the gateway starts anew', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        // It served alone.
        const serves = new Map<Name, { order: number; untilMs: number }>([
          ['a', { order: 0, untilMs: Number.POSITIVE_INFINITY }],
        ]);
        const endless = new Set<string>(['a']);
        let [now, order] = [0, 0];
        let lease: Lease = NO_LEASE;
        let forgottenUntilMs = 0;
        const start = (): Beliefs =>
          createBeliefs((_lock, name) => (endless.has(name) ? Number.POSITIVE_INFINITY : forgottenUntilMs));
        let beliefs = start();
        for (const each of steps) {
          now += each.afterMs;
          if (each.restarts) {
            forgottenUntilMs = now + LEASE_MS;
            lease = NO_LEASE;
            beliefs = start();
          }
          const hearings = NAMES.map((name) => ({
            device: name,
            able: each[name].answers,
            rssi: each[name].rssi,
            believesUntilMs: beliefs.untilMs(LOCK, name),
          }));
          lease = nextLease(lease, hearings, now);
          for (const name of NAMES) {
            order += 1;
            const told = { order, untilMs: lease.server === name ? lease.untilMs : 0 };
            beliefs.sends(LOCK, name, told);
            if (each[name].arrives) serves.set(name, told);
          }
          const serving = NAMES.filter((name) => (serves.get(name)?.untilMs ?? 0) >= now);
          expect(serving.length).toBeLessThanOrEqual(1);
          for (const name of NAMES) {
            const known = each[name].answers ? beliefs.reports(LOCK, name, serves.get(name)?.order ?? 0) : undefined;
            if (known !== undefined) endless.delete(name);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

// SPDX-License-Identifier: Apache-2.0
// Forty locks, one link in ten bad: the short form here, a day with `npm run soak`.
import { expect, it } from 'vitest';
import { soak } from './soak.test-support.ts';

const HOURS = Number(process.env['LATCHKEY_SOAK_HOURS'] ?? 1);
const SEED = Number(process.env['LATCHKEY_SOAK_SEED'] ?? 20_261_123);

it(`${HOURS} simulated hours lose no record and open nothing twice`, { timeout: 3_600_000 }, async () => {
  const since = performance.now();
  const report = await soak({ locks: 40, hours: HOURS, badLinks: 0.1, seed: SEED });
  console.info(`seed ${SEED}, ${((performance.now() - since) / 1_000).toFixed(0)} s:`, JSON.stringify(report));
  expect(report).toMatchObject({ twice: 0, gaps: 0, doubleOpenings: 0, wronglyDone: 0, behind: 0 });
  expect(report.collected).toBe(report.records);
  expect(report.brokenLinks).toBeGreaterThan(0);
  expect(report.openings.done).toBeGreaterThan(report.openings.asked * 0.9);
});

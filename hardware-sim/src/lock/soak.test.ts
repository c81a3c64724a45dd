// SPDX-License-Identifier: Apache-2.0
// Forty locks, one link in ten broken: the short form here, a day with `npm run soak`.
import { expect, it } from 'vitest';
import { soak } from './soak.test-support.ts';

const HOURS = Number(process.env['LATCHKEY_SOAK_HOURS'] ?? 1);
const SEED = Number(process.env['LATCHKEY_SOAK_SEED'] ?? 20_261_123);
/** A little more than what is asked for: links that are over before they would have broken leave some breaks over. */
const BAD_LINKS = 0.12;
const NEVER = { twice: 0, gaps: 0, doubleOpenings: 0, wronglyDone: 0, unrecorded: 0, wronglyLetIn: 0, behind: 0 };

it(`${HOURS} simulated hours lose no record and open nothing twice`, { timeout: 7_200_000 }, async () => {
  const since = performance.now();
  const report = await soak({ locks: 40, hours: HOURS, badLinks: BAD_LINKS, seed: SEED });
  const broken = Object.values(report.broken).reduce((sum, count) => sum + count, 0);
  const share = ((broken / report.links) * 100).toFixed(1);
  console.info(`seed ${SEED}, ${((performance.now() - since) / 1_000).toFixed(0)} s, ${share} % of links broken`);
  console.info(JSON.stringify(report));
  expect(report).toMatchObject(NEVER);
  expect(report.collected).toBe(report.records);
  expect(broken).toBeGreaterThan(report.links * 0.1);
  expect(Math.min(...Object.values(report.broken))).toBeGreaterThan(0);
  expect(report.outcomes['done']).toBeGreaterThan(report.asked * 0.8);
});

// SPDX-License-Identifier: Apache-2.0
// The real hardware packages on a real kernel, in the lab's virtual machine. Software emulation on two cores: minutes, not seconds.
import { describe, expect, it } from 'vitest';
import { requirement } from '../src/requirements.ts';
import { LAB_SCENARIOS, runLab } from './lab.ts';
import { missingForLab } from './machine.ts';

const lab = requirement('lab', missingForLab);

describe.skipIf(!lab.available)('in the lab', () => {
  it('every step of every scenario holds', { timeout: 600_000 }, async () => {
    const run = await runLab({ scenarios: LAB_SCENARIOS });
    const failed = run.results.filter(({ ok }) => !ok);
    expect(failed, run.console.slice(-60).join('\n')).toEqual([]);
    expect(run.finished, run.console.slice(-60).join('\n')).toBe(true);
    for (const scenario of LAB_SCENARIOS) {
      const steps = run.results.filter(({ step }) => step.startsWith(`${scenario}: `));
      expect(steps.length, scenario).toBeGreaterThan(10);
    }
  });
});

// SPDX-License-Identifier: Apache-2.0
// What runs inside the lab: the scenarios named on the command line, each step told on the serial line as it happens.
import { RESULT_MARK } from './boot.ts';
import { runDoor } from './door-scenario.ts';
import type { LabScenario } from './lab.ts';
import type { Report } from './report.ts';

const SCENARIOS: Partial<Record<LabScenario, (report: Report) => Promise<void>>> = { door: runDoor };

const say = (text: string) => process.stdout.write(`\n${RESULT_MARK}${text}\n`);

async function main(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const scenario = SCENARIOS[name as LabScenario];
    const report: Report = (step, ok, more = {}) => say(JSON.stringify({ step: `${name}: ${step}`, ok, ...more }));
    try {
      if (scenario) await scenario(report);
      else report('known to this lab', false);
    } catch (error) {
      report('ran to its end', false, { detail: error instanceof Error ? error.stack?.slice(0, 800) : String(error) });
    }
  }
  say('end');
}

await main(process.argv.slice(2));
process.exit(0);

// SPDX-License-Identifier: Apache-2.0
// What runs inside the lab: the scenarios named on the command line, each step told on the serial line as it happens.
import { RESULT_MARK } from './boot.ts';
import { runDoor } from './door-scenario.ts';
import type { LabScenario } from './lab.ts';
import { runLock } from './lock-scenario.ts';
import type { Report } from './report.ts';

/** `facts`: file with what was prepared outside for it. */
const SCENARIOS: Record<LabScenario, (report: Report, facts?: string) => Promise<void>> = {
  door: runDoor,
  lock: runLock,
};

const say = (text: string) => process.stdout.write(`\n${RESULT_MARK}${text}\n`);

async function run(asked: string): Promise<void> {
  const [name = '', facts] = asked.split('=');
  const scenario = SCENARIOS[name as LabScenario] as (typeof SCENARIOS)[LabScenario] | undefined;
  const report: Report = (step, ok, more = {}) => say(JSON.stringify({ step: `${name}: ${step}`, ok, ...more }));
  try {
    if (scenario) await scenario(report, facts);
    else report('known to this lab', false);
  } catch (error) {
    report('ran to its end', false, { detail: error instanceof Error ? error.stack?.slice(0, 800) : String(error) });
  }
}

/** Side by side: each waits most of its time for a timer or a person. */
async function main(names: readonly string[]): Promise<void> {
  await Promise.all(names.map(run));
  say('end');
}

await main(process.argv.slice(2));
process.exit(0);

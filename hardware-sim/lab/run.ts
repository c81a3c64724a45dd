// SPDX-License-Identifier: Apache-2.0
// `npm run lab`: the real hardware packages on a real kernel, in a virtual machine that this builds.
import { LAB_SCENARIOS, type LabScenario, runLab } from './lab.ts';
import { missingForLab } from './machine.ts';

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.find((name) => !LAB_SCENARIOS.includes(name as LabScenario));
  if (unknown !== undefined) {
    process.stderr.write(`no scenario "${unknown}"; there are: ${LAB_SCENARIOS.join(', ')}\n`);
    return 2;
  }
  const missing = missingForLab();
  if (missing !== undefined) {
    process.stderr.write(`the lab is not possible here: ${missing}\n`);
    return 1;
  }
  const scenarios = names.length === 0 ? LAB_SCENARIOS : (names as LabScenario[]);
  const run = await runLab({
    scenarios,
    onResult: ({ step, ok, ms, detail }) => {
      const line = `${ok ? 'ok  ' : 'FAIL'} ${step}${ms === undefined ? '' : ` (${ms} ms)`}${detail ? `\n${detail}` : ''}`;
      process.stdout.write(`${line}\n`);
    },
  });
  process.stdout.write(`${(run.tookMs / 1_000).toFixed(0)} s, boot included\n`);
  if (run.finished && run.results.every(({ ok }) => ok)) return 0;
  process.stderr.write(`${run.console.slice(-40).join('\n')}\n`);
  return 1;
}

process.exitCode = await main(process.argv.slice(2));

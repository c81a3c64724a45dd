// SPDX-License-Identifier: Apache-2.0
// Holds the import rules, and holds the checker itself: a planted violation must be found and enough modules must have
// been read, because dependency-cruiser passes silently when it reads nothing.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import configuration from '../.dependency-cruiser.mjs';

const FOLDERS = ['protocols', 'controller', 'gateway', 'hardware-sim'];
const MINIMUM_MODULES = 450;
const PLANT = 'controller/src/core/planted-violation';

async function run(folders: string[]): Promise<ICruiseResult> {
  const options = { ...configuration.options, ruleSet: { forbidden: configuration.forbidden }, validate: true };
  const { output } = await cruise(folders, options, undefined, {
    tsConfig: extractTsConfig('tsconfig.json'),
  });
  return output as ICruiseResult;
}

async function plantedIsFound(): Promise<boolean> {
  mkdirSync(PLANT, { recursive: true });
  try {
    writeFileSync(
      `${PLANT}/index.ts`,
      "import { readFileSync } from 'node:fs';\nexport const planted = readFileSync;\n",
    );
    const result = await run([PLANT]);
    return result.summary.violations.some((violation) => violation.rule.name === 'core-no-io');
  } finally {
    rmSync(PLANT, { recursive: true, force: true });
  }
}

const result = await run(FOLDERS);
for (const { rule, from, to } of result.summary.violations) console.error(`${rule.name}: ${from} → ${to}`);
const read = result.summary.totalCruised;
const found = await plantedIsFound();
if (!found) console.error('the planted violation was not found: the architecture check reads nothing');
if (read < MINIMUM_MODULES) console.error(`only ${read} modules read, at least ${MINIMUM_MODULES} expected`);
if (result.summary.violations.length > 0 || !found || read < MINIMUM_MODULES) process.exit(1);
console.log(`architecture: ${read} modules, no violation, planted violation found`);

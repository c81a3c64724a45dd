// SPDX-License-Identifier: Apache-2.0
// Holds the import rules, and holds the checker itself: a planted violation must be found and enough modules must have
// been read, because dependency-cruiser passes silently when it reads nothing.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import configuration from '../.dependency-cruiser.mjs';

const FOLDERS = ['protocols', 'controller', 'gateway', 'hardware-sim'];
const MINIMUM_MODULES = 800;
/** Rule → a folder it governs and a line that breaks it. */
const PLANTS = {
  'core-no-io': {
    folder: 'controller/src/core/planted-violation',
    file: 'index.ts',
    line: "import { readFileSync } from 'node:fs';\nexport const planted = readFileSync;\n",
  },
  'web-takes-only-types-of-other-protocols': {
    folder: 'gateway/web/ui/planted-violation',
    file: 'index.tsx',
    line: "import { API_ERRORS } from '@latchkey/protocols/api/errors';\nexport const planted = API_ERRORS;\n",
  },
} as const;

async function run(folders: string[]): Promise<ICruiseResult> {
  const options = { ...configuration.options, ruleSet: { forbidden: configuration.forbidden }, validate: true };
  const { output } = await cruise(folders, options, undefined, {
    tsConfig: extractTsConfig('tsconfig.json'),
  });
  return output as ICruiseResult;
}

async function plantedIsFound(rule: keyof typeof PLANTS): Promise<boolean> {
  const { folder, file, line } = PLANTS[rule];
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(`${folder}/${file}`, line);
    const result = await run([folder]);
    return result.summary.violations.some((violation) => violation.rule.name === rule);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const result = await run(FOLDERS);
for (const { rule, from, to } of result.summary.violations) console.error(`${rule.name}: ${from} → ${to}`);
const read = result.summary.totalCruised;
const missed: string[] = [];
for (const rule of Object.keys(PLANTS) as (keyof typeof PLANTS)[]) if (!(await plantedIsFound(rule))) missed.push(rule);
for (const rule of missed)
  console.error(`the violation of ${rule} planted for it was not found: the check reads nothing`);
if (read < MINIMUM_MODULES) console.error(`only ${read} modules read, at least ${MINIMUM_MODULES} expected`);
if (result.summary.violations.length > 0 || missed.length > 0 || read < MINIMUM_MODULES) process.exit(1);
console.log(`architecture: ${read} modules, no violation, ${Object.keys(PLANTS).length} planted violations found`);

// SPDX-License-Identifier: Apache-2.0
// The lab as one call: builds what is missing, boots, gives what the guest found out.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { boot, initScript, type LabResult, type LabRun } from './boot.ts';
import { startLockCampus } from './lock-campus.ts';
import { buildMachine } from './machine.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** A quiet machine needs a quarter of it. */
const DEADLINE_MS = 500_000;

export const LAB_SCENARIOS = ['door', 'lock'] as const;
export type LabScenario = (typeof LAB_SCENARIOS)[number];

export interface LabOptions {
  readonly scenarios: readonly LabScenario[];
  readonly onResult?: (result: LabResult) => void;
}

/** Needs the built program: `npm run build`. */
export async function runLab({ scenarios, onResult }: LabOptions): Promise<LabRun> {
  const folder = join(ROOT, '.latchkey', 'lab');
  await mkdir(folder, { recursive: true });
  const campus = scenarios.includes('lock') ? await startLockCampus(folder) : undefined;
  const asked = scenarios.map((name) => (name === 'lock' && campus ? `${name}=${campus.factsFile}` : name));
  try {
    const machine = await buildMachine(
      folder,
      initScript(`cd ${ROOT} && node dist/sim/lab-guest.mjs ${asked.join(' ')}`),
    );
    return await boot({ machine, deadlineMs: DEADLINE_MS, ...(onResult === undefined ? {} : { onResult }) });
  } finally {
    await campus?.close();
  }
}

// SPDX-License-Identifier: Apache-2.0
// The contract that a lock keeps in memory and beneath a simulated controller, kept on a kernel's Bluetooth as well.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { bundle } from '../src/campus/bundle.ts';
import { LOCK_CONTRACT } from '../src/lock/lock.contract.ts';
import type { Radios } from './radios.ts';
import type { Report } from './report.ts';

const CASE_MS = 180_000;

/** Nobody else uses the radios meanwhile. */
export async function keepContract(report: Report, radios: Radios): Promise<void> {
  for (const [index, { name }] of LOCK_CONTRACT.entries()) {
    for (const device of [0, 1]) {
      await radios.set(device, 'down');
      await radios.set(device, 'up');
    }
    const started = performance.now();
    const run = promisify(execFile)(process.execPath, [bundle('sim/lab-contract.mjs'), String(index)], {
      env: { ...process.env, BLENO_HCI_DEVICE_ID: '1' },
      timeout: CASE_MS,
      killSignal: 'SIGKILL',
    });
    const fault = await run.then(
      () => undefined,
      (error: Error & { stderr?: string }) => `${error.message} ${error.stderr ?? ''}`.slice(0, 800),
    );
    const ms = Math.round(performance.now() - started);
    report(`by contract, a lock ${name}`, fault === undefined, { ms, detail: fault });
  }
}

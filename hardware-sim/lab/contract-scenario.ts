// SPDX-License-Identifier: Apache-2.0
// The contract that a lock keeps in memory and beneath a simulated controller, kept on a kernel's Bluetooth as well.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { bundle } from '../src/campus/bundle.ts';
import { LOCK_CONTRACT } from '../src/lock/lock.contract.ts';
import type { Radios } from './radios.ts';
import type { Report } from './report.ts';

const CASE_MS = 180_000;

/** Beneath a connect the kernel's L2CAP may hold bleno's only thread for 40 s, after which it may not advertise again: noble's is replaced
 * by a corridor, and bleno is no part of the product. */
const MOST_TRIES = 2;

/** Nobody else uses the radios meanwhile. */
export async function keepContract(report: Report, radios: Radios): Promise<void> {
  for (const [index, { name }] of LOCK_CONTRACT.entries()) {
    const started = performance.now();
    const faults: string[] = [];
    let isKept = false;
    while (!isKept && faults.length < MOST_TRIES) {
      const fault = await faultOf(index, radios);
      if (fault === undefined) isKept = true;
      else faults.push(fault);
    }
    const ms = Math.round(performance.now() - started);
    const said =
      faults.length === 0 ? undefined : `${isKept ? 'at the second try; the first: ' : ''}${faults.join(' | ')}`;
    report(`by contract, a lock ${name}`, isKept, { ms, detail: said });
  }
}

async function faultOf(index: number, radios: Radios): Promise<string | undefined> {
  for (const device of [0, 1]) {
    await radios.set(device, 'down');
    await radios.set(device, 'up');
  }
  const run = promisify(execFile)(process.execPath, [bundle('sim/lab-contract.mjs'), String(index)], {
    env: { ...process.env, BLENO_HCI_DEVICE_ID: '1' },
    timeout: CASE_MS,
    killSignal: 'SIGKILL',
  });
  return run.then(
    () => undefined,
    (error: Error & { stderr?: string }) => `${error.message} ${error.stderr ?? ''}`.slice(0, 800),
  );
}

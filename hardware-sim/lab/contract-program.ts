// SPDX-License-Identifier: Apache-2.0
// One case of the contract of locks on the kernel's Bluetooth: the lock under the real bleno here (which radio is BLENO_HCI_DEVICE_ID),
// met by the real noble in its process on hci0. One case a process: bleno serves one lock in its life.
import { RadioProcess, radioChannels } from '@latchkey/controller/adapters/radio-process';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import { workerFile } from '@latchkey/controller/app/worker-file';
import { startBlenoLock } from '../src/lock/bleno-lock.ts';
import { LOCK_CONTRACT } from '../src/lock/lock.contract.ts';
import type { SimulatedLock } from '../src/lock/simulated-lock.ts';

/** Over 40 s, which a kernel may hold a process in a connect: noble's is replaced then, bleno's is this one. */
const WAIT_MS = 90_000;
/** Of one attempt. */
const CONNECT_MS = 6_000;
/** btvirt's air carries one report an advertisement, when it begins. */
const REPEAT_MS = 500;

async function radioFor(lock: SimulatedLock): Promise<RadioProcess> {
  await startBlenoLock({ lock, after: systemClock.after, repeatMs: REPEAT_MS });
  const spawn = radioChannels(workerFile('noble-worker'));
  return new RadioProcess({ device: 0, clock: systemClock, log: () => undefined, spawn });
}

try {
  const contract = LOCK_CONTRACT[Number(process.argv[2])];
  if (!contract) throw new Error('the contract has no such case');
  await contract.run({ radioFor, waitMs: WAIT_MS, connectMs: CONNECT_MS });
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

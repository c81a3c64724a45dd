// SPDX-License-Identifier: Apache-2.0
// Two Bluetooth controllers of the kernel, in the same air: btvirt's, behind the kernel's own virtual HCI driver. Programs reach
// them through raw HCI sockets, as they reach a radio on USB.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { runIn, until } from './report.ts';

const CLASS = '/sys/class/bluetooth';
const APPEAR_MS = 20_000;

export interface Radios {
  set(device: number, state: 'up' | 'down'): Promise<void>;
  close(): void;
}

/** Both are up. */
export async function startRadios(): Promise<Radios> {
  const air: ChildProcess = spawn('btvirt', ['-L', '-l2'], { stdio: 'ignore' });
  const both = async () => {
    const names = await readdir(CLASS).catch((): string[] => []);
    return ['hci0', 'hci1'].every((name) => names.includes(name));
  };
  if ((await until(both, APPEAR_MS)) === undefined) throw new Error('btvirt made no radios');
  const radios: Radios = {
    set: (device, state) => runIn('hciconfig', [`hci${device}`, state]),
    close: () => void air.kill('SIGTERM'),
  };
  await radios.set(0, 'up');
  await radios.set(1, 'up');
  return radios;
}

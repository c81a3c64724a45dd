// SPDX-License-Identifier: Apache-2.0
// A bank of simulated GPIO lines in the kernel (gpio-sim): the wires of a door. What a relay is driven to is read here, what a
// contact does is pulled here; the controller sees an ordinary chip.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const CONFIG = '/sys/kernel/config/gpio-sim';
const DEVICES = '/sys/devices/platform';

export interface GpioBank {
  /** For the wiring file. */
  readonly label: string;
  level(line: number): Promise<boolean>;
  pull(line: number, up: boolean): Promise<void>;
}

export async function makeGpioBank(label: string, lines: number): Promise<GpioBank> {
  const bank = join(CONFIG, 'lab', 'bank0');
  await mkdir(bank, { recursive: true });
  await writeFile(join(bank, 'label'), label);
  await writeFile(join(bank, 'num_lines'), String(lines));
  await writeFile(join(CONFIG, 'lab', 'live'), '1');
  const device = (await readFile(join(CONFIG, 'lab', 'dev_name'), 'utf8')).trim();
  const chip = (await readdir(join(DEVICES, device))).find((name) => /^gpiochip\d+$/.test(name));
  if (chip === undefined) throw new Error('gpio-sim made no chip');
  const file = (line: number, name: string) => join(DEVICES, device, chip, `sim_gpio${line}`, name);
  return {
    label,
    level: async (line) => (await readFile(file(line, 'value'), 'utf8')).trim() === '1',
    pull: (line, up) => writeFile(file(line, 'pull'), up ? 'pull-up' : 'pull-down'),
  };
}

// SPDX-License-Identifier: Apache-2.0
// The base number of a GPIO chip found by its label: bases change from kernel to kernel (a Pi's went from 0 to 512), labels stay.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const SYSFS_GPIO = '/sys/class/gpio';

export async function findChipBase(label: string, sysfs: string): Promise<number> {
  const chips = (await readdir(sysfs)).filter((entry) => /^gpiochip\d+$/.test(entry));
  const found = await Promise.all(
    chips.map(async (chip) => {
      const read = async (file: string) => (await readFile(join(sysfs, chip, file), 'utf8')).trim();
      return { label: await read('label'), base: Number(await read('base')) };
    }),
  );
  const matching = found.filter((chip) => chip.label === label);
  if (matching.length === 1) return (matching[0] as { base: number }).base;
  const labels = found.map((chip) => `"${chip.label}"`).join(', ') || 'none';
  const problem = matching.length === 0 ? 'no chip has this label' : 'several chips have this label';
  throw new Error(`panel.chip "${label}": ${problem}; present: ${labels}`);
}

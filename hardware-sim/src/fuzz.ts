// SPDX-License-Identifier: Apache-2.0
// npm run fuzz -- --iterations N --seed S [--target name]: every decoder on any number of mutated and random inputs.
import { Command, InvalidArgumentError } from 'commander';
import { fuzz } from './fuzz/fuzz.ts';
import { TARGETS } from './fuzz/targets.ts';

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new InvalidArgumentError('use a whole number');
  return number;
}

const { iterations, seed, target } = new Command('fuzz')
  .description('feeds every decoder mutated and random bytes; the same seed gives the same inputs')
  .option('--iterations <n>', 'inputs for each target', wholeNumber, 1_000_000)
  .option('--seed <s>', 'start of the random numbers', wholeNumber, Date.now() % 0xffff_ffff)
  .option('--target <name>', `one target only: ${TARGETS.map(({ name }) => name).join(', ')}`)
  .parse()
  .opts<{ iterations: number; seed: number; target?: string }>();

const chosen = TARGETS.filter(({ name }) => target === undefined || name === target);
if (chosen.length === 0) {
  console.error(`there is no target "${target}"; see --help`);
  process.exit(2);
}
for (const one of chosen) {
  const start = performance.now();
  try {
    await fuzz(one, iterations, seed);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
  console.log(`${one.name}: ${iterations} inputs, seed ${seed}, ${Math.round(performance.now() - start)} ms`);
}

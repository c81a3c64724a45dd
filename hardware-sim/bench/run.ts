// SPDX-License-Identifier: Apache-2.0
// Runs one bench by name: a table for people, then one line of JSON for machines.

interface Bench {
  run(): Promise<Record<string, number>>;
}

const [name] = process.argv.slice(2);
if (name === undefined || !/^[a-z][a-z-]*$/.test(name) || name === 'run') {
  console.error('usage: npm run bench -- NAME   (a file of hardware-sim/bench)');
  process.exit(2);
}
const bench = (await import(`./${name}.ts`)) as Bench;
const figures = await bench.run();
console.log(JSON.stringify({ bench: name, figures }));
// A bench that leaves a handle open must not hang the caller.
process.exit(0);

// SPDX-License-Identifier: Apache-2.0
// Sources are read as they are (custom condition); a skipped suite says why on the terminal.
import { configDefaults, defineConfig } from 'vitest/config';

const REPORT = process.env['LATCHKEY_TEST_REPORT'];
const CONDITIONS = ['latchkey-source', 'node', 'import', 'module', 'default'];
const LAB = 'hardware-sim/lab/**/*.test.ts';

export default defineConfig({
  resolve: { conditions: CONDITIONS },
  ssr: { resolve: { conditions: CONDITIONS } },
  test: {
    execArgv: ['--conditions=latchkey-source'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: REPORT ? ['default', ['json', { outputFile: REPORT }]] : ['default'],
    coverage: { include: ['protocols/**', 'controller/src/**', 'gateway/src/**'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['{protocols,controller,gateway,hardware-sim}/**/*.test.ts', '*.test.ts'],
          exclude: [...configDefaults.exclude, LAB],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        // By itself, afterwards: an emulated machine beside other tests has radios that come too late.
        test: { name: 'lab', include: [LAB], sequence: { groupOrder: 1 } },
      },
    ],
  },
});

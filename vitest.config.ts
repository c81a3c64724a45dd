// SPDX-License-Identifier: Apache-2.0
// Sources are read as they are (custom condition); a skipped suite says why on the terminal.
import { defineConfig } from 'vitest/config';

const REPORT = process.env['LATCHKEY_TEST_REPORT'];

export default defineConfig({
  resolve: { conditions: ['latchkey-source', 'node', 'import', 'module', 'default'] },
  ssr: { resolve: { conditions: ['latchkey-source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['{protocols,controller,gateway,hardware-sim}/**/*.test.ts', '*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
    execArgv: ['--conditions=latchkey-source'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: REPORT ? ['default', ['json', { outputFile: REPORT }]] : ['default'],
    coverage: { include: ['protocols/**', 'controller/src/**', 'gateway/src/**'] },
  },
});
